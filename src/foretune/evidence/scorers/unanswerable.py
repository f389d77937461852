"""``unanswerable``: the documents do not say, so saying so is the right answer."""

from __future__ import annotations

from collections.abc import Iterator

from foretune.evidence.dates import dates
from foretune.evidence.quantity import Quantity, equal, quantities
from foretune.evidence.questions import AnswerType, asked
from foretune.evidence.refusals import refusal
from foretune.evidence.scorers.registry import scorer
from foretune.evidence.text import clauses, sentences
from foretune.evidence.units import units_agree
from foretune.types import Outcome, Question

__all__ = ["score_unanswerable"]


@scorer("unanswerable")
def score_unanswerable(question: Question, response: str) -> tuple[Outcome, str]:
    """Declining is correct, any other response incorrect.

    - *The documents do not give an amount. You enrol through the transit page.* is correct.
    - *They do not say; usually it is 5 %.* is not: it goes on to give what was asked for
      (a number for *how much*, a date for *when*).
    """
    if refusal(response) is None:
        return Outcome.INCORRECT, "Answers although the documents do not say."
    claimed = _claims(question.question, response)
    if claimed:
        return Outcome.INCORRECT, f"Declines and then says {claimed} all the same."
    return Outcome.CORRECT, "Says that the documents do not say."


def _claims(question: str, response: str) -> str:
    """The value of the type asked for that the response gives outside the words that decline."""
    wanted = asked(question)
    known_numbers, known_dates = quantities(question), {date.iso for date in dates(question)}
    for part in _assertions(response):
        if wanted.type is AnswerType.NUMBER:
            for quantity in quantities(part):
                if _could_answer(quantity, wanted.unit) and not any(equal(quantity, k) for k in known_numbers):
                    return quantity.text
        if wanted.type is AnswerType.DATE:
            fresh = [date for date in dates(part) if date.iso not in known_dates]
            if fresh:
                return fresh[0].text
    return ""


def _assertions(response: str) -> Iterator[str]:
    """What the response says beside declining: sentences, and clauses of the one that declines."""
    for sentence in sentences(response):
        if refusal(sentence.text) is None:
            yield sentence.text
        else:
            yield from (part.text for part in clauses(sentence)[1:] if refusal(part.text) is None)


def _could_answer(quantity: Quantity, unit: str) -> bool:
    return (
        not quantity.weak
        and not quantity.year_like
        and bool(quantity.unit or not unit)
        and units_agree(quantity.unit, unit)
    )
