"""Who does this sound like? Style as numbers that do not depend on the topic.

A text becomes a *style*: how often each function word, mark and run of three
letters stands in it, how long its words and sentences are. An *author* is the mean
and spread of the styles of several texts. :meth:`Author.likeness` says how much
better a text fits that author than people in general.

Function words and frequent letter runs are what authorship studies rest on
(Burrows 2002, "'Delta': a measure of stylistic difference", LLC 17(3); Stamatatos
2009, "A survey of modern authorship attribution methods", JASIST 60(3)); that a
text must be nearer to the author than to *others* is the idea of the imposters
method (Koppel & Winter 2014, "Determining if two documents are written by the same
author", JASIST 65(1)). Here the others are one distribution that comes with the
package, so that a text is judged by itself in microseconds.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from foretune.evidence import STOP_WORDS
from foretune.governance.markup import prose

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = [
    "BACKGROUND",
    "ENOUGH_WORDS",
    "STYLE_CHARACTERS",
    "Author",
    "Background",
    "Style",
    "limit",
    "style",
    "style_of_prose",
]

BACKGROUND = Path(__file__).with_name("stylometry.json")
"""Mean and variance of each feature over people in general: ``benchmarks/accuracy/outlier.py --fit`` makes it."""

ENOUGH_WORDS = 150
"""Below this many words a text says too little about who wrote it (docs/checks/outlier.md)."""

_FUNCTION_WORDS = tuple(
    sorted((STOP_WORDS - set("dlmrst")) | {"no", "not", "never", "without", "nothing", "none", "nobody", "nowhere"})
)
_POSITIONS = {word: position for position, word in enumerate(_FUNCTION_WORDS)}
_MARKS = ".,;:!?()-–—'\"…/&%"
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SENTENCE = re.compile(r"(?<=[.!?…])[\"')]*\s+")
_QUOTES = str.maketrans("’‘“”", "''\"\"")

_WORD_LENGTHS = 16
_SENTENCE_LENGTHS = 9
"""In steps of five words."""
_TRIGRAMS = 512
"""Three letters in a row, hashed: enough to tell people apart, and half a kilobyte a text."""
STYLE_CHARACTERS = 12_000
"""Characters of prose that are looked at: about two thousand words; more adds nothing."""

_COMMON_WORDS = 0.25
"""English prose is 40 to 55 % function words; lists, code and other languages are below this share."""
_GENERAL_WEIGHT = 50.0
"""The general variance counts against the author's own as if it came from this many texts."""
_LEAST_VARIANCE = 1e-5
_MOST = 6.0
"""No feature decides alone: its evidence is cut here, in nats."""


@dataclass(frozen=True, slots=True)
class Style:
    """A text as numbers: square roots of shares, a byte each (about 750 bytes)."""

    words: int
    """Words looked at."""
    levels: NDArray[np.uint8]
    readable: bool
    """False for what is no English prose: a list, code, another language."""

    @property
    def enough(self) -> bool:
        """True where there is enough text to say whose it is."""
        return self.readable and self.words >= ENOUGH_WORDS

    @property
    def features(self) -> Floats:
        """Square roots of shares (0 to 1), shape ``(features,)``.

        The square root makes the noise of a share depend on the length of the text alone.
        """
        import numpy as np

        return self.levels.astype(np.float64) / _LEVELS


_LEVELS = 510.0
"""Roots of shares above one half are cut: no feature but the most common lengths comes near."""


def limit(words: int, texts: int) -> float:
    """The likeness (nats a feature) below which a text of ``words`` words is not by an author known by ``texts`` texts.

    Short texts and little known authors lie lower; set with ``benchmarks/accuracy/outlier.py``.
    """
    return 0.03 - 4.5 / max(words, ENOUGH_WORDS) - 0.3 / texts


def style(text: str) -> Style:
    """The style of ``text``, markup and code left out."""
    return style_of_prose(prose(text[: 4 * STYLE_CHARACTERS]))


