"""How close is it to the author? One number a text, calibrated on texts whose author is known.

The number is :meth:`foretune.governance.stylometry.Author.likeness`: function words, punctuation, runs of three
letters, lengths of words and sentences. What it means is measured anew for every author, on pieces as long as the
texts to be judged: each piece by the author is held against the author without the text it comes from, and the
errors of a limit are counted on the half of the pieces that took no part in setting it (two-fold cross-validation;
Stamatatos 2009, JASIST 60(3), §5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from foretune.governance.stylometry import Author, Style, style

__all__ = ["FEWEST_TEXTS", "FEWEST_WORDS", "Voice", "calibrate", "first_words"]

FEWEST_TEXTS = 10
"""An author of fewer texts is known too little to be told from others."""
FEWEST_WORDS = 40
"""Shorter texts say nothing about who wrote them."""
_MOST_TEXTS = 200
"""An author of more is not known better."""
_OWN_SHARE = 0.05
"""Without texts by others the limit is where so many of the author's own pieces fall below it."""


@dataclass(frozen=True, slots=True)
class Voice:
    """An author, the limit above which a text sounds like theirs, and how often that errs."""

    author: Author
    words: int
    """Length of the pieces it was calibrated on."""
    limit: float
    """Likeness, in nats a feature."""
    own: int
    """Pieces of the author that were judged while they were held back."""
    own_rejected: int
    others: int
    """Pieces by others; 0 where there were none to calibrate on."""
    others_accepted: int
    own_median: float
    """Median likeness of the author's own pieces, held back: what there is to reach."""

    def likeness(self, text: str) -> float | None:
        """Nats a feature, of the first :attr:`words` words; None for what is no English prose or too short."""
        piece = first_words(text, self.words)
        found = style(piece)
        if len(piece.split()) < FEWEST_WORDS or not found.readable:
            return None
        return self.author.likeness(found)


def first_words(text: str, count: int) -> str:
    """The first ``count`` words, line breaks kept."""
    end = words = 0
    for line in text.splitlines(keepends=True):
        found = line.split()
        if words + len(found) >= count:
            return text[:end] + " ".join(found[: count - words])
        words += len(found)
        end += len(line)
    return text


def calibrate(own: Sequence[str], others: Sequence[str], *, words: int) -> Voice | None:
    """Learn the author from ``own`` and calibrate on pieces of ``words`` words; None where there is too little.

    Args:
        own: texts by the author, in an order that does not sort them by subject.
        others: texts by other people, the more alike in kind the better; may be empty.
    """
    readable = [text for text in own if style(text).readable][:_MOST_TEXTS]
    if len(readable) < FEWEST_TEXTS or words < FEWEST_WORDS:
        return None
    whole = [style(text) for text in readable]
    author = Author(whole)
    # Each against the author without it: with fewer texts an author is wider, and the limit would not carry over.
    mine = [
        Author(whole[:n] + whole[n + 1 :]).likeness(piece)
        for n, text in enumerate(readable)
        if (piece := _piece(text, words)) is not None
    ]
    theirs = [author.likeness(piece) for text in others if (piece := _piece(text, words)) is not None]
    if len(mine) < FEWEST_TEXTS:
        return None
    rejected = accepted = 0
    for fold in (0, 1):
        limit = _limit(mine[1 - fold :: 2], theirs[1 - fold :: 2])
        rejected += sum(value < limit for value in mine[fold::2])
        accepted += sum(value >= limit for value in theirs[fold::2])
    return Voice(
        author,
        words,
        _limit(mine, theirs),
        len(mine),
        rejected,
        len(theirs),
        accepted,
        sorted(mine)[len(mine) // 2],
    )


def _piece(text: str, words: int) -> Style | None:
    piece = first_words(text, words)
    found = style(piece)
    return found if found.readable and len(piece.split()) >= min(words, FEWEST_WORDS) else None


def _limit(own: Sequence[float], others: Sequence[float]) -> float:
    """Where the two rates of error sum to the least; midway between the values it falls between."""
    ordered = sorted(own)
    if not others:
        return ordered[int(_OWN_SHARE * len(ordered))]
    values = sorted({*own, *others})
    limits = [values[0] - 1, *((low + high) / 2 for low, high in pairwise(values))]

    def error(limit: float) -> float:
        rejected = sum(value < limit for value in own) / len(own)
        return rejected + sum(value >= limit for value in others) / len(others)

    return min(limits, key=error)
