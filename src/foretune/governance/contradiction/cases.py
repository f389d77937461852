"""Do two statements speak of the same case? Words, wording and form that tell different cases apart."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from foretune.governance.contradiction.reading import Read

__all__ = ["illustrates", "only_points", "other_case", "swapped"]

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
    r"\b(?:e\.g|for (?:example|instance)|such as|samples?|hypothetical|imagine|suppose|let's say|examples?)\b"
    r"|\bscenarios?\b|^\W*(?:therefore|thus|so|hence|in this case|in that case|this means|today)\b|\bwould\b"
    r"|\w\s*\\?=\s*\d",
    re.IGNORECASE,
)


def other_case(one: Read, other: Read) -> bool:
    """True where each has a word of a group that the other lacks: *part-time* here, *full-time* there."""
    for group in _CASES:
        mine = [bool(words & one.words) for words in group]
        theirs = [bool(words & other.words) for words in group]
        if any(mine) and any(theirs) and not any(a and b for a, b in zip(mine, theirs, strict=True)):
            return True
    return False


def illustrates(read: Read) -> bool:
    """True for a question, an example, and what is reckoned from one."""
    above = read.statement.under.rsplit(" / ", 2)
    return (
        read.statement.text.endswith("?")
        or bool(_EXAMPLE.search(read.squeezed))
        or any(_EXAMPLE.search(words) for words in above[1:])
    )


_NAMED_ENOUGH = 3
"""Shared words of two sentences from which they need no heading to say what they are about."""
_POINTS = re.compile(r"^\W*(?:this|that|these|those|it|they|such|he|she|we)\b", re.IGNORECASE)


def only_points(one: Read, other: Read) -> bool:
    """True where a sentence names no subject (*This process takes* …) and what it stands under has none in common."""
    if not (_POINTS.match(one.squeezed) or _POINTS.match(other.squeezed)):
        return False
    mine, theirs = one.subject | one.above, other.subject | other.above
    shared = len(one.subject & other.subject)
    return shared < _NAMED_ENOUGH and len(mine & theirs) - shared < 1


def swapped(one: Read, other: Read) -> bool:
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
