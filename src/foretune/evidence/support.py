"""Does a passage hold an answer to a question? For refusing what the documents do not say.

>>> support("How many days of leave?", "Everyone has 15 days of leave.").score > 0.9
True
>>> support("How many days of sabbatical?", "Everyone has leave.").score < 0.3
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from foretune.evidence.dates import dates
from foretune.evidence.equivalence import spelling_likeness
from foretune.evidence.names import names
from foretune.evidence.quantity import Quantity, equal, quantities
from foretune.evidence.questions import AnswerType, Asked, asked
from foretune.evidence.text import Token, content, tokens
from foretune.evidence.units import units_agree

__all__ = ["Idf", "PassageSupport", "support"]

Idf = Callable[[str], float]
"""Stem → how much it tells apart (inverse document frequency); 1 for all where none is given."""

_NO_ANSWER_TYPE = 0.5
"""What is left of the score where the passage has nothing of the type asked for."""


@dataclass(frozen=True, slots=True)
class PassageSupport:
    """How well a passage supports an answer."""

    score: float
    """0 to 1: share of the question's telling words covered, halved without the type asked for."""
    coverage: float
    has_type: bool
    missing: tuple[str, ...]
    """Words of the question that the passage lacks, most telling first."""
    why: str


def support(question: str, passage: str, *, idf: Idf | None = None) -> PassageSupport:
    """Score ``passage`` (a sentence or more) as support for an answer to ``question``.

    Words are compared by stem and near spelling, and weighed by ``idf``. The type asked
    for is a number for *how many* (of the unit asked for, if any, and not one the question
    says itself), a date for *when*, a name that is not in the question for *who* or *which*.
    """
    wanted = asked(question)
    weigh = idf or _all_alike
    have = {word.stem for word in content(passage)}
    terms = {term.stem: term for term in wanted.terms}
    held = {stem: spelling_likeness(stem, have) for stem in terms}
    total = sum(weigh(stem) for stem in terms)
    coverage = sum(weigh(stem) * share for stem, share in held.items()) / total if total else 0.0
    has_type = _has_type(wanted, question, passage)
    lacking = sorted((stem for stem, share in held.items() if not share), key=weigh, reverse=True)
    missing = tuple(terms[stem].text for stem in lacking)
    score = coverage if has_type else coverage * _NO_ANSWER_TYPE
    return PassageSupport(score, coverage, has_type, missing, _why(wanted, missing, has_type))


def _all_alike(_stem: str) -> float:
    return 1.0


def _has_type(wanted: Asked, question: str, passage: str) -> bool:
    if wanted.type is AnswerType.NUMBER:
        said = quantities(question)
        return any(_answers(q, wanted.unit) and not any(equal(q, s) for s in said) for q in quantities(passage))
    if wanted.type is AnswerType.DATE:
        known = {date.iso for date in dates(question)}
        return any(date.iso not in known for date in dates(passage)) or bool(quantities(passage))
    if wanted.type is AnswerType.NAME:
        asked_about = {word.norm for word in tokens(question)}
        return any(_is_new(content(name.text), asked_about) for name in names(passage))
    return True


def _answers(quantity: Quantity, unit: str) -> bool:
    return not (quantity.weak and unit) and units_agree(quantity.unit, unit)


def _is_new(words: list[Token], known: set[str]) -> bool:
    return any(word.norm not in known for word in words)


def _why(wanted: Asked, missing: tuple[str, ...], has_type: bool) -> str:
    parts = [f"does not speak of {', '.join(missing[:5])}"] if missing else ["has all words of the question"]
    if not has_type:
        kind = {AnswerType.NUMBER: "number", AnswerType.DATE: "date", AnswerType.NAME: "name"}[wanted.type]
        parts.append(f"gives no {kind}")
    return f"The passage {' and '.join(parts)}."
