"""Duplicates: the same text twice, texts that are nearly the same, and texts that stand in another in full."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.columns import Blobs, Strings
from foretune.governance.signed import Signed, SignedColumns, dump, load
from foretune.types import Document, Finding, Related, Severity, digest

if TYPE_CHECKING:
    from foretune.governance.words import Hashes

__all__ = ["Group", "clusters", "duplicate", "groups", "keeper", "sign", "sign_all"]

TYPES = {"exact": Severity.MEDIUM, "near": Severity.MEDIUM, "contained": Severity.LOW, "semantic": Severity.LOW}

CONTAINED = 0.95
"""A document is contained in another that holds this much of its runs of five words."""
_SPACES = bytes(code for code in range(128) if chr(code).isspace())
_WIDE_SPACES = tuple(chr(code) for code in range(128, 0x3001) if chr(code).isspace())
_COMPARED_AT_ONCE = 128
"""Shingle sets kept in memory while candidates are compared."""


def sign(document: Document) -> Signed:
    """What a document is compared by."""
    return sign_all([document])[0]


def sign_all(documents: Sequence[Document]) -> SignedColumns:
    """The same for many documents."""
    import numpy as np

    from foretune.governance.minhash import minhash, samples_of, shingles_of
    from foretune.governance.words import AT_ONCE, composed

    signed = SignedColumns()
    signed.ids, signed.paths = Strings(each.id for each in documents), Strings(each.path for each in documents)
    signed.dates = Strings(each.date for each in documents)
    signed.modified = Strings(each.modified for each in documents)
    for each in documents:
        described = (each.title, each.author, each.event, each.date, each.tags, each.keywords)
        signed.labels.append(sum(map(bool, described)))
    for start in range(0, len(documents), AT_ONCE):
        texts = [composed(each.text) for each in documents[start : start + AT_ONCE]]
        hashes, bounds = shingles_of(texts)
        sums = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(hashes)))[bounds]
        for text, words in zip(texts, np.diff(sums), strict=True):
            bare, length = _bare(text)
            signed.lengths.append(length)
            signed.exact.append(_exact(bare, words.tobytes()) if bare else b"")
        signed.signatures += minhash(hashes, bounds).tobytes()
        signed.samples += Blobs.of(*samples_of(hashes, bounds))
    return signed


def _bare(text: str) -> tuple[bytes, int]:
    """``text`` without white space, and its length in characters; three times as fast as ``text.split()``."""
    data = text.encode()
    if len(data) > len(text):
        for space in _WIDE_SPACES:
            if space in text:
                text = "".join(text.split())
                return text.encode(), len(text)
    bare = data.translate(None, _SPACES)
    return bare, len(text) - (len(data) - len(bare))


def _exact(bare: bytes, words: bytes) -> bytes:
    """The hash of a text without white space and of what its words come to: "no where" is not "nowhere"."""
    return hashlib.blake2b(bare, digest_size=16, salt=words).digest()


@corpus_check(
    "duplicate",
    types=TYPES,
    sign=sign,
    sign_all=sign_all,
    dump=dump,
    load=load,
    columns=("text", "title", "author", "event", "date", "modified", "tags", "keywords", "path"),
    settings=("near_duplicate",),
    version=3,
)
def duplicate(signed: Sequence[Signed], text: Callable[[str], str], settings: CheckSettings) -> Iterable[Finding]:
    """Documents with the same text (*exact*; layout does not count), nearly the same (*near*), or in another in full.

    Near means that two documents share at least ``[governance] near_duplicate`` of their runs of five words.
    Groups are formed from such pairs; in each the newest is proposed to be kept, else the longest, else the
    best described, else the first by path. Each of the others carries one finding that points to it and says why.
    *Contained*: nearly all of a document stands in a longer one, of which it is only a part; it may be meant to
    stand alone, so it is in no group.
    """
    compared = _Comparison(text)
    columns = SignedColumns.of(signed)
    together: dict[str, str] = {}
    for group in _groups(columns, compared, settings.near_duplicate):
        kept = group.kept
        cluster = digest(min(member.id for member in group.members))[:16]
        together |= {member.id: cluster for member in group.members}
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
    for part, whole, share in _contained(columns, together, compared):
        all_of_it = "All" if share == 1 else f"{share:.0%}"
        yield Finding(
            part.id,
            "duplicate",
            "contained",
            TYPES["contained"],
            f"{all_of_it} of this text also stands in {whole.path}, which is longer: keep this one only if it is meant "
            "to stand alone.",
            score=round(share, 4),
            related=(Related(whole.path),),
            evidence={"container": whole.id, "containment": round(share, 4)},
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
    return _groups(SignedColumns.of(signed), _Comparison(text), threshold)


def _groups(signed: SignedColumns, compared: _Comparison, threshold: float) -> Iterator[Group]:
    for members in clusters(signed, compared.jaccard, threshold):
        kept, reason = keeper(members)
        similarities = (1.0 if each.exact == kept.exact else compared.jaccard(each.id, kept.id) for each in members)
        yield Group(tuple(members), kept, reason, tuple(similarities))


def clusters(
    signed: SignedColumns, similarity: Callable[[str, str], float], threshold: float
) -> Iterator[list[Signed]]:
    """Groups of two or more that are connected by exact or near-duplicate pairs, in order of path.

    ``similarity`` takes two ids and gives their true Jaccard similarity.
    """
    import numpy as np

    from foretune.governance.minhash import PERMUTATIONS, candidates

    order = signed.in_order()
    distinct, firsts = signed.copies(order)  # copies need no comparing
    union = _Union(len(order))
    for place in np.flatnonzero(firsts != np.arange(len(firsts))).tolist():
        union.join(int(firsts[place]), place)
    signatures = np.frombuffer(signed.signatures, dtype="<u2").reshape(-1, PERMUTATIONS)
    for left, right in candidates(signatures, order[distinct], threshold):
        a, b = int(distinct[left]), int(distinct[right])
        one, other = signed.ids[int(order[a])], signed.ids[int(order[b])]
        if union.find(a) != union.find(b) and similarity(one, other) >= threshold:
            union.join(a, b)
    del distinct, firsts, signatures
    roots = np.fromiter(map(union.find, range(len(order))), dtype=np.int64, count=len(order))
    groups: defaultdict[int, list[Signed]] = defaultdict(list)
    for place in np.flatnonzero(np.bincount(roots)[roots] > 1).tolist():  # most are alone
        groups[int(roots[place])].append(signed[int(order[place])])
    yield from groups.values()


def keeper(members: Sequence[Signed]) -> tuple[Signed, str]:
    """Which of a group to keep, and why: "newer (2021-03-04)", "longer", "better described" or "the first by path"."""

    def first_of(candidates: Iterable[Signed]) -> Signed:
        return min(candidates, key=lambda each: (each.path, each.id))

    for name in ("date", "modified"):
        newest = max(getattr(each, name) for each in members)
        if any(getattr(each, name) != newest for each in members):
            members = [each for each in members if getattr(each, name) == newest]
            if len(members) == 1:
                return members[0], f"newer ({newest[:10]})"
            break  # several are equally new: length decides among them
    for field, reason in (("length", "longer"), ("labels", "better described")):
        most = max(getattr(each, field) for each in members)
        if any(getattr(each, field) != most for each in members):
            return first_of(each for each in members if getattr(each, field) == most), reason
    return first_of(members), "the first by path"


def _contained(
    signed: SignedColumns, together: dict[str, str], compared: _Comparison
) -> Iterator[tuple[Signed, Signed, float]]:
    """Documents that stand in a longer one that is in no group with them: part, whole, containment; by path of part."""

    from foretune.governance.minhash import holders

    samples = signed.samples.values("<u4")
    bounds = signed.samples.bounds // samples.itemsize
    for position, wholes in holders(samples, bounds, signed.in_order(), CONTAINED):
        part = signed[position]
        best: tuple[float, Signed] | None = None
        for each in wholes:
            whole = signed[each]
            alike = part.id in together and together[part.id] == together.get(whole.id)
            if whole.length <= part.length or alike:
                continue
            share = compared.containment(part.id, whole.id)
            if share >= CONTAINED and (best is None or share > best[0]):
                best = share, whole
        if best is not None:
            yield part, best[1], best[0]


class _Comparison:
    """True similarities, with the shingle sets last used kept at hand."""

    def __init__(self, text: Callable[[str], str]) -> None:
        from foretune.governance.minhash import shingles
        from foretune.governance.words import composed

        self._shingles: Callable[[str], Hashes] = lru_cache(maxsize=_COMPARED_AT_ONCE)(
            lambda document_id: shingles(composed(text(document_id)))
        )

    def jaccard(self, left: str, right: str) -> float:
        from foretune.governance.minhash import jaccard

        return jaccard(self._shingles(left), self._shingles(right))

    def containment(self, part: str, whole: str) -> float:
        from foretune.governance.minhash import containment

        return containment(self._shingles(part), self._shingles(whole))


class _Union:
    """Disjoint sets with path halving; the root is the smallest member."""

    def __init__(self, size: int) -> None:
        self._parent = array("q", range(size))

    def find(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def join(self, left: int, right: int) -> None:
        low, high = sorted((self.find(left), self.find(right)))
        self._parent[high] = low
