"""``yesno``: the opening word, an alias, or the question said again."""

from __future__ import annotations

import pytest

from foretune.evidence import score
from foretune.types import Outcome, Question

CORRECT, INCORRECT = Outcome.CORRECT, Outcome.INCORRECT
EXPIRE = Question("q", "Do credit hours expire?", "No", "yesno", aliases=("they never expire", "no, they never expire"))
PARKING = Question("q", "Is parking free for employees?", "Yes", "yesno")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("No", CORRECT),
        ("No, they never expire.", CORRECT),
        ("They never expire.", CORRECT),
        ("The hours will rollover from one pay period to the next, and they never expire.", CORRECT),
        ("Credit hours do not expire.", CORRECT),
        ("Yes", INCORRECT),
        ("Yes, they never expire.", INCORRECT),
        ("Credit hours expire after one year.", INCORRECT),
        ("24", INCORRECT),
        ("No information about that is given.", Outcome.NOT_ATTEMPTED),
        ("I don't know.", Outcome.NOT_ATTEMPTED),
    ],
)
def test_a_no_is_read_from_the_first_word_or_the_sentence(response: str, expected: Outcome) -> None:
    assert score(EXPIRE, response).outcome is expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Yes.", CORRECT),
        ("Parking is free for employees.", CORRECT),
        ("Parking is not free for employees.", INCORRECT),
        ("No.", INCORRECT),
    ],
)
def test_a_yes_is_read_likewise(response: str, expected: Outcome) -> None:
    assert score(PARKING, response).outcome is expected


def test_an_answer_that_says_neither_cannot_be_compared_with() -> None:
    verdict = score(Question("q", "Is it free?", "It depends", "yesno"), "Yes")
    assert verdict.outcome is Outcome.NOT_SCORED
    assert "neither yes nor no" in verdict.why
