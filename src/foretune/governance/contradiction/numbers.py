"""Numbers and amounts: two values of one kind that cannot both hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from foretune.evidence import Quantity, equal, fold
from foretune.evidence.quantity import opposed, rates_agree
from foretune.evidence.units import CURRENCIES, in_base_unit, units_agree
from foretune.governance.contradiction.cases import swapped
from foretune.governance.contradiction.reading import LIGHT, Difference, Read, comparison

__all__: list[str] = []

# What a difference in value counts, of 1, where something speaks against its being one:
_SWAPPED = 0.55
"""A word beside the value differs too: *sick leave*, *parental leave*."""
_APART = 0.6
"""The clauses around the values share no word."""
_LITTLE_SHARED = 0.5
"""The statements share one word that tells anything."""
_ALTERNATIVE = 0.35
"""For each further value of the kind that either statement gives, in the denominator."""
_TIME_WORDS = frozenset({"hour", "day", "week", "month", "year", "period", "time"})


@comparison
def _numbers(one: Read, other: Read) -> Iterator[Difference]:
    mine = [q for q in one.facts.quantities if _stated(q) and not _labels(one, q)]
    theirs = [q for q in other.facts.quantities if _stated(q) and not _labels(other, q)]
    if any(_same(a, b) for a in mine for b in theirs):
        return
    for a in mine:
        rivals = [b for b in theirs if _of_a_kind(a, b) and not _compatible(a, b) and _same_relation(one, a, other, b)]
        if not rivals:
            continue
        b = max(rivals, key=lambda q: (len(one.near(a) & other.near(q)), -q.start))
        alternatives = sum(_of_a_kind(a, q) for q in theirs) + sum(_of_a_kind(b, q) for q in mine)
        kind = "amount" if a.unit in CURRENCIES or a.unit == "cent" else "number"
        weight = _exclusive(a, b) / (1 + _ALTERNATIVE * (alternatives - 2))
        if swapped(one, other):
            weight *= _SWAPPED
        if not _near_words(one, a) & _near_words(other, b):
            weight *= _APART
        shared = one.subject & other.subject - LIGHT
        if len(shared) < 2 and len((one.subject | one.above) & (other.subject | other.above) - LIGHT) < 3:
            weight *= _LITTLE_SHARED
        yield Difference(kind, one.written(a), other.written(b), weight)


def _near_words(read: Read, value: Quantity) -> frozenset[str]:
    counted = {*value.noun, value.unit, *value.per.split()}
    return read.near(value) - counted - _TIME_WORDS


_RELATION = re.compile(r"\b(?P<word>after|every|each|within|before)\W+(?:\w+\W+){0,2}$", re.IGNORECASE)
_RATE = re.compile(
    r"\b(?:per|an?|each|every)\s+(?P<unit>hour|day|week|month|quarter|year|\w+ (?:period|year))\b", re.IGNORECASE
)


def _same_relation(one: Read, a: Quantity, other: Read, b: Quantity) -> bool:
    """*Within 14 days* and *after 90 days* measure different things."""
    mine = _RELATION.search(one.statement.text[max(0, a.start - 30) : a.start])
    theirs = _RELATION.search(other.statement.text[max(0, b.start - 30) : b.start])
    if mine and theirs and mine["word"].lower() != theirs["word"].lower():
        return False
    every = _RATE.search(one.statement.text, a.end, a.end + 40)
    each = _RATE.search(other.statement.text, b.end, b.end + 40)
    return not every or not each or every["unit"].lower() == each["unit"].lower()


def _labels(read: Read, q: Quantity) -> bool:
    """True for the number in a name: *Level 5*, *Data 2*."""
    return not q.unit and bool(re.search(r"\b[A-Z][a-z]+\W+$", read.statement.text[max(0, q.start - 20) : q.start]))


def _stated(q: Quantity) -> bool:
    return not (q.weak and not q.unit) and not q.denied and not q.ordinal and not q.bare and not q.year_like


def _same(one: Quantity, other: Quantity) -> bool:
    return equal(one, other) and rates_agree(one, other) and _of_a_kind(one, other)


def _of_a_kind(one: Quantity, other: Quantity) -> bool:
    if not rates_agree(one, other):
        return False
    if bool(one.unit) != bool(other.unit):
        return False
    if one.unit:
        if not units_agree(one.unit, other.unit):
            return False
        mine, theirs = set(one.noun[:-1]), set(other.noun[:-1])
        return not mine or not theirs or bool(mine & theirs)
    return bool(one.noun and other.noun) and (one.noun[-1] == other.noun[-1] or set(one.noun) == set(other.noun))


def _interval(q: Quantity) -> tuple[Decimal, Decimal]:
    low = in_base_unit(q.value, q.unit)[0]
    high = in_base_unit(q.high, q.unit)[0] if q.high is not None else low
    if q.bound == "max" and q.high is None:
        low = Decimal("-Infinity")
    if q.bound == "min" and q.high is None:
        high = Decimal("Infinity")
    if q.bound == "about":
        low, high = low * Decimal("0.8"), high * Decimal("1.2")
    return low, high


def _compatible(one: Quantity, other: Quantity) -> bool:
    """True where both may hold: one is a bound that the other keeps, or a range that holds it."""
    if one.high is not None and other.high is not None:
        return False
    if one.unit == "percent" and one.value + other.value == 100:
        return True  # the rest of the same whole
    if one.bound == other.bound and (one.high is None) == (other.high is None) and one.bound != "about":
        return False  # two limits, two ranges, two plain values
    if opposed(one, other):
        return True
    (a, b), (c, d) = _interval(one), _interval(other)
    return a <= d and c <= b


def _exclusive(one: Quantity, other: Quantity) -> float:
    weight = 1.0
    for q in (one, other):
        if q.value == 1 and fold(q.text).startswith("one"):
            weight *= 0.5  # "one day off" mostly counts nothing
    if one.high is not None and other.high is not None and _within(one, other):
        weight *= 0.85
    if one.per != other.per:
        weight *= 0.8
    if not one.unit:
        weight *= 0.7
    if one.unit == "clock":
        weight *= 0.6
    return weight


def _within(one: Quantity, other: Quantity) -> bool:
    (a, b), (c, d) = _interval(one), _interval(other)
    return (a <= c and d <= b) or (c <= a and b <= d)
