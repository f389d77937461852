"""Which page supersedes which: near-copies, and pages of one name or title, of which one is newer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise

from foretune.evidence import fold

__all__ = ["SKETCH", "Supersession", "Version", "alike", "supersessions", "undated"]

SKETCH = 32
"""Hashes kept of a page: the smallest of its shingles, a sample of them all (Broder 1997, the bottom-k sketch)."""
_CROWD = 8

_STAMP = re.compile(
    r"(?<![a-z0-9])(?:fy)?(?:19|20)\d\d(?:[-_. ]?(?:0[1-9]|1[0-2])(?:[-_. ]?[0-3]\d)?|[-_. ]?q[1-4])?(?![0-9])"
    r"|(?<![a-z0-9])fy[-_ ]?\d\d(?!\d)"
    r"|(?<![a-z0-9])(?:v|ver|version|rev|revision|draft|final|old|new|copy|latest"
    r"|updated)[-_. ]?\d{0,3}(?:\.\d+)*(?![a-z0-9])",
    re.IGNORECASE,
)
_LARGEST_FAMILY = 6
"""More pages of one name are a series (weekly notes), not versions."""
_RELATED = 0.2
"""Least resemblance of two pages of one name or title: versions share text, namesakes do not."""


@dataclass(frozen=True, slots=True)
class Version:
    """What pages are compared by."""

    id: str
    path: str
    title: str
    day: date | None
    record: bool
    """Reports what was: a later one of its kind does not replace it."""


@dataclass(frozen=True, slots=True)
class Supersession:
    """A page that a newer one replaces."""

    older: str
    newer: str
    why: str
    """``near-copy``, ``name`` or ``title``."""
    similarity: float


def supersessions(
    pages: Sequence[Version],
    candidates: Iterable[tuple[int, int]],
    similarity: Callable[[str, str], float],
    near_duplicate: float,
) -> Iterator[Supersession]:
    """Each superseded page once, with the newest that replaces it.

    ``candidates`` are pairs of positions in ``pages`` that may be near-duplicates
    (:func:`alike`); ``similarity`` takes two ids and gives their Jaccard similarity.
    """
    done: set[str] = set()
    named = _families((page for page in pages if not page.record), lambda page: undated(page.path))
    titled = _families((page for page in pages if not page.record), lambda page: _title(page.title))
    near = _newer(pages, candidates)
    for why, groups, least in (
        ("near-copy", near, near_duplicate),
        ("name", named, _RELATED),
        ("title", titled, _RELATED),
    ):
        for group in groups:
            dated = sorted((page.day, page.path, page) for page in group if page.day)
            for day, _, page in dated[:-1]:
                newest_day, _, newest = dated[-1]
                if day < newest_day and page.id not in done and (alike := similarity(page.id, newest.id)) >= least:
                    done.add(page.id)
                    yield Supersession(page.id, newest.id, why, round(alike, 4))


def _newer(pages: Sequence[Version], candidates: Iterable[tuple[int, int]]) -> list[list[Version]]:
    """Pairs of dated candidates; of those of one page, the one with the newest other comes first."""
    pairs = [sorted((pages[a], pages[b]), key=lambda page: page.day or date.min) for a, b in candidates]
    dated = [pair for pair in pairs if pair[0].day and pair[1].day and pair[0].day < pair[1].day]
    return sorted(dated, key=lambda pair: (pair[1].day, pair[1].path), reverse=True)


def alike(sketches: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) of positions whose sketches share at least half of what they could.

    Two pages that share three shingles in four share about that much of the smallest ones.
    """
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for position, sketch in enumerate(sketches):
        for value in sketch:
            holders[value].append(position)
    shared: defaultdict[tuple[int, int], int] = defaultdict(int)
    for positions in holders.values():
        for pair in combinations(positions, 2) if len(positions) <= _CROWD else pairwise(positions):
            shared[pair] += 1
    for (left, right), count in sorted(shared.items()):
        if 2 * count >= min(len(sketches[left]), len(sketches[right])):
            yield left, right


def undated(path: str) -> str:
    """A path without dates and version marks; empty where the name is nothing else.

    >>> undated("leave/policy-2019.md") == undated("leave/policy_v2.md")
    True
    """
    folder, _, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    bare = re.sub(r"[-_. ]+", "-", _STAMP.sub("", fold(stem if dot else name))).strip("-")
    return f"{folder}/{bare}.{suffix}" if len(bare) > 2 else ""


def _title(title: str) -> str:
    bare = re.sub(r"\W+", " ", _STAMP.sub("", fold(title))).strip()
    return bare if len(bare.split()) > 1 else ""


def _families(pages: Iterable[Version], key: Callable[[Version], str]) -> list[list[Version]]:
    families: defaultdict[str, list[Version]] = defaultdict(list)
    for page in pages:
        if name := key(page):
            families[name].append(page)
    return [group for group in families.values() if 1 < len(group) <= _LARGEST_FAMILY]
