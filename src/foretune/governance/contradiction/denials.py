"""Yes and no, rules that one side widens, and codes of one series."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foretune.evidence import Span, clauses, negations
from foretune.governance.contradiction.reading import Difference, Read, comparison
from foretune.governance.contradiction.signature import subject

__all__: list[str] = []

_CODE = re.compile(r"(?<![\w-])(?P<kind>[A-Z]{1,6})[- ]?(?P<number>\d{1,5})(?![\w-])")


@comparison
def _codes(one: Read, other: Read) -> Iterator[Difference]:
    """``GS-14`` here and ``GS-15`` there: codes of one series, alike in all but the number."""
    mine, theirs = _codes_of(one), _codes_of(other)
    for kind in sorted(mine.keys() & theirs.keys()):
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


_OPPOSITES = tuple(
    tuple(re.compile(rf"\b(?:{side})\b", re.IGNORECASE) for side in line.split(" <> "))
    for line in (
        "must|required|requires|mandatory|have to|has to|shall <> optional|voluntary|not required|not mandatory"
        "|need not",
        "allowed|permitted|may|can|eligible|able to <> prohibited|forbidden|ineligible|not allowed|not permitted|cannot"
        "|can't|may not|must not|not eligible|not able to|unable to",
        "always <> never|not always|sometimes",
        "taxable <> tax-free|nontaxable|not taxable",
        "refundable <> nonrefundable|non-refundable|not refundable",
        "paid <> unpaid|not paid",
    )
)


@comparison
def _denials(one: Read, other: Read) -> Iterator[Difference]:
    """One says it is so, the other that it is not."""
    for yes, no in _OPPOSITES:
        for a, b, swap in ((one, other, False), (other, one, True)):
            denied = no.search(b.squeezed)
            stated = yes.search(a.squeezed)
            if denied and stated and not no.search(a.squeezed) and _denies(b, a, denied.start()):
                pair = (a.squeezed_written(*stated.span()), b.squeezed_written(*denied.span()))
                yield Difference("yesno", *(pair[::-1] if swap else pair), 0.9)
                return
    mine, theirs = negations(one.squeezed), negations(other.squeezed)
    if bool(mine) != bool(theirs) and len(mine or theirs) == 1:
        negative, positive = (one, other) if mine else (other, one)
        cue = (mine or theirs)[0]
        if _denies(negative, positive, cue.start):
            said = negative.squeezed_written(cue.start, cue.end)
            yield Difference("negation", *((said, "") if mine else ("", said)), 0.8)


_NOT = frozenset({"not", "no", "never", "cannot", "without", "unless"})
_HALF_DENIED = re.compile(
    r"(?:\w+ )?(?:n't|not|never|no)\s+(?:just|only|merely|simply|necessarily|always|yet|limited|longer|more"
    r"|be limited)\b",
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


_WIDER = re.compile(
    r"(?P<before>[a-z]+)\s*\(?\s*\bor (?P<word>lower|higher|more|less|fewer|greater|above|below|later|earlier|older"
    r"|younger|longer|shorter|better)\)?\s+(?P<after>(?!than\b|over\b|of\b)\w+)",
    re.IGNORECASE,
)


@comparison
def _alternatives(one: Read, other: Read) -> Iterator[Difference]:
    """The same rule, which one side widens: *the same (or lower) level* and *the same level*."""
    for wide, narrow, swap in ((one, other, False), (other, one, True)):
        match = _WIDER.search(wide.squeezed)
        if match and not _WIDER.search(narrow.squeezed):
            without = f"{match['before']} {match['after']}"
            if re.search(rf"\b{re.escape(without)}\b", narrow.squeezed, re.IGNORECASE):
                pair = (match.group(), without)
                yield Difference("condition", *(pair[::-1] if swap else pair), 1.0)
