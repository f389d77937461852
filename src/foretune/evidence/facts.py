"""The facts of a text that can be laid beside another's: quantities, dates, names, negations.

>>> found = facts("Leave is capped at 240 hours since March 2014.")
>>> [str(q.value) for q in found.quantities], [d.iso for d in found.dates]
(['240'], ['2014-03'])
"""

from __future__ import annotations

from dataclasses import dataclass

from foretune.evidence.dates import PartialDate, Precision, dates, relate
from foretune.evidence.names import names
from foretune.evidence.polarity import negated, negations
from foretune.evidence.quantity import Quantity, equal, quantities, rates_agree
from foretune.evidence.text import Span
from foretune.evidence.units import units_agree

__all__ = ["Facts", "Rival", "facts", "rivals"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a piece of text states that can be checked."""

    quantities: tuple[Quantity, ...]
    dates: tuple[PartialDate, ...]
    names: tuple[Span, ...]
    negations: tuple[Span, ...]
    negative: bool
    """An odd number of negations."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Two statements of the same kind of fact that cannot both hold of one thing."""

    type: str
    """``number``, ``date`` or ``negation``."""
    one: Span
    """Into the first text; an empty span where it lacks the negation."""
    other: Span


def facts(text: str) -> Facts:
    """Extract the facts of ``text``; offsets point into it."""
    given = quantities(text)
    measured = {q.start for q in given if q.unit}
    # What has a unit is no year, though it could be one: "2000 euro", "1998 hours".
    found = [date for date in dates(text) if not (date.bare_year and date.start in measured)]
    counted = [q for q in given if not any(d.start <= q.start < d.end for d in found)]
    return Facts(tuple(counted), tuple(found), tuple(names(text)), tuple(negations(text)), negated(text))


def rivals(one: Facts, other: Facts) -> list[Rival]:
    """Values that differ where both texts give one of the same kind.

    Two numbers are of a kind where they have the same unit (or count the same noun) and
    the same rate. A value that the other text gives as well, anywhere, is no rival. It is
    for the caller to know that both texts speak of the same thing.

    >>> [r.type for r in rivals(facts("You may carry over 240 hours."), facts("The cap is 200 hours."))]
    ['number']
    """
    found: list[Rival] = []
    mine = [q for q in one.quantities if not q.weak and not any(_same(q, o) for o in other.quantities)]
    theirs = [q for q in other.quantities if not q.weak and not any(_same(q, o) for o in one.quantities)]
    for quantity in mine:
        match = next((o for o in theirs if _of_a_kind(quantity, o)), None)
        if match is not None:
            found.append(Rival("number", _span(quantity), _span(match)))
    for date in one.dates:
        relations = [(relate(date, o), o) for o in other.dates]
        if relations and all(relation is Precision.CONFLICT for relation, _ in relations):
            found.append(Rival("date", _span(date), _span(relations[0][1])))
    if one.negative != other.negative:
        nothing = Span("", 0, 0)
        found.append(Rival("negation", next(iter(one.negations), nothing), next(iter(other.negations), nothing)))
    return found


def _same(one: Quantity, other: Quantity) -> bool:
    return equal(one, other) and rates_agree(one, other)


def _of_a_kind(one: Quantity, other: Quantity) -> bool:
    if not rates_agree(one, other) or one.ordinal != other.ordinal:
        return False
    if one.unit or other.unit:
        return bool(one.unit and other.unit) and units_agree(one.unit, other.unit)
    return bool(set(one.noun) & set(other.noun))


def _span(found: Quantity | PartialDate) -> Span:
    return Span(found.text, found.start, found.end)
