"""The words of many texts at once, as numbers: what says the same, whatever its case, punctuation and layout.

Texts are laid end to end as an array of code points. A word is a polynomial of its letters modulo 2^64, a line one of
its words (Karp and Rabin 1987, "Efficient randomized pattern-matching algorithms").
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AT_ONCE",
    "Hashes",
    "Lines",
    "Words",
    "composed",
    "lines_of",
    "multipliers",
    "normalised_words",
    "scrambled",
    "words_of",
]

Hashes = NDArray[np.uint64]

AT_ONCE = 128
"""Texts to give at once: enough for the arrays to pay, and few enough to stay at hand."""
_WORD = re.compile(r"\w+")
_CHARACTERS = 1 << 14
"""Characters looked at once: what is made of them fits the second-level cache."""
_KEPT, _LARGEST = 4, 1 << 20
"""So many batches of texts stay at hand, each of so many characters at most: several checks look at the same ones."""
_PAGE = 256
_SEVERAL = np.uint32(0xFFFFFFFF)
"""Stands for a character that folds to several, as "ß" does."""


class Words(NamedTuple):
    """The words of some texts, in order."""

    hashes: Hashes
    places: NDArray[np.int64]
    """Where each begins: all texts counted through, with one character between them."""
    bounds: NDArray[np.int64]
    """The first word of each text, and how many there are, (texts + 1,)."""
    breaks: NDArray[np.int64]
    """Places at which lines end, in all texts."""
    lines: NDArray[np.int64]
    """The first line of each text, and how many there are, (texts + 1,)."""


class Lines(NamedTuple):
    """Some lines of some texts, in order."""

    hashes: NDArray[np.uint32]
    texts: NDArray[np.int64]
    """The text that each stands in."""
    numbers: NDArray[np.int64]
    """Which line of its text it is, from 0."""


def multipliers(count: int, seed: int) -> Hashes:
    """Random odd 64-bit numbers."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.integers(0, 2**63, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)


_BASE = int(multipliers(1, 4)[0])


def scrambled(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = values ^ (values >> np.uint64(31))
    return mixed


def composed(text: str) -> str:
    """``text`` in Unicode's normal form C: letters with their accents, as most programs write them."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def normalised_words(text: str) -> list[str]:
    """Words without case, punctuation and layout: what "the same text" means."""
    return _WORD.findall(text.casefold())


def words_of(texts: Sequence[str]) -> Words:
    """The words that :func:`normalised_words` gives of each text, as 64-bit hashes."""
    found = _words if sum(map(len, texts)) > _LARGEST else _kept_words
    return found(tuple(texts))


def lines_of(texts: Sequence[str], *, shortest: int, fewest: int) -> Lines:
    """The lines that have so many characters and so many words at least, by 32-bit hashes of their words."""
    words = words_of(texts)
    edges = np.concatenate(([0], np.searchsorted(words.places, words.breaks)))
    counts = np.diff(edges)
    lengths = np.diff(words.breaks, prepend=-1) - 1
    filled = np.flatnonzero(counts)
    if not len(filled):
        return Lines(np.zeros(0, np.uint32), filled, filled)
    ranks = np.arange(len(words.hashes)) - np.repeat(edges[:-1], counts)
    powers, _ = _powers(max(_CHARACTERS, len(ranks)))
    sums = np.add.reduceat(words.hashes * powers[ranks], edges[filled])
    long = (counts[filled] >= fewest) & (lengths[filled] >= shortest)
    lines = filled[long]
    owners = np.searchsorted(words.lines, lines, side="right") - 1
    return Lines((scrambled(sums[long]) >> np.uint64(32)).astype(np.uint32), owners, lines - words.lines[owners])


@lru_cache(maxsize=_KEPT)
def _kept_words(texts: tuple[str, ...]) -> Words:
    return _words(texts)


def _words(texts: tuple[str, ...]) -> Words:
    if not texts:
        nothing = np.zeros(0, np.int64)
        return Words(np.zeros(0, np.uint64), nothing, np.zeros(1, np.int64), nothing, np.zeros(1, np.int64))
    codes = _codes(texts)
    letters = np.take(_folded(), codes, mode="clip")  # no code is larger; to check that would double the time
    if (letters == _SEVERAL).any():
        texts = tuple(text.casefold() for text in texts)
        codes = _codes(texts)
        letters = np.take(_folded(), codes, mode="clip")
    inside = np.zeros(len(letters) + 1, dtype=np.bool_)
    np.not_equal(letters, 0, out=inside[1:])
    places = np.flatnonzero(inside[1:] > inside[:-1])
    stop = len(letters) - int(np.argmax(inside[::-1]))
    hashes = np.empty(len(places), dtype=np.uint64)
    done = 0
    while done < len(places):  # some words at a time: the powers of the base are for a stretch of text
        offset = places[done]
        last = max(done + 1, int(np.searchsorted(places, offset + _CHARACTERS, side="right")) - 1)
        end = places[last] if last < len(places) else stop
        powers, inverses = _powers(max(_CHARACTERS, int(end - offset)))
        begin = places[done:last] - offset
        # What stands between words is nought; dividing by the power of its place makes a word's place not matter.
        sums = np.add.reduceat(letters[offset:end] * powers[: end - offset], begin)
        hashes[done:last] = sums * inverses[begin]
        done = last
    breaks = np.concatenate((np.flatnonzero(codes == ord("\n")), [len(codes)]))
    ends = np.cumsum([len(text) + 1 for text in texts]) - 1
    bounds = np.concatenate(([0], np.searchsorted(places, ends)))
    lines = np.concatenate(([0], np.searchsorted(breaks, ends) + 1))
    return Words(scrambled(hashes), places, bounds, breaks, lines)


def _codes(texts: tuple[str, ...]) -> NDArray[np.uint32]:
    return np.frombuffer("\n".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")


@cache
def _folded() -> NDArray[np.uint32]:
    """For each code point: 0 outside words, else what ``casefold`` makes of it; :data:`_SEVERAL` for several."""
    count = 0x110000
    every = np.arange(count, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    folded = np.zeros(count, dtype=np.uint32)
    for match in _WORD.finditer(every):
        folded[match.start() : match.end()] = np.arange(match.start(), match.end())
    for first in range(0, count, _PAGE):
        page = every[first : first + _PAGE]
        if page.casefold() != page:  # of few
            for code, character in enumerate(page, first):
                plain = character.casefold()
                if plain != character:
                    folded[code] = folded[ord(plain)] if len(plain) == 1 else _SEVERAL
    return folded


@cache
def _powers(count: int) -> tuple[Hashes, Hashes]:
    """The powers of an odd number modulo 2^64, and their inverses, (count,)."""

    def rising(base: int) -> Hashes:
        factors = np.full(count, base, dtype=np.uint64)
        factors[0] = 1
        return np.multiply.accumulate(factors)

    return rising(_BASE), rising(pow(_BASE, -1, 2**64))
