"""``unanswerable``: saying that the documents do not say."""

from __future__ import annotations

import pytest

from foretune.evidence import score
from foretune.types import Outcome, Question

SUBSIDY = Question("q", "What is the maximum monthly transit subsidy in dollars?", "NOT_IN_CORPUS", "unanswerable")


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("Not in the documents.", Outcome.CORRECT),
        ("NOT_IN_CORPUS", Outcome.CORRECT),
        ("The documents do not give an amount. You enrol through the transit page.", Outcome.CORRECT),
        ("I don't know.", Outcome.CORRECT),
        ("$315", Outcome.INCORRECT),
        ("You enrol through the transit page.", Outcome.INCORRECT),
        ("The documents do not say. However, the maximum is $315 a month.", Outcome.INCORRECT),
        ("The documents do not say; usually it is $315.", Outcome.INCORRECT),
        ("", Outcome.NOT_ATTEMPTED),
    ],
)
def test_only_declining_is_right(response: str, expected: Outcome) -> None:
    assert score(SUBSIDY, response).outcome is expected
