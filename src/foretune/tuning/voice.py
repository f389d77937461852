"""How close is it to the author? One number a text, calibrated on texts whose author is known.

The number is :meth:`foretune.governance.stylometry.Author.likeness`: function words, punctuation, runs of three
letters, lengths of words and sentences. What it means is measured anew for every author, on pieces as long as the
texts to be judged: a limit is set on one half of the author's texts and of others' and its errors are counted on
the other half, which took no part in it (two-fold cross-validation; Stamatatos 2009, JASIST 60(3), §5).
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
    whole = [found for text in own if (found := style(text)).readable]
    if len(whole) < FEWEST_TEXTS or words < FEWEST_WORDS:
        return None
    pieces = [_piece(text, words) for text in own if style(text).readable]
    strange = [piece for text in others if (piece := _piece(text, words)) is not None]
    folds = []
    for fold in (0, 1):
        author = Author([each for n, each in enumerate(whole) if n % 2 != fold])
        folds.append(
            (
                [author.likeness(each) for n, each in enumerate(pieces) if n % 2 == fold and each is not None],
                [author.likeness(each) for n, each in enumerate(strange) if n % 2 == fold],
            )
        )
    if not all(fold[0] for fold in folds):
        return None
    rejected = accepted = 0
    for fold, (mine, theirs) in enumerate(folds):
        limit = _limit(*folds[1 - fold])
        rejected += sum(value < limit for value in mine)
        accepted += sum(value >= limit for value in theirs)
    mine, theirs = folds[0][0] + folds[1][0], folds[0][1] + folds[1][1]
    return Voice(
        Author(whole),
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
