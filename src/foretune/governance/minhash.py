"""Near-duplicates: word shingles, MinHash signatures, banding, and the true Jaccard similarity.

Shingles are hashed to 64 bits; a signature is the smallest value of each shingle set
under :data:`PERMUTATIONS` random functions (Broder 1997, "On the resemblance and
containment of documents"), of which 16 bits are kept (Li and König 2010, "b-Bit Minwise
Hashing"). Documents that agree in a whole band of a signature are candidates (Leskovec,
Rajaraman, Ullman, "Mining of Massive Datasets", 3.4); they are then compared exactly, so
that bands decide only what is missed, never what is reported.

Everything is done for many documents at once, on arrays: a document costs less than a
tenth of a millisecond (``docs/decisions/0005-preparation-engine.md``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from foretune.governance.words import Hashes, multipliers, scrambled, words_of

__all__ = [
    "PERMUTATIONS",
    "SHINGLE",
    "Signatures",
    "bands",
    "candidates",
    "containment",
    "holders",
    "jaccard",
    "minhash",
    "samples_of",
    "shingles",
    "shingles_of",
]

Signatures = NDArray[np.uint16]
Sample = NDArray[np.uint32]

PERMUTATIONS = 128
SHINGLE = 5
"""Words in a shingle."""
SAMPLED = 16
"""One shingle in so many is kept to find which documents hold others."""
_RECALL = 0.995
"""Share of the pairs exactly at the threshold that the bands must let through."""
_SIGMAS = 4.0
"""Candidates whose signatures say that they are this many standard errors below the threshold are not compared."""
_BLOCK = 1 << 16
"""Shingles hashed at once: their 32 bits fit the second-level cache."""
_CROWD = 30
_LOOKED_UP = 3
"""Values of a sample by which sets that hold it are found."""
_FEWEST = 4
"""A smaller sample (about fifty words of text) tells too little."""

_KNOWN_BITS = 24
_LOW = np.uint64(0xFFFFFFFF)

_EMPTY = np.iinfo(np.uint32).max


# Multiplication by an odd number permutes 32 bits (Dietzfelbinger et al. 1997, "A reliable randomized algorithm for
# the closest-pair problem"); what is multiplied is well mixed already.
_A = (multipliers(PERMUTATIONS, 1) >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
_POSITION = multipliers(SHINGLE, 3)


def shingles(text: str) -> Hashes:
    """Sorted 64-bit hashes of the distinct runs of :data:`SHINGLE` words, (n,); of a shorter text, its one run."""
    hashes, _ = shingles_of([text])
    return np.unique(hashes)


def shingles_of(texts: Sequence[str]) -> tuple[Hashes, NDArray[np.int64]]:
    """The same for many texts, in order of place and with repetitions, (n,); and where each text's begin, (texts + 1,).

    Words are those of :func:`~foretune.governance.words.normalised_words`.
    """
    words, _, firsts, *_ = words_of(texts)
    counts = np.diff(firsts)
    runs = np.where(counts >= SHINGLE, counts - (SHINGLE - 1), np.minimum(counts, 1))
    bounds = np.concatenate(([0], np.cumsum(runs)))
    padded = np.concatenate((words, np.zeros(SHINGLE - 1, dtype=np.uint64)))
    mixed = padded[: len(words)] * _POSITION[0]
    for position in range(1, SHINGLE):
        mixed += padded[position : position + len(words)] * _POSITION[position]
    for text in np.flatnonzero(
        (counts > 0) & (counts < SHINGLE)
    ):  # shorter than one run: without the next text's words
        first, last = firsts[text], firsts[text + 1]
        mixed[first] = (words[first:last] * _POSITION[: last - first]).sum(dtype=np.uint64)
    begins = np.arange(bounds[-1], dtype=np.int64) + np.repeat(firsts[:-1] - bounds[:-1], runs)
    return scrambled(mixed[begins]), bounds


def minhash(hashes: Hashes, bounds: NDArray[np.int64]) -> Signatures:
    """The signatures of shingle sets, (sets, :data:`PERMUTATIONS`); of the empty set, all ones.

    ``bounds`` says where each set begins in ``hashes``, as :func:`shingles_of` gives them.
    """
    values = (hashes >> np.uint64(32)).astype(np.uint32)
    filled = np.flatnonzero(np.diff(bounds))
    smallest = np.full((PERMUTATIONS, len(bounds) - 1), _EMPTY, dtype=np.uint32)
    done = 0
    while done < len(filled):  # some sets at a time, at least one; a long one in blocks
        first = bounds[filled[done]]
        last = max(done + 1, int(np.searchsorted(bounds[filled + 1], first + _BLOCK, side="right")))
        stop, some = bounds[filled[last - 1] + 1], filled[done:last]
        starts = bounds[some] - first
        for at in range(first, stop, _BLOCK):
            block = values[at : min(stop, at + _BLOCK)]
            product = np.empty_like(block)
            for permutation in range(PERMUTATIONS):
                np.multiply(block, _A[permutation], out=product)
                least = np.minimum.reduceat(product, starts)
                smallest[permutation, some] = np.minimum(smallest[permutation, some], least)
        done = last
    return np.ascontiguousarray(smallest.astype(np.uint16).T)


def samples_of(hashes: Hashes, bounds: NDArray[np.int64]) -> tuple[Sample, NDArray[np.int64]]:
    """The same part of any shingle set, one in :data:`SAMPLED`, sorted: a set's sample holds that of its subsets.

    Of many sets, as :func:`shingles_of` gives them: all samples end to end, and how many numbers each has.
    Source: Manber 1994, "Finding similar files in a large file system"; FracMinHash in newer papers.
    """
    kept = np.flatnonzero(hashes < np.uint64(2**64 // SAMPLED))
    owners = np.searchsorted(bounds, kept, side="right").astype(np.uint64) - np.uint64(1)
    keys = np.unique((owners << np.uint64(32)) | (hashes[kept] & _LOW))
    counts = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(bounds) - 1)
    return (keys & _LOW).astype(np.uint32), counts


def holders(
    values: Sample, bounds: NDArray[np.int64], order: NDArray[np.int64], share: float
) -> Iterator[tuple[int, list[int]]]:
    """For each set whose sample says that others may hold ``share`` of it: its position, and theirs; in ``order``.

    ``bounds`` says where the sample of each set begins in ``values``, (sets + 1,). A set is looked up by the smallest
    values of its sample: where another holds nearly all of it, it holds one of them. A value that more than
    :data:`_CROWD` sets have (a footer, a licence) says nothing.
    """
    lengths = np.diff(bounds)
    large = bounds[:-1][lengths >= _FEWEST]
    if not len(large):
        return
    keys = np.unique(np.concatenate([values[large + number] for number in range(_LOOKED_UP)]))
    held, owners = _holding(values, bounds, keys)
    edges = np.flatnonzero(np.concatenate(([True], held[1:] != held[:-1], [True])))
    sizes = np.diff(edges)
    near: dict[int, set[int]] = {}
    for group in np.flatnonzero((sizes > 1) & (sizes <= _CROWD)).tolist():
        value, members = held[edges[group]], owners[edges[group] : edges[group + 1]].tolist()
        for position in members:
            first = bounds[position]
            if lengths[position] >= _FEWEST and value in values[first : first + _LOOKED_UP]:
                near.setdefault(position, set()).update(members)
    del held, owners, edges, sizes, keys
    ranks = np.empty(len(lengths), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    for position in sorted(near, key=ranks.__getitem__):
        mine = values[bounds[position] : bounds[position + 1]]
        least = share - _SIGMAS * (share * (1 - share) / len(mine)) ** 0.5
        found = [
            other
            for other in sorted(near[position] - {position}, key=ranks.__getitem__)
            if lengths[other] >= len(mine)
            and len(np.intersect1d(mine, values[bounds[other] : bounds[other + 1]], assume_unique=True))
            >= least * len(mine)
        ]
        if found:
            yield position, found


def _holding(values: Sample, bounds: NDArray[np.int64], keys: Sample) -> tuple[Sample, NDArray[np.int32]]:
    """Which sets hold which of ``keys``: values in rising order, and whose they are; some sets at a time."""
    # Most values are none of the keys: a table of their first bits says so without a search.
    known = np.zeros(1 << _KNOWN_BITS, dtype=np.bool_)
    shift = np.uint32(32 - _KNOWN_BITS)
    known[keys >> shift] = True
    found, owners = [], []
    for first in range(0, len(values), _BLOCK):
        some = values[first : first + _BLOCK]
        places = np.flatnonzero(known[some >> shift])
        some = some[places]
        held = keys[np.minimum(np.searchsorted(keys, some), len(keys) - 1)] == some
        found.append(some[held])
        owners.append((np.searchsorted(bounds, places[held] + first, side="right") - 1).astype(np.int32))
    every, whose = np.concatenate(found), np.concatenate(owners)
    order = np.argsort(every, kind="stable")
    return every[order], whose[order]


def bands(threshold: float) -> tuple[int, int]:
    """How many bands of how many rows: the longest rows that let through 99.5 % of the pairs at ``threshold``.

    A pair of similarity s shares at least one of b bands of r rows with probability
    1 - (1 - s^r)^b; longer rows mean fewer candidates to compare.
    """
    for rows in range(PERMUTATIONS, 1, -1):
        count = PERMUTATIONS // rows
        if 1 - (1 - threshold**rows) ** count >= _RECALL:
            return count, rows
    return PERMUTATIONS, 1


def candidates(signatures: Signatures, rows: NDArray[np.int64], threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) of places in ``rows`` that share a band and may be as similar as ``threshold``.

    Each pair once. In a bucket of more than :data:`_CROWD` each is paired with the first and with its predecessor
    only: a thousand copies make two thousand pairs and not half a million.
    """
    count, width = bands(threshold)
    least = threshold - _SIGMAS * (threshold * (1 - threshold) / PERMUTATIONS) ** 0.5
    seen: set[tuple[int, int]] = set()
    for band in range(count):
        for members in _buckets(signatures, rows, range(band * width, (band + 1) * width)):
            for pair in _pairs(members):
                if pair not in seen:
                    seen.add(pair)
                    left, right = signatures[rows[pair[0]]], signatures[rows[pair[1]]]
                    if np.count_nonzero(left == right) >= least * PERMUTATIONS:
                        yield pair


