"""Which statements tell something that people ask for: a number, a date, an address, a rule.

A small model learns a fact only from many readings, so where time is short it had better read fewer facts more often.
What counts is the form of a statement alone, never what anybody is going to ask.
"""

from __future__ import annotations

import re
from enum import IntEnum

from foretune.evidence import Span, dates, quantities

__all__ = ["Telling", "answer_spans", "telling"]

_ADDRESS = re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+|\bhttps?://\S+|(?<![\w/])#[a-z][\w-]{2,}", re.IGNORECASE)
_RULE = re.compile(
    r"\b(?:must|shall|may not|can(?:not|'t|’t)|not (?:be )?(?:allowed|permitted|eligible|required)|required?|requires|"
    r"eligible|entitled|prohibited|mandatory|responsible for|deadline|limit(?:ed)?|at (?:least|most)|no (?:more|less|"
    r"later|longer) than|only (?:if|when|for|after|be)|approv(?:e|es|ed|al)|owns?|owned by|founded|established|"
    r"launched|created|stands for|known as|is called)\b",
    re.IGNORECASE,
)

_ONE = re.compile(r"one\b", re.IGNORECASE)


class Telling(IntEnum):
    """How surely somebody will ask for what a statement tells."""

    NOTHING = 0
    RULE = 1
    """What must, may or may not be, who is responsible, what something is called."""
    VALUE = 2
    """A number of something, a day, an address."""


def answer_spans(text: str) -> list[Span]:
    """The numbers, dates and addresses that ``text`` states, in order, none within another."""
    found = [Span(text[d.start : d.end], d.start, d.end) for d in dates(text)]
    # "from one year to the next" counts nothing
    found += [Span(q.text, q.start, q.end) for q in quantities(text) if not q.weak and not _ONE.match(q.text)]
    found += [Span(match.group(), match.start(), match.end()) for match in _ADDRESS.finditer(text)]
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def telling(text: str) -> Telling:
    """What ``text`` tells, at best.

    A number of nothing (*step 3*, *#1814*), a rank and a year alone are no values.

    >>> [telling(text).name for text in ("You may carry over 240 hours.", "Kim sits there.", "We met in 2019.")]
    ['VALUE', 'NOTHING', 'NOTHING']
    """
    counted = any((q.unit or q.noun) and not q.ordinal and not q.weak for q in quantities(text))
    if counted or any(date.month for date in dates(text)) or _ADDRESS.search(text):
        return Telling.VALUE
    return Telling.RULE if _RULE.search(text) else Telling.NOTHING
