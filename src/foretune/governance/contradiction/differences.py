"""Do two statements disagree? Values of one kind, laid side by side.

Each kind of disagreement is a function from two read statements to the differences it
sees, registered by type. What both sides give is no difference; what they say of
different cases, years or conditions is none either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from functools import cached_property

from foretune.evidence import (
    Facts,
    PartialDate,
    Precision,
    Quantity,
    Span,
    clauses,
    content_stems,
    equal,
    facts,
    fold,
    negations,
    relate,
    tokens,
)
from foretune.evidence.quantity import opposed, rates_agree
from foretune.evidence.units import CURRENCIES, in_base_unit, units_agree
from foretune.governance.contradiction.signature import begins_or_ends, canonical, subject
from foretune.governance.contradiction.statements import Statement

__all__ = ["Difference", "Read", "differences"]


@dataclass(frozen=True)
class Read:
    """A statement with its facts."""

    statement: Statement

    @cached_property
    def facts(self) -> Facts:
        return facts(self.statement.text)

    @cached_property
    def squeezed(self) -> str:
        """On one line, with straight apostrophes."""
        return " ".join(self.statement.text.replace("’", "'").split())

    @cached_property
    def wording(self) -> tuple[str, ...]:
        """Its content stems in order, values and words that go with any value left out."""
        return tuple(
            stem
            for word in tokens(self.statement.text)
            if not word.is_stop and (stem := canonical(word.stem)) in self.subject and stem not in _LIGHT
        )

    @cached_property
    def beside(self) -> frozenset[str]:
        """Subject stems of the sentences beside it and of the list item it is read with."""
        return frozenset(subject(f"{self.statement.before} {self.statement.item}", None))

    @cached_property
    def above(self) -> frozenset[str]:
        """Subject stems of what it stands under and beside."""
        return self.beside | frozenset(subject(self.statement.under, None))

    @cached_property
    def subject(self) -> frozenset[str]:
        return frozenset(subject(self.statement.text, self.facts))

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(word.norm for word in tokens(self.statement.text))

    @cached_property
    def about(self) -> frozenset[str]:
        """Its words and those it stands under."""
        above = f"{self.statement.under} {self.statement.item}"
        return self.words | {word.norm for word in tokens(above)}

    def near(self, value: Quantity | PartialDate) -> frozenset[str]:
        """Subject stems of the clause that ``value`` stands in."""
        whole = Span(self.statement.text, 0, len(self.statement.text))
        for part in clauses(whole):
            if part.start <= value.start < part.end:
                return frozenset(subject(part.text, None))
        return self.subject


@dataclass(frozen=True, slots=True)
class Difference:
    """What two statements say differently."""

    type: str
    one: str
    other: str
    """The two values, as written."""
    weight: float
    """0 to 1: how surely the two cannot both hold, given that both speak of the same thing."""


TIME_WORDS = frozenset({"hour", "day", "week", "month", "year", "period", "time"})

_Compare = Callable[[Read, Read], Iterator[Difference]]
_comparisons: list[_Compare] = []


def _comparison(compare: _Compare) -> _Compare:
    _comparisons.append(compare)
    return compare


def differences(one: Read, other: Read) -> list[Difference]:
    """What differs, the surest first; nothing where the two speak of different cases."""
    if _other_case(one, other) or _illustrates(one) or _illustrates(other) or _only_points(one, other):
        return []
    found = [difference for compare in _comparisons for difference in compare(one, other)]
    return sorted(found, key=lambda each: (-each.weight, each.type, each.one, each.other))


# -- cases and conditions -------------------------------------------------------------------------

_CASES = tuple(
    tuple(frozenset(group.split("/")) for group in line.split())
    for line in """
    full/fulltime part/parttime
    new/newly existing/current/incumbent
    domestic/conus international/foreign/overseas/oconus
    internal external
    annual/annually sick quarterly/quarter monthly/month weekly/week biweekly daily/day semiannual mid
    minimum/least maximum/most
    before/prior/preceding after/following
    start/starting/begin/begins/beginning end/ends/ending
    hourly salaried
    male/men/paternity female/women/maternity
    paid unpaid
    federal contractor/contractors
    morning afternoon evening
    monday tuesday wednesday thursday friday saturday sunday
    first second third fourth fifth 1st 2nd 3rd 4th 5th
    first final last
    early late
    q1 q2 q3 q4
    spring summer fall/autumn winter
    single/individual family/couple
    temporary/temp permanent
    exempt nonexempt
    under/below/less/fewer over/above/more/exceeding/exceeds/exceed
    low high
    small large
    short long
    mandatory voluntary/optional
    cash time
    most/usually/typically some/few/certain/rarely
    high medium low
    urgent/emergency routine/regular
    work/business calendar
    """.strip().splitlines()
)
"""Words of which a statement that has one speaks of another case than a statement that has the other."""
_EXAMPLE = re.compile(
    r"\b(?:e\.g|for (?:example|instance)|such as|samples?|hypothetical|imagine|suppose|let's say|examples?|scenarios?)\b"
    r"|^\W*(?:therefore|thus|so|hence|in this case|in that case|this means|today)\b|\bwould\b|\w\s*\\?=\s*\d",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w-])(?P<kind>[A-Z]{1,6})[- ]?(?P<number>\d{1,5})(?![\w-])")


def _other_case(one: Read, other: Read) -> bool:
    for group in _CASES:
        mine = [bool(words & one.words) for words in group]
        theirs = [bool(words & other.words) for words in group]
        if any(mine) and any(theirs) and not any(a and b for a, b in zip(mine, theirs, strict=True)):
            return True
    return False


def _illustrates(read: Read) -> bool:
    above = read.statement.under.rsplit(" / ", 2)
    return (
        read.statement.text.endswith("?")
        or bool(_EXAMPLE.search(read.squeezed))
        or any(_EXAMPLE.search(words) for words in above[1:])
    )


_POINTS = re.compile(r"^\W*(?:this|that|these|those|it|they|such|he|she|we)\b", re.IGNORECASE)


def _only_points(one: Read, other: Read) -> bool:
    """True where a sentence names no subject (*This process takes* …) and what it stands under has none in common."""
    if not (_POINTS.match(one.squeezed) or _POINTS.match(other.squeezed)):
        return False
    mine, theirs = one.subject | one.above, other.subject | other.above
    shared = len(one.subject & other.subject)
    return shared < _NAMED_ENOUGH and len(mine & theirs) - shared < 1


_NAMED_ENOUGH = 3
"""Shared words of two sentences from which they need no heading to say what they are about."""

# -- numbers and amounts --------------------------------------------------------------------------


@_comparison
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
        weight = _exclusive(a, b) / (1 + 0.35 * (alternatives - 2))
        if _swapped(one, other):
            weight *= _SWAPPED
        if not _near_words(one, a) & _near_words(other, b):
            weight *= 0.6
        shared = one.subject & other.subject - _LIGHT
        if len(shared) < 2 and len((one.subject | one.above) & (other.subject | other.above) - _LIGHT) < 3:
            weight *= 0.5
        yield Difference(kind, a.text, b.text, weight)


_LIGHT = frozenset(
    "process take need use make work time complet day get give allow busi calendar go come see ask request provid "
    "includ new first includ least total maximum minimum up".split()
)
"""Stems that go with any value and say nothing of what it is a value of."""


_SWAPPED = 0.55
"""What a difference in value counts where a word beside it differs too: *sick leave*, *parental leave*."""


def _swapped(one: Read, other: Read) -> bool:
    """True where otherwise equal wording has another word or two in one place: another case, most likely."""
    mine, theirs = one.wording, other.wording
    matcher = SequenceMatcher(None, mine, theirs, autojunk=False)
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind != "replace" or j - i > 3 or m - k > 3:
            continue
        flanked = (i > 0 or k == 0) and (j < len(mine) or m == len(theirs))
        if flanked and not set(mine[i:j]) & set(theirs[k:m]):
            return True
    return False


def _near_words(read: Read, value: Quantity) -> frozenset[str]:
    counted = {word for word in (*value.noun, value.unit, *value.per.split())}
    return read.near(value) - counted - TIME_WORDS


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
    every, each = (
        _RATE.search(one.statement.text, a.end, a.end + 40),
        _RATE.search(other.statement.text, b.end, b.end + 40),
    )
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
    low, unit = in_base_unit(q.value, q.unit)
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


# -- dates ----------------------------------------------------------------------------------------

_DEADLINE = re.compile(
    r"\b(?:by|until|till|before|due|deadline|no later than|not later than|latest|submit|close[sd]?|expire[sd]?|end[s]?)\b",
    re.IGNORECASE,
)
_SCOPE_YEAR = re.compile(
    r"\b(?:FY|CY|fiscal year|calendar year|tax year|plan year|version|edition)\s?[\s'’]?$", re.IGNORECASE
)


@_comparison
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
            yield Difference("date", mine[0].text, theirs[0].text, 1.0)
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


_LONGEST_HEAD = 90


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
    yield Difference("date", a.text, b.text, 1.0 if near else 0.6)


def _due(read: Read, date: PartialDate) -> bool:
    return bool(_DEADLINE.search(read.statement.text[max(0, date.start - 40) : date.start]))


# -- codes and names ------------------------------------------------------------------------------


@_comparison
def _codes(one: Read, other: Read) -> Iterator[Difference]:
    """``GS-14`` here and ``GS-15`` there: codes of one series, alike in all but the number."""
    mine, theirs = _codes_of(one), _codes_of(other)
    for kind in mine.keys() & theirs.keys():
        a, b = mine[kind], theirs[kind]
        if len(a) == 1 and len(b) == 1 and a[0] != b[0]:
            yield Difference("name", a[0], b[0], 0.8)


def _codes_of(read: Read) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for match in _CODE.finditer(read.statement.text):
        if match["kind"] in ("FY", "CY", "Q"):
            continue
        found.setdefault(match["kind"], []).append(match.group())
    return found


# -- yes and no -----------------------------------------------------------------------------------

_OPPOSITES = tuple(
    tuple(re.compile(rf"\b(?:{side})\b", re.IGNORECASE) for side in line.split(" <> "))
    for line in (
        "must|required|requires|mandatory|have to|has to|shall <> optional|voluntary|not required|not mandatory|need not",
        "allowed|permitted|may|can|eligible|able to <> prohibited|forbidden|ineligible|not allowed|not permitted|cannot"
        "|can't|may not|must not|not eligible|not able to|unable to",
        "always <> never|not always|sometimes",
        "taxable <> tax-free|nontaxable|not taxable",
        "refundable <> nonrefundable|non-refundable|not refundable",
        "paid <> unpaid|not paid",
    )
)


@_comparison
def _denials(one: Read, other: Read) -> Iterator[Difference]:
    """One says it is so, the other that it is not."""
    for yes, no in _OPPOSITES:
        for a, b, swap in ((one, other, False), (other, one, True)):
            denied = no.search(b.squeezed)
            stated = yes.search(a.squeezed)
            if denied and stated and not no.search(a.squeezed) and _denies(b, a, denied.start()):
                pair = (stated.group(), denied.group())
                yield Difference("yesno", *(pair[::-1] if swap else pair), 0.9)
                return
    mine, theirs = negations(one.squeezed), negations(other.squeezed)
    if bool(mine) != bool(theirs) and len(mine or theirs) == 1:
        negative, positive = (one, other) if mine else (other, one)
        cue = (mine or theirs)[0]
        if _denies(negative, positive, cue.start):
            yield Difference("negation", *((cue.text, "") if mine else ("", cue.text)), 0.8)


_NOT = frozenset({"not", "no", "never", "cannot", "without", "unless"})
_HALF_DENIED = re.compile(
    r"(?:\w+ )?(?:n't|not|never|no)\s+(?:just|only|merely|simply|necessarily|always|yet|limited|longer|be limited|more)\b",
    re.IGNORECASE,
)
_DENIED_TWICE = re.compile(r"(?:\bnot|n't|\bnever)\s+(?:\w+\s+)?$", re.IGNORECASE)
_LEAST_DENIED = 0.75
"""Share of a denied clause's words that the other statement must have."""
_CONDITION = re.compile(r"\b(?:unless|if|except|when|until|limited to|only|whether)\b", re.IGNORECASE)


