"""``free``: what is said, with its numbers and the right way round."""

from __future__ import annotations

import pytest

from foretune.evidence import score
from foretune.types import Outcome, Question

CORRECT, INCORRECT = Outcome.CORRECT, Outcome.INCORRECT
HOURS = Question(
    "q",
    "Why does the federal government divide annual salary by 2087 hours rather than 2080?",
    "Because about every 11 years there are 27 pay periods rather than 26",
    "free",
    aliases=("about every 11 years there are 27 pay periods", "27 pay periods instead of 26"),
)
STOLEN = Question(
    "q",
    "What should you do with lost or stolen equipment that is returned to you?",
    "Do not use it (it may have been tampered with); return it to GSA IT so they can inspect it",
    "free",
    aliases=("return the equipment to GSA IT", "should not be used; return it to GSA IT for inspection"),
    evidence="If your equipment is returned to you, it may have been tampered with and should not be used. "
    "Return the equipment to GSA IT so they can inspect it",
)


@pytest.mark.parametrize(
    ("question", "response", "expected"),
    [
        (HOURS, "Because every 11 years or so a year has 27 pay periods.", CORRECT),
        (HOURS, "About every 11 years there are 27 pay periods rather than 26 pay periods.", CORRECT),
        (HOURS, "Because there are 26 pay periods in a year.", INCORRECT),
        (HOURS, "The hours roll over from one pay period to the next, and they never expire.", INCORRECT),
        (STOLEN, "Don't use it. Return it to GSA IT so that they can inspect it.", CORRECT),
        (STOLEN, "Return the equipment to GSA IT.", CORRECT),
        (STOLEN, "You can use it, and return it to GSA IT later.", INCORRECT),
        (STOLEN, "Keep it.", INCORRECT),
        (STOLEN, "I do not know.", Outcome.NOT_ATTEMPTED),
    ],
)
def test_a_reason_or_instruction_is_judged_by_what_it_says(
    question: Question, response: str, expected: Outcome
) -> None:
    assert score(question, response).outcome is expected


def test_quoting_the_evidence_is_right() -> None:
    assert score(STOLEN, f"The handbook says: {STOLEN.evidence}").outcome is CORRECT