def _buckets(signatures: Signatures, rows: NDArray[np.int64], band: range) -> Iterator[list[int]]:
    """Places of the rows that are alike in a band, by what they have there."""
    mixed = np.zeros(len(rows), dtype=np.uint64)
    for column in band:
        mixed = scrambled(mixed + signatures[rows, column])
    order = np.argsort(mixed, kind="stable")
    ordered = mixed[order]
    del mixed
    alike = ordered[1:] == ordered[:-1]
    starts = np.flatnonzero(alike & ~np.concatenate(([False], alike[:-1])))
    ends = np.flatnonzero(alike & ~np.concatenate((alike[1:], [False]))) + 2
    del ordered, alike
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield order[start:end].tolist()


def _pairs(members: list[int]) -> Iterator[tuple[int, int]]:
    if len(members) <= _CROWD:
        yield from combinations(members, 2)
        return
    for before, member in pairwise(members):
        yield before, member
        yield members[0], member


def jaccard(left: Hashes, right: Hashes) -> float:
    """Shared shingles over all shingles, 0 to 1."""
    if len(left) == 0 or len(right) == 0:
        return 0.0
    shared = len(np.intersect1d(left, right, assume_unique=True))
    return shared / (len(left) + len(right) - shared)


def containment(part: Hashes, whole: Hashes) -> float:
    """The share of the shingles of ``part`` that ``whole`` holds, 0 to 1."""
    return len(np.intersect1d(part, whole, assume_unique=True)) / len(part) if len(part) else 0.0
