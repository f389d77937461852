"""Duplicates: the same text twice, and texts that are nearly the same."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.types import Document, Finding, Related, Severity, digest

if TYPE_CHECKING:
    from foretune.governance.minhash import Hashes

__all__ = ["Group", "Signed", "clusters", "duplicate", "groups", "keeper", "sign"]

TYPES = {"exact": Severity.MEDIUM, "near": Severity.MEDIUM}

_COMPARED_AT_ONCE = 128
"""Shingle sets kept in memory while candidates are compared."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a document is compared by: about 1.2 kB, whatever its length."""

    id: str
    path: str
    date: str
    modified: str
    length: int
    """Characters."""
    exact: bytes
    """Hash of the text without differences of layout; empty for an empty text."""
    signature: Hashes


def sign(document: Document) -> Signed:
    """Hash and MinHash signature of a document."""
    from foretune.governance.minhash import minhash, shingles

    text = " ".join(unicodedata.normalize("NFC", document.text).split())
    return Signed(
        document.id,
        document.path,
        document.date,
        document.modified,
        len(text),
        hashlib.blake2b(text.encode(), digest_size=16).digest() if text else b"",
        minhash(shingles(text)),
    )


@corpus_check(
    "duplicate",
    types=TYPES,
    sign=sign,
    columns=("text", "date", "modified", "path"),
    settings=("near_duplicate",),
)
def duplicate(signed: Sequence[Signed], text: Callable[[str], str], settings: CheckSettings) -> Iterable[Finding]:
    """Documents with the same text (*exact*; layout does not count) or nearly the same (*near*).

    Near means that two documents share at least ``[governance] near_duplicate`` of their runs of five words.
    Groups are formed from such pairs; in each the newest is proposed to be kept, else the longest, else the
    first by path. Each of the others carries one finding that points to it and says why.
    """
    for group in groups(signed, text, settings.near_duplicate):
        kept = group.kept
        cluster = digest(min(member.id for member in group.members))[:16]
        for member, similarity in zip(group.members, group.similarities, strict=True):
            if member is kept:
                continue
            exact = member.exact == kept.exact
            alike = "The same text as" if exact else f"{similarity:.0%} the same as"
            yield Finding(
                member.id,
                "duplicate",
                "exact" if exact else "near",
                TYPES["exact" if exact else "near"],
                f"{alike} {kept.path}, which is {group.reason}: keep that one.",
                score=round(similarity, 4),
                related=(Related(kept.path),),
                evidence={"cluster": cluster, "keeper": kept.id, "similarity": round(similarity, 4)},
            )


@dataclass(frozen=True, slots=True)
class Group:
    """Documents that are the same, or nearly, and which of them to keep."""

    members: tuple[Signed, ...]
    """In order of path."""
    kept: Signed
    reason: str
    """Why that one."""
    similarities: tuple[float, ...]
    """Of each member to the one that is kept: Jaccard similarity, 0 to 1."""


def groups(signed: Sequence[Signed], text: Callable[[str], str], threshold: float) -> Iterator[Group]:
    """The groups of duplicates and near-duplicates, in order of path."""
    compared = _Comparison(text)
    for members in clusters(signed, compared.jaccard, threshold):
        kept, reason = keeper(members)
        similarities = (1.0 if each.exact == kept.exact else compared.jaccard(each.id, kept.id) for each in members)
        yield Group(tuple(members), kept, reason, tuple(similarities))


def clusters(
    signed: Sequence[Signed], similarity: Callable[[str, str], float], threshold: float
) -> Iterator[list[Signed]]:
    """Groups of two or more that are connected by exact or near-duplicate pairs, in order of path.

    ``similarity`` takes two ids and gives their true Jaccard similarity.
    """
    from foretune.governance.minhash import candidates

    ordered = sorted((each for each in signed if each.exact), key=lambda each: (each.path, each.id))
    union = _Union(len(ordered))
    first: dict[bytes, int] = {}
    for position, each in enumerate(ordered):
        union.join(first.setdefault(each.exact, position), position)
    distinct = sorted(first.values())  # copies need no comparing
    for left, right in candidates([ordered[position].signature for position in distinct], threshold):
        a, b = distinct[left], distinct[right]
        if union.find(a) != union.find(b) and similarity(ordered[a].id, ordered[b].id) >= threshold:
            union.join(a, b)
    groups: defaultdict[int, list[Signed]] = defaultdict(list)
    for position, each in enumerate(ordered):
        groups[union.find(position)].append(each)
    yield from (group for group in groups.values() if len(group) > 1)


def keeper(members: Sequence[Signed]) -> tuple[Signed, str]:
    """Which of a group to keep, and why: "newer (2021-03-04)", "longer" or "the first by path"."""

    def first_of(candidates: Iterable[Signed]) -> Signed:
        return min(candidates, key=lambda each: (each.path, each.id))

    for name in ("date", "modified"):
        newest = max(getattr(each, name) for each in members)
        if any(getattr(each, name) != newest for each in members):
            members = [each for each in members if getattr(each, name) == newest]
            if len(members) == 1:
                return members[0], f"newer ({newest[:10]})"
            break  # several are equally new: length decides among them
    longest = max(each.length for each in members)
    if any(each.length != longest for each in members):
        return first_of(each for each in members if each.length == longest), "longer"
    return first_of(members), "the first by path"


class _Comparison:
    """True similarities, with the shingle sets last used kept at hand."""

    def __init__(self, text: Callable[[str], str]) -> None:
        from foretune.governance.minhash import shingles

        self._shingles = lru_cache(maxsize=_COMPARED_AT_ONCE)(lambda document_id: shingles(text(document_id)))

    def jaccard(self, left: str, right: str) -> float:
        from foretune.governance.minhash import jaccard

        return jaccard(self._shingles(left), self._shingles(right))


class _Union:
    """Disjoint sets with path halving; the root is the smallest member."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, left: int, right: int) -> None:
        low, high = sorted((self.find(left), self.find(right)))
        self._parent[high] = low
