"""Which statements may speak of the same thing: shared rare words beside the same kind of fact.

An inverted index from (kind of fact, word) to statements. Only the rarest words of a
statement are looked up, and words that many statements share are not, so the pairs
grow with the number of statements and not with its square.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from foretune.governance.contradiction.signature import POLARITY, Signed, SignedStatement

__all__ = ["Candidate", "Weights", "candidates", "likeness", "weights_of"]

_RAREST = 10
"""Words of a statement that are looked up."""
_COMMONEST = 48
"""Statements with the same kind of fact that may share a word for it to be looked up."""
_AROUND = 0.5
"""What a word counts that stands around the statement and not in it."""
_LEAST = 0.3
"""Likeness from which statements with the same kind of value are read side by side."""
_LEAST_POLARITY = 0.62
"""The same for statements of which one may deny the other."""
_SMALLEST_CORPUS = 400
"""Statements that a corpus counts for at least, or in a small one every word would be common."""
_FORM = 6
"""Statements with the same words from which they are a form filled in again and again, with other values each time."""
_FORM_ON_ONE_PAGE = 2
"""The same on one page: a table written as text, the same step for one team after the other."""
_WEIGHED_AT_ONCE = 65_536
"""Statements whose words are kept as sets while pairs are weighed."""
_COPIES = 0.6
"""Share of equal statements from which two documents are versions of one page."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two statements (document, ordinal) that may disagree."""

    one: tuple[int, int]
    other: tuple[int, int]
    likeness: float


class Weights:
    """How much a word tells: its inverse document frequency among statements."""

    def __init__(self, frequency: Counter[int], statements: int) -> None:
        highest = math.log(max(statements, _SMALLEST_CORPUS) + 1)
        self._unknown = highest - math.log(0.5)
        self._weights = {word: highest - math.log(count + 0.5) for word, count in frequency.items()}

    def __call__(self, word: int) -> float:
        return self._weights.get(word, self._unknown)

    def of(self, words: Iterable[int]) -> float:
        """The sum over ``words``."""
        return sum(map(self, words))


def weights_of(signed: Sequence[Signed]) -> Weights:
    """The weights of all words of a corpus."""
    frequency: Counter[int] = Counter()
    count = 0
    for document in signed:
        for statement in document.statements:
            frequency.update(statement.own)
            count += 1
    return Weights(frequency, count)


def candidates(signed: Sequence[Signed], weights: Weights) -> list[Candidate]:
    """Pairs of statements to read side by side, each once, the most alike first."""
    copies = _copies(signed)
    postings: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    forms = Counter(each.own.tobytes() for document in signed for each in document.statements)
    filled_in = {
        (d, own)
        for d, document in enumerate(signed)
        for own, times in Counter(each.own.tobytes() for each in document.statements).items()
        if times > _FORM_ON_ONE_PAGE
    }
    for d, document in enumerate(signed):
        for s, statement in enumerate(document.statements):
            own_words = statement.own.tobytes()
            if forms[own_words] > _FORM or (d, own_words) in filled_in:
                continue
            words = sorted({*statement.own, *statement.around}, key=lambda w: (-weights(w), w))
            own = [w for w in words if w in statement.own][:_RAREST]
            for word in {*own, *words[: _RAREST // 2]}:
                for key in statement.keys:
                    postings[key, word].append((d, s))
    seen: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    polar: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    for (key, _), places in postings.items():
        if 2 <= len(places) <= _COMMONEST:
            (polar if key == POLARITY else seen).update(combinations(places, 2))

    @lru_cache(maxsize=_WEIGHED_AT_ONCE)
    def weigh(place: tuple[int, int]) -> _Weighed:
        return _weighed(signed[place[0]].statements[place[1]], weights)

    found = []
    for pair in sorted(seen | polar):
        (a, i), (b, j) = pair
        one, other = signed[a].statements[i], signed[b].statements[j]
        if a == b and (one.ordinal == other.ordinal or (one.group and one.group == other.group)):
            continue
        if (a, b) in copies:
            continue
        alike = _likeness(weigh(pair[0]), weigh(pair[1]), weights)
        if alike >= (_LEAST if pair in seen else _LEAST_POLARITY):
            found.append(Candidate(pair[0], pair[1], alike))
    return sorted(found, key=lambda each: (-each.likeness, each.one, each.other))


@dataclass(frozen=True, slots=True)
class _Weighed:
    own: frozenset[int]
    around: frozenset[int]
    total: float
    """Weight of its own words."""


def _weighed(statement: SignedStatement, weights: Weights) -> _Weighed:
    return _Weighed(frozenset(statement.own), frozenset(statement.around), weights.of(statement.own))


def likeness(one: SignedStatement, other: SignedStatement, weights: Weights) -> float:
    """0 to 1: how far the words of each are covered by the other and by what stands around it.

    The geometric mean of both covers, so that words which only one side has count
    little and words that both have for themselves alone count much.
    """
    return _likeness(_weighed(one, weights), _weighed(other, weights), weights)


def _likeness(one: _Weighed, other: _Weighed, weights: Weights) -> float:
    beside_one = _AROUND * weights.of(one.around & other.own)
    beside_other = _AROUND * weights.of(one.own & other.around)
    shared = weights.of(one.own & other.own) + beside_one + beside_other
    return shared / math.sqrt((one.total + beside_one) * (other.total + beside_other))


def _copies(signed: Sequence[Signed]) -> set[tuple[int, int]]:
    """Pairs of documents most of whose statements are word for word the same: versions of one page."""
    holders: defaultdict[bytes, list[int]] = defaultdict(list)
    sizes = []
    for d, document in enumerate(signed):
        words = {statement.own.tobytes() for statement in document.statements if len(statement.own) > 3}
        sizes.append(len(words))
        for each in words:
            holders[each].append(d)
    shared: Counter[tuple[int, int]] = Counter()
    for places in holders.values():
        if 2 <= len(places) <= _COMMONEST:
            shared.update(combinations(places, 2))
    return {
        pair for pair, count in shared.items() if count > 4 and count >= _COPIES * min(sizes[pair[0]], sizes[pair[1]])
    }
