"""Dates: the year of what happens once, and the day of a deadline."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foretune.evidence import PartialDate, Precision, relate, tokens
from foretune.governance.contradiction.reading import Difference, Read, comparison
from foretune.governance.contradiction.signature import begins_or_ends, canonical, subject

__all__: list[str] = []

_DEADLINE = re.compile(
    r"\b(?:by|until|till|before|due|deadline|no later than|not later than|latest|submit|close[sd]?|expire[sd]?"
    r"|ends?)\b",
    re.IGNORECASE,
)
_LONGEST_HEAD = 90
"""Characters before a colon that may name what a list item is about."""
_SCOPE_YEAR = re.compile(
    r"\b(?:FY|CY|fiscal year|calendar year|tax year|plan year|version|edition)\s?[\s'’]?$", re.IGNORECASE
)


@comparison
def _dates(one: Read, other: Read) -> Iterator[Difference]:
    mine, theirs = one.facts.dates, other.facts.dates
    if not mine or not theirs or len(mine) > 3 or len(theirs) > 3:
        return
    if any(relate(a, b) is not Precision.CONFLICT for a in mine for b in theirs):
        return
    yield from _years(one, other)
    yield from _days(one, other)


def _years(one: Read, other: Read) -> Iterator[Difference]:
    """Two years of what happens once: it began, it ended, it joined."""
    events = begins_or_ends(one.subject) & begins_or_ends(other.subject)
    mine = [d for d in one.facts.dates if _event_year(one, d)]
    theirs = [d for d in other.facts.dates if _event_year(other, d)]
    if not events or len(mine) != 1 or len(theirs) != 1:
        return
    for event in sorted(events):
        mine_of, theirs_of = _happened_to(one, event), _happened_to(other, event)
        shared = mine_of & theirs_of - _GENERAL
        if shared and 2 * len(shared) >= min(len(mine_of - _GENERAL), len(theirs_of - _GENERAL)):
            yield Difference("date", one.written(mine[0]), other.written(theirs[0]), 1.0)
            return


_GENERAL = frozenset(
    {"program", "offic", "team", "group", "project", "servic", "depart", "agenc", "compani", "new", "gov", "com", "org"}
)
_PASSIVE = frozenset({"was", "were", "is", "are", "been", "be", "being", "got"})
_OBJECT_ENDS = frozenset(
    {"in", "by", "with", "as", "to", "from", "at", "under", "after", "when", "during", "which", "that"}
)


def _happened_to(read: Read, event: str) -> frozenset[str]:
    """Stems of what began or ended: the object of *18F created X*, the subject of *X was created* or *X joined*."""
    words = tokens(read.statement.text)
    for i, word in enumerate(words):
        if canonical(word.stem) != event:
            continue
        passive = any(each.norm in _PASSIVE for each in words[max(0, i - 2) : i])
        after = []
        for each in words[i + 1 : i + 9]:
            if each.norm in _OBJECT_ENDS:
                break
            if not each.is_stop and not each.norm.isdigit():
                after.append(canonical(each.stem))
        if after and not passive and event != "join":
            return frozenset(after[:5])
        before = [canonical(each.stem) for each in words[:i] if not each.is_stop and not each.norm.isdigit()]
        return frozenset(before[-6:]) or _head(read)
    return read.subject - {event}


def _head(read: Read) -> frozenset[str]:
    """Stems of what a list item begins with (*Atlas: a map. Created in 2015.*), else of all around the sentence."""
    head, colon, _ = read.statement.before.partition(":")
    return frozenset(subject(head, None)) if colon and len(head) < _LONGEST_HEAD else read.above


def _event_year(read: Read, date: PartialDate) -> bool:
    before = read.statement.text[max(0, date.start - 16) : date.start]
    scope = date.text.upper().startswith("FY") or _SCOPE_YEAR.search(before)
    return date.first_year is not None and date.first_year == date.last_year and not scope


def _days(one: Read, other: Read) -> Iterator[Difference]:
    """Two days of one deadline; a year only where both give it or neither has to."""
    mine = [d for d in one.facts.dates if d.day and _due(one, d)]
    theirs = [d for d in other.facts.dates if d.day and _due(other, d)]
    if len(mine) != 1 or len(theirs) != 1:
        return
    a, b = mine[0], theirs[0]
    if a.first_year and b.first_year and a.first_year != b.first_year:
        return
    near = a.month == b.month
    yield Difference("date", one.written(a), other.written(b), 1.0 if near else 0.6)


def _due(read: Read, date: PartialDate) -> bool:
    return bool(_DEADLINE.search(read.statement.text[max(0, date.start - 40) : date.start]))
