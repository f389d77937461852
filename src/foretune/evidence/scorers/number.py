"""``number``: amounts, limits, durations, percentages, and dates given as an answer to *by when*."""

from __future__ import annotations

from foretune.evidence.refusals import refusal
from foretune.evidence.scorers._values import (
    expected_dates,
    expected_quantities,
    judge_dates,
    judge_quantities,
)
from foretune.evidence.scorers.name import score_name
from foretune.evidence.scorers.registry import scorer
from foretune.types import Outcome, Question

__all__ = ["score_number"]


@scorer("number")
def score_number(question: Question, response: str) -> tuple[Outcome, str]:
    """The value must be the one asserted, in a unit that agrees.

    - ``240 hours`` is met by *240*, *240 hours*, *two hundred and forty hours*, and by a
      sentence that says so; not by *24* or *2400*: numbers are compared whole.
    - Units are compared where both sides give one: *4 days* is not *4 hours*. Only fixed
      conversions are made (*60 minutes* = *1 hour*); *80 hours* = *two weeks* has to be an alias.
    - A bare number counts in a short answer (up to 8 words) or beside a word of the question.
    - Another value of the same unit makes it wrong (*4 or 6 hours*), unless the right one is
      said first or stands in the words of the question; *not 26* and numbers that the
      question mentions itself are no rivals.
    - A limit must not be turned round: *at most 5* is not *at least 5*; a plain *5* will do for both.
    - ``per year`` is not ``per month`` where both say it.
    - Dates: day and month have to agree, more detail is welcome, less is wrong; a year alone
      does only for a question that asks *when* and not for the date or day.
    """
    days = expected_dates(question)
    numbers = [] if days else expected_quantities(question)
    if not days and not numbers:
        return score_name(question, response)
    verdict = judge_dates(question, days, response) if days else judge_quantities(question, numbers, response)
    if verdict is not None and verdict[0] is Outcome.CORRECT:
        return verdict
    if refusal(response) is not None:
        return Outcome.NOT_ATTEMPTED, "Declines to answer."
    return verdict or (Outcome.INCORRECT, f"Gives no value where the answer is {question.answer}.")