def _digits(read: Read) -> frozenset[str]:
    return frozenset(word for word in read.words if word.isdigit())


def _denies(negative: Read, positive: Read, at: int) -> bool:
    """True where the clause that is negated is what the other statement says, under no condition of its own."""
    whole = Span(negative.squeezed, 0, len(negative.squeezed))
    clause = next((part for part in clauses(whole) if part.start <= at < part.end), whole)
    stems = frozenset(subject(clause.text, None)) - _NOT
    if _HALF_DENIED.match(negative.squeezed, at) or _CONDITION.match(clause.text):
        return False
    if _DENIED_TWICE.search(negative.squeezed, 0, at) or _digits(negative) != _digits(positive):
        return False
    if len(stems) < 2 or bool(_CONDITION.search(negative.squeezed)) != bool(_CONDITION.search(positive.squeezed)):
        return False
    said = positive.subject - _NOT
    return len(stems & said) >= _LEAST_DENIED * len(stems) and len(said & negative.subject) >= _LEAST_DENIED * len(said)


# -- alternatives ---------------------------------------------------------------------------------

_WIDER = re.compile(
    r"(?P<before>[a-z]+)\s*\(?\s*\bor (?P<word>lower|higher|more|less|fewer|greater|above|below|later|earlier|older|younger"
    r"|longer|shorter|better)\)?\s+(?P<after>(?!than\b|over\b|of\b)\w+)",
    re.IGNORECASE,
)


@_comparison
def _alternatives(one: Read, other: Read) -> Iterator[Difference]:
    """The same rule, which one side widens: *the same (or lower) level* and *the same level*."""
    for wide, narrow, swap in ((one, other, False), (other, one, True)):
        match = _WIDER.search(wide.squeezed)
        if match and not _WIDER.search(narrow.squeezed):
            without = f"{match['before']} {match['after']}"
            if re.search(rf"\b{re.escape(without)}\b", narrow.squeezed, re.IGNORECASE):
                pair = (match.group(), without)
                yield Difference("condition", *(pair[::-1] if swap else pair), 1.0)
