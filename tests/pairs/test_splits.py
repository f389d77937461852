"""A source is on one side only, and stays there when others come and go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foretune.pairs.splits import assign

GROUPS = st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=60, unique=True)


@given(GROUPS, st.floats(0.05, 0.5), st.integers(0, 5))
def test_both_sides_have_groups(groups: list[str], fraction: float, seed: int) -> None:
    sides = assign(groups, fraction=fraction, seed=seed)
    assert set(sides) == set(groups)
    assert set(sides.values()) == {"train", "evaluation"}


@given(GROUPS, st.integers(0, 5))
def test_without_a_fraction_all_is_for_training(groups: list[str], seed: int) -> None:
    assert set(assign(groups, fraction=0.0, seed=seed).values()) == {"train"}


def test_a_group_keeps_its_side_when_others_are_added() -> None:
    few = [f"document {number}" for number in range(200)]
    many = few + [f"later {number}" for number in range(200)]
    before, after = assign(few, fraction=0.1, seed=0), assign(many, fraction=0.1, seed=0)
    assert all(before[group] == after[group] for group in few)
    assert 5 <= sum(side == "evaluation" for side in before.values()) <= 40
