"""Near-duplicates: word shingles, MinHash signatures, banding, and the true Jaccard similarity.

Shingles are hashed to 64 bits; a signature is the smallest value of each shingle set
under :data:`PERMUTATIONS` random functions (Broder 1997, "On the resemblance and
containment of documents"). Documents that agree in a whole band of a signature are
candidates (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4); they are
then compared exactly, so that bands decide only what is missed, never what is reported.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["PERMUTATIONS", "SHINGLE", "bands", "candidates", "jaccard", "minhash", "normalised_words", "shingles"]

Hashes = NDArray[np.uint64]

PERMUTATIONS = 128
SHINGLE = 5
"""Words in a shingle."""
_RECALL = 0.995
"""Share of the pairs exactly at the threshold that the bands must let through."""
_BLOCK = 4096
_CROWD = 30

_WORD = re.compile(r"\w+")


def _multipliers(count: int, seed: int) -> Hashes:
    """Random odd 64-bit numbers."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.integers(0, 2**63, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


# Multiply-shift hashing (Dietzfelbinger et al. 1997, "A reliable randomized algorithm for the closest-pair problem").
_A = _multipliers(PERMUTATIONS, 1)
_B = _multipliers(PERMUTATIONS, 2)
_POSITION = _multipliers(SHINGLE, 3)


def normalised_words(text: str) -> list[str]:
    """Words without case, punctuation and layout: what "the same text" means."""
    return _WORD.findall(text.casefold())


def shingles(text: str) -> Hashes:
    """Sorted 64-bit hashes of the distinct runs of :data:`SHINGLE` words, (n,); of a shorter text, its one run."""
    words = normalised_words(text)
    if not words:
        return np.empty(0, dtype=np.uint64)
    codes = np.fromiter((crc32(word.encode()) for word in words), dtype=np.uint64, count=len(words))
    runs = max(1, len(words) - SHINGLE + 1)
    mixed = np.zeros(runs, dtype=np.uint64)
    for position in range(min(SHINGLE, len(words))):
        mixed += _scramble(codes[position : position + runs] * _POSITION[position])
    return np.unique(_scramble(mixed))


def _scramble(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    scrambled: Hashes = values ^ (values >> np.uint64(31))
    return scrambled


def minhash(hashes: Hashes) -> Hashes:
    """The signature of a shingle set, (:data:`PERMUTATIONS`,); of the empty set, all ones."""
    signature = np.full(PERMUTATIONS, np.iinfo(np.uint64).max, dtype=np.uint64)
    for start in range(0, len(hashes), _BLOCK):
        block = hashes[start : start + _BLOCK, None]
        np.minimum(signature, (block * _A + _B).min(axis=0), out=signature)
    return signature


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


def candidates(signatures: Sequence[Hashes], threshold: float) -> Iterator[tuple[int, int]]:
    """Pairs (earlier, later) of positions that share a band, each once.

    In a bucket of more than :data:`_CROWD` each is paired with the first and with its predecessor only: a
    thousand copies make two thousand pairs and not half a million.
    """
    count, rows = bands(threshold)
    seen: set[tuple[int, int]] = set()
    for band in range(count):
        buckets: defaultdict[bytes, list[int]] = defaultdict(list)
        for position, signature in enumerate(signatures):
            buckets[signature[band * rows : (band + 1) * rows].tobytes()].append(position)
        for members in buckets.values():
            for pair in _pairs(members):
                if pair not in seen:
                    seen.add(pair)
                    yield pair


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