def style_of_prose(text: str) -> Style:
    """The style of prose."""
    import numpy as np

    words_seen = text[:STYLE_CHARACTERS].translate(_QUOTES)
    lowered = words_seen.lower()
    words = _WORD.findall(lowered)
    total = max(1, len(words))
    counted = Counter(words)
    common = np.zeros(len(_FUNCTION_WORDS) + 1)
    for word, count in counted.items():
        position = _POSITIONS.get(word)
        if position is not None:
            common[position] = count
        elif "'" in word:
            common[-1] += count
    marks = np.array([lowered.count(mark) for mark in _MARKS], dtype=np.float64)
    word_lengths = np.zeros(_WORD_LENGTHS)
    for word, count in counted.items():
        word_lengths[min(len(word), _WORD_LENGTHS) - 1] += count
    sentences = [len(sentence.split()) for sentence in _SENTENCE.split(words_seen)]
    sentence_lengths = np.bincount(
        [min(length // 5, _SENTENCE_LENGTHS - 1) for length in sentences], minlength=_SENTENCE_LENGTHS
    ).astype(np.float64)
    shares = np.concatenate(
        [common / total, marks / total, word_lengths / total, _shares(sentence_lengths), _shares(_trigrams(lowered))]
    )
    levels = np.minimum(np.sqrt(shares) * _LEVELS, 255).round().astype(np.uint8)
    return Style(len(words), levels, float(common.sum()) / total >= _COMMON_WORDS)


def _trigrams(text: str) -> Floats:
    import numpy as np

    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    if len(codes) < 3:
        return np.zeros(_TRIGRAMS)
    # Multiplicative hashing (Knuth, TAOCP 3, 6.4) of three code points; the high bits are the well-mixed ones.
    mixed = ((codes[:-2] * 0x1F_FFFF + codes[1:-1]) * 0x1F_FFFF + codes[2:]) * np.uint64(0x9E37_79B9_7F4A_7C15)
    return np.bincount((mixed >> np.uint64(55)).astype(np.int64), minlength=_TRIGRAMS).astype(np.float64)


def _shares(counts: Floats) -> Floats:
    shares: Floats = counts / max(1.0, float(counts.sum()))
    return shares


@dataclass(frozen=True, slots=True)
class Background:
    """People in general: mean and variance of each feature, over texts of many."""

    mean: Floats
    variance: Floats

    @classmethod
    def of(cls, groups: Sequence[Sequence[Style]]) -> Self:
        """From texts of several kinds; each kind counts alike, however many texts it has."""
        import numpy as np

        kinds = [np.array([each.features for each in group]) for group in groups]
        means = np.array([kind.mean(axis=0) for kind in kinds])
        return cls(means.mean(axis=0), np.mean([kind.var(axis=0) for kind in kinds], axis=0) + means.var(axis=0))

    def as_json(self) -> dict[str, list[float]]:
        return {
            "mean": [round(float(each), 4) for each in self.mean],
            "variance": [round(float(each), 6) for each in self.variance],
        }


@cache
def _general() -> Background:
    import numpy as np

    stored = json.loads(BACKGROUND.read_text(encoding="ascii"))
    return Background(np.array(stored["mean"]), np.array(stored["variance"]))


class Author:
    """The style of one author, from texts that are theirs.

    Args:
        styles: of texts with enough prose; two or more.
        background: people in general; those that come with the package if not given.
    """

    def __init__(self, styles: Sequence[Style], background: Background | None = None) -> None:
        import numpy as np

        self._general = background or _general()
        values = np.array([each.features for each in styles])
        self._count = len(styles)
        self._sum = values.sum(axis=0)
        self._squares = (values**2).sum(axis=0)

    @property
    def texts(self) -> int:
        """How many texts it rests on."""
        return self._count

    def likeness(self, one: Style, *, member: bool = False) -> float:
        """Mean evidence a feature (nats) that the author wrote it rather than someone else; above 0 speaks for it.

        The log of the ratio of two normal densities, the author's over everybody's, with the author's variance shrunk
        towards the general one while there are few texts. ``member`` takes the text out of the author first, where
        it was one of ``styles``: a text must not speak for itself.
        """
        import numpy as np

        values = one.features
        count, total, squares = self._count, self._sum, self._squares
        if member:
            count, total, squares = count - 1, total - values, squares - values**2
        mean = total / count
        own = np.maximum(squares / count - mean**2, 0.0)
        everybody = np.maximum(self._general.variance, _LEAST_VARIANCE) + _LEAST_VARIANCE
        weighed = own * count + _GENERAL_WEIGHT * np.maximum(self._general.variance, _LEAST_VARIANCE)
        variance = weighed / (count + _GENERAL_WEIGHT) * (1 + 1 / count)
        variance = np.maximum(variance, _LEAST_VARIANCE)
        evidence = 0.5 * (
            (values - self._general.mean) ** 2 / everybody
            + np.log(everybody)
            - (values - mean) ** 2 / variance
            - np.log(variance)
        )
        return float(np.clip(evidence, -_MOST, _MOST).mean())
