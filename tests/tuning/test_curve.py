"""What the learning curve says follows from the losses, and no more than they bear out."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from tests.tuning.tiny import examples

from foretune.charts import curve_chart
from foretune.tuning.curve import DocumentLoss, LearningCurve, learning_curve, sizes, subset


def measured(
    loss: Callable[[int], float], *, documents: int = 40, noise: float = 0.1, seed: int = 0
) -> dict[int, list[DocumentLoss]]:
    """Losses by size; a document that is hard is so at every size, and each has a little of its own besides."""
    dice = random.Random(seed)
    hard = [dice.gauss(0, 0.3) for _ in range(documents)]
    return {
        size: [
            DocumentLoss(f"d{n}", 100 * (loss(size) + hard[n] + dice.gauss(0, noise)), 100) for n in range(documents)
        ]
        for size in (10, 50, 200, 800)
    }


def falling(size: int) -> float:
    return 1.5 + 3.0 * math.pow(size, -0.3)


def flat(size: int) -> float:
    return 2.0 + 3.0 * math.pow(size, -1.2)


def test_sizes_are_ten_fifty_two_hundred_and_all() -> None:
    assert sizes(1000) == [10, 50, 200, 1000]
    assert sizes(210) == [10, 50, 210]
    assert sizes(12) == [12]


def test_each_smaller_choice_lies_within_the_larger_ones() -> None:
    given = examples(60)
    small, large = (subset(given, size, seed=3) for size in (10, 50))
    assert (len(small), len(large)) == (10, 50)
    assert {each.id for each in small} < {each.id for each in large}
    assert subset(given, 10, seed=4) != small


@pytest.mark.parametrize("seed", range(5))
def test_a_loss_that_keeps_falling_says_that_more_will_help(seed: int) -> None:
    curve = learning_curve(measured(falling, seed=seed))
    assert curve.verdict == "will help"
    truth = falling(800) - falling(1600)
    assert curve.gain is not None
    assert curve.gain[0] - 0.05 < truth < curve.gain[1] + 0.05
    assert curve.sentence.startswith("More data will help: from 10 to 800 examples")


@pytest.mark.parametrize("seed", range(5))
def test_a_loss_that_has_come_to_rest_says_that_it_will_not(seed: int) -> None:
    assert learning_curve(measured(flat, noise=0.02, seed=seed)).verdict == "won't help"


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_never_taken_for_help(seed: int) -> None:
    curve = learning_curve(measured(lambda size: 2.0, documents=12, noise=0.8, seed=seed))
    assert curve.verdict != "will help"


def test_two_sizes_or_few_documents_cannot_tell_and_say_why() -> None:
    few = {size: losses[:4] for size, losses in measured(falling).items()}
    assert learning_curve(few).verdict == "cannot tell"
    assert "only 4 documents" in learning_curve(few).sentence
    two = {size: losses for size, losses in measured(falling).items() if size in (10, 800)}
    assert "fewer than three sizes (from 63 examples on there are three)" in learning_curve(two).sentence
    assert len(sizes(62)) == 2 < len(sizes(63))


def test_points_are_means_a_token_with_intervals_around_them() -> None:
    curve: LearningCurve = learning_curve({10: [DocumentLoss("a", 30.0, 10), DocumentLoss("b", 10.0, 30)]})
    (point,) = curve.points
    assert point.loss == pytest.approx(1.0)
    assert point.low < 1.0 < point.high


def test_the_picture_shows_every_point() -> None:
    curve = learning_curve(measured(falling))
    svg = curve_chart([(p.examples, p.loss, p.low, p.high) for p in curve.points], title=curve.sentence)
    assert svg.startswith("<svg")
    for size in (10, 50, 200, 800):
        assert f">{size}</text>" in svg
