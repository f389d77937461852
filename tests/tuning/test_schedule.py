"""How many epochs, which batches, which learning rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.tuning.schedule import batches, epochs_for, learning_rate_factor


@pytest.mark.parametrize(
    ("examples", "epochs"), [(1, 25), (4, 25), (5, 20), (10, 10), (33, 3), (34, 3), (100, 3), (5000, 3)]
)
def test_a_handful_is_read_more_often(examples: int, epochs: int) -> None:
    assert epochs_for(examples) == epochs


def test_a_chosen_number_of_epochs_is_kept() -> None:
    assert epochs_for(10, chosen=2) == 2


@given(
    lengths=st.lists(st.integers(1, 500), max_size=300),
    size=st.integers(1, 9),
    seed=st.integers(0, 99),
    window=st.integers(1, 40),
)
def test_every_example_is_read_once_an_epoch(lengths: list[int], size: int, seed: int, window: int) -> None:
    order = batches(lengths, size, seed=seed, epoch=0, window=window)
    assert sorted(index for batch in order for index in batch) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in order)
    assert len(order) == -(-len(lengths) // size)


def test_order_depends_on_seed_and_epoch_and_on_nothing_else() -> None:
    lengths = list(range(20, 60))
    assert batches(lengths, 2, seed=0, epoch=0) == batches(lengths, 2, seed=0, epoch=0)
    assert batches(lengths, 2, seed=0, epoch=0) != batches(lengths, 2, seed=0, epoch=1)
    assert batches(lengths, 2, seed=0, epoch=0) != batches(lengths, 2, seed=1, epoch=0)


def test_batches_hold_examples_of_like_length() -> None:
    lengths = [10 + (37 * i) % 200 for i in range(200)]
    order = batches(lengths, 4, seed=3, epoch=0)
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in order)
    assert padded < 1.05 * sum(lengths)


def test_batches_hold_examples_of_one_kind_where_there_are_enough() -> None:
    kinds = [(n % 2,) for n in range(64)]
    order = batches([10 + n for n in range(64)], 8, seed=0, epoch=0, kinds=kinds)
    assert all(len({kinds[index] for index in batch}) == 1 for batch in order)


def test_the_learning_rate_rises_then_falls_and_never_stands_still() -> None:
    factors = [learning_rate_factor(step / 50, step=1 / 50, warmup_fraction=0.1) for step in range(50)]
    assert factors[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert factors[5:] == sorted(factors[5:], reverse=True)
    assert factors[-1] == pytest.approx(1 / 45)


def test_a_single_step_is_taken_at_full_rate() -> None:
    assert learning_rate_factor(0, step=1, warmup_fraction=0.1) == 1.0
    assert learning_rate_factor(0, step=1, warmup_fraction=0.0) == 1.0
