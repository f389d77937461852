"""Names that are meant to be the same and are spelled differently: channels, mail addresses, codes in quotes.

Two spellings are suspicious where they differ by one letter or only in their marks
(``help-desk-eu`` and ``helpdesk-eu``). Names that differ in a digit are a series, and short
names that stand on one page side by side are two things.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from foretune.evidence import squash

__all__ = ["Identifier", "Misspelling", "identifiers", "line_around", "misspellings"]

_MARKED = re.compile(
    r"\{%-?\s*(?P<tag>\w+_channel|channel|mention|user)\s+[\"']#?(?P<tagged>[\w.-]{3,60})[\"']"
    r"|(?<![\w/&#(.\"'])#(?P<channel>[a-z][\w-]{3,60}\w)(?![\w/;])"
    r"|(?<![\w.@/+-])(?P<mail>[A-Za-z0-9][\w.+-]{1,60}@[\w-]{2,60}(?:\.[\w-]{2,20}){1,3})",
)
_SHORTEST = 8
"""Letters and digits below which one letter is too little to tell a slip from another name."""
_LONG = 14
"""Letters and digits from which two names on one page are a slip too."""
_COMMONEST = 64
"""Names that may share a spelling less one letter."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name that only works when spelled exactly; the line it first stands on."""

    kind: str
    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Misspelling:
    """Two spellings and the documents (by position) that use each, the rarer one first."""

    kind: str
    rare: str
    usual: str
    rare_in: tuple[int, ...]
    usual_in: tuple[int, ...]
    score: float


def identifiers(text: str) -> Iterator[Identifier]:
    """Each channel and mail address of ``text`` once, with the span of the line it first stands on."""
    seen: set[tuple[str, str]] = set()
    for match in _MARKED.finditer(text):
        kind = "mail address" if match["mail"] else "channel"
        name = (match["mail"] or match["channel"] or match["tagged"]).lower().rstrip("._-")
        if (kind, name) in seen:
            continue
        seen.add((kind, name))
        yield Identifier(kind, name, *line_around(text, match.start(), match.end()))


def line_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The line around a span without its indentation, at most 200 characters each side."""
    first = max(text.rfind("\n", 0, start) + 1, start - 200)
    stop = text.find("\n", end)
    last = min(len(text) if stop < 0 else stop, end + 200)
    first += len(text[first:last]) - len(text[first:last].lstrip())
    return first, first + len(text[first:last].rstrip())


def misspellings(found: Sequence[Sequence[Identifier]]) -> list[Misspelling]:
    """Pairs of spellings among the identifiers of documents, the surest first."""
    used: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for position, identified in enumerate(found):
        for each in identified:
            used[each.kind, each.name].append(position)
    near: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for kind, name in sorted(used):
        for key in _deletions(squash(name.partition("@")[0])):
            near[kind + name.partition("@")[2], key].append((kind, name))
    pairs = {pair for names in near.values() if len(names) <= _COMMONEST for pair in combinations(names, 2)}
    slips = (_slip(one, other, used) for one, other in sorted(pairs))
    return sorted((each for each in slips if each), key=lambda each: (-each.score, each.rare, each.usual))


def _deletions(word: str) -> set[str]:
    """``word`` itself and all it becomes without one letter (Garbe's symmetric deletion)."""
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))} if len(word) < 64 else {word}


def _slip(one: tuple[str, str], other: tuple[str, str], used: dict[tuple[str, str], list[int]]) -> Misspelling | None:
    mine, theirs = squash(one[1].partition("@")[0]), squash(other[1].partition("@")[0])
    if re.sub(r"\D", "", mine) != re.sub(r"\D", "", theirs):
        return None
    same = mine == theirs
    shorter, longer = sorted((mine, theirs), key=len)
    if not same and (len(shorter) < _SHORTEST or (len(longer) - len(shorter) != 1 and sorted(mine) != sorted(theirs))):
        return None
    beside = bool(set(used[one]) & set(used[other]))
    if beside and not same and len(shorter) < _LONG:
        return None
    rare, usual = sorted((one, other), key=lambda each: (len(used[each]), each))
    lopsided = min(len(used[usual]) / len(used[rare]), 5) / 5
    score = (0.9 if same else 0.75 + min(len(shorter), 20) / 200) + 0.05 * lopsided
    return Misspelling(one[0], rare[1], usual[1], tuple(used[rare]), tuple(used[usual]), round(score, 4))
