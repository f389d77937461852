"""Abbreviations that are spelled out in two ways: *Authority to Operate (ATO)* and *Authorization to Operate (ATO)*.

Found by form: an abbreviation in brackets and before it words that begin with its
letters. Plurals, hyphens, capitals and words such as *of* make no difference, and two
long forms that share hardly a word are two things with one abbreviation.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from foretune.evidence import Token, squash, tokens
from foretune.governance.contradiction.identifiers import Identifier, Misspelling, line_around

__all__ = ["expansions", "variants"]

_BRACKETED = re.compile(r"\((?P<short>[A-Z][A-Za-z&]{1,6}[A-Z])s?\)")
_BEFORE = 400
"""Characters before the bracket that may hold the long form; link targets stand between."""
_JOINING = frozenset(["of", "and", "for", "the", "in", "on", "to", "a", "an", "with", "at", "by", "or"])
_SHORTEST = 3
"""Letters of an abbreviation; two letters stand for too many things."""
_ENDING = 3
"""Letters that inflection may add to what two words have in common."""


def expansions(text: str, read: str) -> Iterator[Identifier]:
    """Each long form in ``text`` once; ``read`` is the text with its markup blanked, offsets kept."""
    seen: set[tuple[str, str]] = set()
    for match in _BRACKETED.finditer(read):
        letters = [c for c in match["short"] if c.isupper()]
        if len(letters) < _SHORTEST:
            continue
        first = max(0, match.start() - _BEFORE)
        words = tokens(read[first : match.start()])
        long = _long_form(words, letters)
        if long is None:
            continue
        name = " ".join(word.text for word in long)
        key = (match["short"], _folded(name))
        if key not in seen:
            seen.add(key)
            yield Identifier(match["short"], name, *line_around(text, first + long[0].start, match.end()))


def _long_form(words: Sequence[Token], letters: Sequence[str]) -> Sequence[Token] | None:
    """The last words whose initials are ``letters``, with or without the joining words."""
    for size in range(len(letters), min(len(words), 2 * len(letters) + 1) + 1):
        run = words[-size:]
        if run[0].norm in _JOINING:
            continue
        for initials in ([w for w in run if w.norm not in _JOINING], run):
            if [word.text[0].upper() for word in initials] == list(letters):
                return run
    return None


def variants(found: Sequence[Sequence[Identifier]]) -> list[Misspelling]:
    """Pairs of long forms of one abbreviation that differ in a word or in the order, the surest first."""
    used: defaultdict[str, defaultdict[str, list[tuple[int, str]]]] = defaultdict(lambda: defaultdict(list))
    for position, expanded in enumerate(found):
        for each in expanded:
            used[each.kind][_folded(each.name)].append((position, each.name))
    made = []
    for short, long_forms in sorted(used.items()):
        forms = _without_inflection(long_forms)
        for one, other in combinations(sorted(forms), 2):
            alike = _alike(one.split(), other.split())
            if not alike:
                continue
            rare, usual = sorted((one, other), key=lambda form: (len(forms[form]), form))
            made.append(
                Misspelling(
                    short,
                    forms[rare][0][1],
                    forms[usual][0][1],
                    tuple(sorted({position for position, _ in forms[rare]})),
                    tuple(sorted({position for position, _ in forms[usual]})),
                    round(alike, 4),
                )
            )
    return sorted(made, key=lambda each: (-each.score, each.kind, each.rare))


def _without_inflection(forms: Mapping[str, list[tuple[int, str]]]) -> dict[str, list[tuple[int, str]]]:
    """Forms that differ only by inflection taken together, under the commonest."""
    merged: dict[str, list[tuple[int, str]]] = {}
    for form in sorted(forms, key=lambda each: (-len(forms[each]), each)):
        same = next((known for known in merged if _same(form.split(), known.split())), form)
        merged.setdefault(same, []).extend(forms[form])
    return merged


def _same(one: Sequence[str], other: Sequence[str]) -> bool:
    return len(one) == len(other) and all(_inflected(a, b) for a, b in zip(one, other, strict=True))


def _folded(name: str) -> str:
    return " ".join(squash(word.text) for word in tokens(name) if word.norm not in _JOINING)


def _alike(one: Sequence[str], other: Sequence[str]) -> float:
    """0 where two long forms are the same but for inflection, or have too little in common; else how sure a slip is."""
    if squash("".join(one)) == squash("".join(other)) or len(one) != len(other):
        return 0.0
    if sorted(one) == sorted(other):
        return 0.85
    differing = [(a, b) for a, b in zip(one, other, strict=True) if not _inflected(a, b)]
    if len(differing) != 1 or len(one) < 2:
        return 0.0
    return 0.7 + 0.05 * min(len(one) - 1, 3)


def _inflected(one: str, other: str) -> bool:
    shared = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared += 1
    return one == other or (shared >= 3 and max(len(one), len(other)) - shared <= _ENDING)
