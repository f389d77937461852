"""From signatures to disagreements: candidates, read side by side, each pair of values once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from foretune.evidence import fold
from foretune.governance.contradiction.candidates import Candidate, candidates, weights_of
from foretune.governance.contradiction.differences import Difference, Read, differences
from foretune.governance.contradiction.signature import Signed
from foretune.governance.contradiction.statements import Statement, statements

__all__ = ["Disagreement", "Judge", "disagreements"]

Judge = Callable[[str, str, Difference], bool]
"""Asked last, with both quotes and what differs: do the two really disagree? A language model, say."""

_LEAST = {"number": 0.34, "amount": 0.34, "date": 0.3, "name": 0.6, "yesno": 0.7, "negation": 0.7, "condition": 0.5}
"""Likeness from which a difference of a type counts: how much alike two statements have to be besides."""
_ROW = 0.75
"""What a number in a row of a list counts: the rows' conditions are mostly what differs."""
_PARALLEL = 0.8
_IN_PARALLEL = 0.5
"""What a difference counts between nearly equal sentences under two headings of one page, which differ on purpose."""
_READ_AT_ONCE = 64
"""Documents whose statements are kept while candidates are read."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two statements (positions of their documents) and what they say differently."""

    one: int
    other: int
    said: Statement
    also_said: Statement
    difference: Difference
    likeness: float
    score: float


def disagreements(
    signed: Sequence[Signed], text: Callable[[str], str], judge: Judge | None = None
) -> Iterator[Disagreement]:
    """Each pair of statements that disagree, the surest first; a pair of values once for two documents."""

    @lru_cache(maxsize=_READ_AT_ONCE)
    def read(document: int) -> list[Read]:
        return [Read(each) for each in statements(text(signed[document].id), signed[document].title)]

    weights = weights_of(signed)
    found = []
    by_documents = sorted(candidates(signed, weights), key=lambda c: (c.one[0], c.other[0], c.one, c.other))
    for candidate in by_documents:
        (a, i), (b, j) = candidate.one, candidate.other
        one, other = signed[a].statements[i], signed[b].statements[j]
        mine, theirs = read(a)[one.ordinal], read(b)[other.ordinal]
        for difference in differences(mine, theirs):
            weight = difference.weight
            if (one.row or other.row) and difference.type in ("number", "amount"):
                weight *= _ROW
            if a == b and candidate.likeness >= _PARALLEL and mine.statement.under != theirs.statement.under:
                weight *= _IN_PARALLEL
            if candidate.likeness * weight >= _LEAST[difference.type]:
                found.append(_disagreement(candidate, mine.statement, theirs.statement, difference, weight))
                break
    found.sort(key=lambda d: (-d.score, signed[d.one].path, d.said.start, signed[d.other].path, d.also_said.start))
    for each in _each_once(found):
        one_quote, other_quote = (
            _quote(signed, text, each.one, each.said),
            _quote(signed, text, each.other, each.also_said),
        )
        if judge is None or judge(one_quote, other_quote, each.difference):
            yield each


def _each_once(found: Sequence[Disagreement]) -> Iterator[Disagreement]:
    """The surest of those between the same documents with the same two values."""
    seen: set[tuple[object, ...]] = set()
    for each in found:
        values = frozenset({fold(each.difference.one), fold(each.difference.other)})
        key = (each.one, each.other, each.difference.type, values)
        if key not in seen:
            seen.add(key)
            yield each


def _disagreement(
    candidate: Candidate, said: Statement, also_said: Statement, difference: Difference, weight: float
) -> Disagreement:
    score = weight * (_FIRM[difference.type] + (1 - _FIRM[difference.type]) * candidate.likeness)
    return Disagreement(
        candidate.one[0], candidate.other[0], said, also_said, difference, candidate.likeness, round(score, 4)
    )


_FIRM = {"number": 0.1, "amount": 0.1, "date": 0.5, "name": 0.0, "yesno": 0.0, "negation": 0.0, "condition": 0.3}
"""How much of the score a difference of a type has whatever the likeness: dates are laid side by side by event."""


def _quote(signed: Sequence[Signed], text: Callable[[str], str], document: int, statement: Statement) -> str:
    return text(signed[document].id)[statement.start : statement.end]
