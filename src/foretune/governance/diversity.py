"""How much is in a corpus besides its size: how different the documents are, and what more of them would add."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from foretune.governance.topics import Terms, TopicSpace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LearningCurve", "different_documents", "evenness", "learning_curve", "vendi_score"]

_SAMPLE = 800
"""Documents whose likeness is looked at: an eigenvalue problem of this size takes about 0.2 s."""
_ORDERS = 5
_POINTS = 8


def vendi_score(similarity: NDArray[np.float64]) -> float:
    """How many entirely different things a set is worth: 1 (all alike) to n (nothing in common).

    The exponential of the Shannon entropy of the eigenvalues of the similarity matrix divided by n, which has ones on
    its diagonal (Friedman & Dieng 2022, "The Vendi Score", arXiv 2210.02410). A copy adds nothing: two posts and n
    copies of the same two are both worth at most two.
    """
    import numpy as np

    count = len(similarity)
    if not count:
        return 0.0
    eigenvalues = np.linalg.eigvalsh(similarity / count)
    positive = eigenvalues[eigenvalues > 1e-12]
    return float(np.exp(-(positive * np.log(positive)).sum()))


def different_documents(documents: Sequence[Terms], space: TopicSpace) -> tuple[float, int]:
    """The Vendi score of the documents by their words, and of how many: a sample where there are more than 800."""
    import numpy as np

    step = max(1, -(-len(documents) // _SAMPLE))
    chosen = [each for each in documents[::step] if len(each)]
    vectors = space.vectors(chosen)
    similarity = (vectors @ vectors.T).toarray().astype(np.float64)
    np.fill_diagonal(similarity, 1.0)
    return vendi_score(similarity), len(chosen)


def evenness(counts: Sequence[int]) -> float:
    """1 where all groups are of one size, towards 0 where one holds nearly everything.

    Shannon entropy over its maximum (Pielou 1966, "The measurement of diversity", J. Theoretical Biology 13).
    """
    total = sum(counts)
    present = [count / total for count in counts if count]
    if len(present) < 2:
        return 1.0 if len(counts) < 2 else 0.0
    return -sum(share * math.log(share) for share in present) / math.log(len(counts))


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """How much of a new document the earlier ones already hold."""

    points: tuple[tuple[int, float], ...]
    """Documents, and the share (0 to 1) of a further document's words that they hold."""
    doubled: float
    """The share after twice as many documents, by the fitted curve."""

    @property
    def now(self) -> float:
        return self.points[-1][1]

    @property
    def gain(self) -> float:
        """What doubling the corpus would add to the share."""
        return max(0.0, self.doubled - self.now)


def learning_curve(documents: Sequence[Terms], space: TopicSpace, *, seed: int = 0) -> LearningCurve | None:
    """Of the words of a further document, how many stood in the first n; None with fewer than 16 documents.

    What is missing falls as ``a * n ** -b``, fitted by least squares
    on logarithms: the inverse power law of learning curves (Figueroa et al. 2012, "Predicting sample size required
    for classification performance", BMC Medical Informatics and Decision Making 12:8). Mean of five random orders.
    """
    import numpy as np

    step = max(1, -(-len(documents) // (5 * _SAMPLE)))
    known = [each.buckets for each in documents[::step] if len(each)]
    if len(known) < 2 * _POINTS:
        return None
    held_out = max(1, len(known) // 10)
    rest = len(known) - held_out
    sizes = sorted({max(1, round(rest * 2.0**-power)) for power in range(_POINTS)})
    sums = np.zeros(len(sizes))
    for order in range(_ORDERS):
        shuffled = known[:]
        random.Random(seed + order).shuffle(shuffled)  # noqa: S311
        test, train = shuffled[:held_out], shuffled[held_out:]
        seen = np.zeros(space.buckets, dtype=bool)
        start = 0
        for place, size in enumerate(sizes):
            for each in train[start:size]:
                seen[each] = True
            start = size
            sums[place] += np.mean([seen[each].mean() for each in test])
    means = sums / _ORDERS
    points = tuple((size, float(share)) for size, share in zip(sizes, means, strict=True))
    missing = np.maximum(1 - means, 1e-4)
    recent = slice(-min(5, len(sizes)), None)
    slope, intercept = np.polyfit(np.log(np.array(sizes)[recent]), np.log(missing[recent]), 1)
    doubled = 1 - math.exp(float(intercept) + float(slope) * math.log(2 * sizes[-1]))
    return LearningCurve(points, min(1.0, max(points[-1][1], doubled)))
