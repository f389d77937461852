"""Judging by value: the quantities and dates of the answer against those of the response."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from foretune.evidence.assertions import Mention, asserts_right
from foretune.evidence.dates import PartialDate, Precision, dates, relate
from foretune.evidence.equivalence import forms_of
from foretune.evidence.quantity import Quantity, equal, opposed, quantities, rates_agree
from foretune.evidence.questions import asked
from foretune.evidence.text import tokens
from foretune.evidence.units import units_agree
from foretune.types import Outcome, Question

__all__ = ["expected_dates", "expected_quantities", "judge_dates", "judge_quantities"]

_SHORT = 8
"""Words up to which a response is a short answer, in which a bare number can be the answer."""
_ASKS_MAX = re.compile(
    r"\b(?:max(?:imum)?|most|longest|highest|largest|cap|ceiling|limit|up to|at most)\b", re.IGNORECASE
)
_ASKS_MIN = re.compile(r"\b(?:min(?:imum)?|least|shortest|lowest|smallest)\b", re.IGNORECASE)
_ASKS_DAY = re.compile(r"\b(?:date|day|deadline)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Response:
    question: Question
    text: str
    short: bool
    quantities: tuple[Quantity, ...]


def expected_dates(question: Question) -> list[PartialDate]:
    """The date each form of the answer gives (its first), where the answer itself is a date."""
    if not _is_date(question.answer):
        return []
    return [found[0] for form in forms_of(question.answer, question.aliases) if (found := dates(form))]


def _is_date(answer: str) -> bool:
    """True where a date is what the answer says, not something it mentions."""
    found = dates(answer)
    if not found or any(q.unit for q in quantities(answer)):
        return False
    covered = sum(len(tokens(date.text)) for date in found)
    return covered * 2 >= len([word for word in tokens(answer) if not word.is_stop])


def judge_dates(question: Question, expected: Sequence[PartialDate], response: str) -> tuple[Outcome, str] | None:
    """Verdict by date; None where the response gives no date at all."""
    given = dates(response)
    if not given:
        return None
    asked_about = {date.iso for date in dates(question.question)}
    mentions: list[Mention] = []
    vague = ""
    for date in given:
        relations = {relate(right, date) for right in expected}
        if date.iso in asked_about and Precision.SAME not in relations:
            continue  # the question's own date, said again
        right = bool(relations & {Precision.SAME, Precision.FINER}) or (
            Precision.COARSER in relations and _year_suffices(question.question, expected, date)
        )
        if not right and Precision.COARSER in relations:
            vague = vague or date.text
            continue
        mentions.append(Mention(date.start, date.end, right))
    if asserts_right(question.question, response, mentions):
        return Outcome.CORRECT, f"Gives the date {_first(response, mentions, right=True)}."
    if not any(m.right for m in mentions) and vague:
        return Outcome.INCORRECT, f"Says only {vague} where the answer is {question.answer}."
    other = _first(response, mentions, right=False)
    if other and any(m.right for m in mentions):
        return Outcome.INCORRECT, f"Gives {other} beside the right date and does not make clear which counts."
    said = f"Says {other}" if other else "Gives no such date"
    return Outcome.INCORRECT, f"{said} where the answer is {question.answer}."


def _year_suffices(question: str, expected: Sequence[PartialDate], given: PartialDate) -> bool:
    has_year = any(date.first_year is not None for date in expected) and given.first_year is not None
    return has_year and given.first_year == given.last_year and not _ASKS_DAY.search(question)


def expected_quantities(question: Question) -> list[Quantity]:
    """What the forms of the answer give, each with the unit its sister forms or the question give.

    A form with one number gives that; a longer one its first. ``24`` beside
    ``24 credit hours`` is 24 hours.
    """
    found: list[Quantity] = []
    for form in forms_of(question.answer, question.aliases):
        numbers = quantities(form)
        firm = [q for q in numbers if not q.weak] or numbers
        found.extend(firm[:1])
    unit = asked(question.question).unit
    return [_with_unit(quantity, found, unit) for quantity in found]


def _with_unit(quantity: Quantity, sisters: Sequence[Quantity], unit: str) -> Quantity:
    if quantity.unit or quantity.noun:
        return quantity
    for sister in sisters:
        if sister.value == quantity.value and (sister.unit or sister.noun):
            return replace(quantity, unit=sister.unit, noun=sister.noun)
    return replace(quantity, unit=unit)


def judge_quantities(question: Question, expected: Sequence[Quantity], response: str) -> tuple[Outcome, str] | None:
    """Verdict by value; None where the response holds no number that could be meant."""
    given = _Response(
        question,
        response,
        len(tokens(response)) <= _SHORT,
        tuple(q for q in quantities(response) if not q.weak or any(_means(q, e) for e in expected)),
    )
    if not given.quantities:
        return None
    allowed = quantities(question.answer)
    limit = _limit_asked(question.question)
    mentions: list[Mention] = []
    denied = ""
    for quantity in given.quantities:
        right = any(_means(quantity, e) and _speaks_of(quantity, e, given) for e in expected)
        if right and quantity.denied:
            denied = quantity.text
        elif right:
            mentions.append(Mention(quantity.start, quantity.end, right=True, fitting=quantity.bound == limit))
        elif _rivals(quantity, expected, given) and not any(equal(quantity, also) for also in allowed):
            mentions.append(Mention(quantity.start, quantity.end, right=False, fitting=quantity.bound == limit))
    return _verdict(given, expected, mentions, denied)


def _limit_asked(question: str) -> str:
    if _ASKS_MAX.search(question):
        return "max"
    return "min" if _ASKS_MIN.search(question) else "none"


def _verdict(
    given: _Response, expected: Sequence[Quantity], mentions: Sequence[Mention], denied: str
) -> tuple[Outcome, str]:
    answer = given.question.answer
    if asserts_right(given.question.question, given.text, mentions):
        said = [q for q in given.quantities if any(m.right and m.start == q.start for m in mentions)]
        if all(_limits_other_way(q, expected) for q in said):
            return (
                Outcome.INCORRECT,
                f"Says {_bounded(said[0])} where the answer is {answer}: the limit is turned round.",
            )
        return Outcome.CORRECT, f"Says {said[0].text}, as the answer does."
    other = _first(given.text, mentions, right=False)
    if any(m.right for m in mentions):
        return Outcome.INCORRECT, f"Says {other} beside the right value and does not make clear which counts."
    if denied:
        return Outcome.INCORRECT, f"Says that it is not {denied}."
    if other:
        return Outcome.INCORRECT, f"Says {other} where the answer is {answer}."
    return Outcome.INCORRECT, f"Does not give {answer}."


def _means(given: Quantity, right: Quantity) -> bool:
    return equal(given, right) and rates_agree(given, right)


def _speaks_of(given: Quantity, right: Quantity, response: _Response) -> bool:
    """False for a number that is equal but may count something else.

    Without a unit it has to stand in a short answer, or beside a word of the answer's
    or the question's, or the answer has to be a bare number itself.
    """
    if right.bare or (given.unit and right.unit) or response.short:
        return True
    about = set(right.noun) | set(asked(response.question.question).stems)
    return bool(about & set(given.noun))


def _rivals(given: Quantity, expected: Sequence[Quantity], response: _Response) -> bool:
    """True for another value of what the question is about, the question's own numbers left out."""
    if given.denied or given.weak or (given.year_like and not given.noun):
        return False
    if any(equal(given, q) for q in quantities(response.question.question)):
        return False
    for right in expected:
        if not rates_agree(given, right):
            continue
        if right.unit and given.unit and units_agree(given.unit, right.unit):
            return True
        if not right.unit and not given.unit and _speaks_of(given, right, response):
            return True
        if not given.unit and given.bare and response.short:
            return True
    return response.short and not any(_means(q, e) for q in response.quantities for e in expected)


def _limits_other_way(given: Quantity, expected: Sequence[Quantity]) -> bool:
    same = [right for right in expected if _means(given, right)]
    return bool(same) and all(opposed(given, right) for right in same if right.bound) and any(r.bound for r in same)


def _bounded(quantity: Quantity) -> str:
    return {"max": "at most ", "min": "at least "}.get(quantity.bound, "") + quantity.text


def _first(text: str, mentions: Sequence[Mention], *, right: bool) -> str:
    return next((text[m.start : m.end] for m in mentions if m.right is right), "")
