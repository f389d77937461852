"""Where a model's knowledge ends: one step in the share of dated facts it gets right.

Before the end it knows a fact with one probability, after it with a lower one (a guess). The end is where the
likelihood of what was answered is highest; its interval holds every end whose log-likelihood is not lower by more
than a bound; whether there is a step at all is a permutation test on the same likelihood ratio.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["KnowledgeEnd", "knowledge_end", "quarter_name"]

ALPHA = 0.05
PERMUTATIONS = 999
BOUND = 3.0
"""Half the 95 % bound of chi-square with one degree of freedom is 1.92 (Wilks 1938); for a step, whose place is no
regular parameter, that covers too little. ``benchmarks/probe.py`` prints how often 3.0 covers the true quarter."""
FEWEST_KNOWN = 0.15
"""A model that knows less of the facts before the step has no end that could be seen (same benchmark)."""


@dataclass(frozen=True, slots=True)
class KnowledgeEnd:
    """The last quarter whose facts a model knows. Quarters are counted from year 0."""

    quarter: int | None
    """None where nobody can tell."""
    low: int | None
    high: int | None
    """95 %, both inclusive; ``high`` is None where the newest facts are known too."""
    p: float
    """That so large a step comes from chance."""


def knowledge_end(answers: Sequence[tuple[int, bool]], *, seed: int = 0) -> KnowledgeEnd:
    """The end of knowledge from quarters and whether a fact of each was known; any number a quarter, any order."""
    import numpy as np

    ordered = sorted(answers)
    quarters = [quarter for quarter, _ in ordered]
    right = np.array([known for _, known in ordered], dtype=bool)
    # A candidate is the number of facts before the end: only between two quarters.
    cuts = [n for n in range(1, len(ordered)) if quarters[n - 1] != quarters[n]]
    if not cuts or not right.any():
        return KnowledgeEnd(None, None, None, 1.0)
    ratios = _ratios(right[None, :], cuts)[0]
    best = int(ratios.argmax())
    generator = np.random.default_rng(seed)
    shuffled = np.stack([generator.permutation(right) for _ in range(PERMUTATIONS)])
    p = (1 + int((_ratios(shuffled, cuts).max(axis=1) >= ratios[best]).sum())) / (PERMUTATIONS + 1)
    if p >= ALPHA or right[: cuts[best]].mean() < FEWEST_KNOWN:
        return KnowledgeEnd(None, None, None, p)
    inside = [cut for cut, ratio in zip(cuts, ratios, strict=True) if ratios[best] - ratio <= BOUND]
    return KnowledgeEnd(quarters[cuts[best] - 1], quarters[inside[0] - 1], quarters[inside[-1]] - 1, p)


def _ratios(right: NDArray[Any], cuts: Sequence[int]) -> NDArray[Any]:
    """Log-likelihood of a step down at each cut, above that of no step; 0 where the step would go up.

    Args:
        right: what was known, one row of facts (oldest first) each time.
    """
    import numpy as np

    total, size = right.sum(axis=1, keepdims=True), right.shape[1]
    at = np.array(cuts)
    before = right.cumsum(axis=1)[:, at - 1]
    after = total - before
    flat = _likelihood(total, size)
    stepped = _likelihood(before, at) + _likelihood(after, size - at)
    found: NDArray[Any] = np.where(before / at > after / (size - at), stepped - flat, 0.0)
    return found


def _likelihood(known: NDArray[Any], asked: NDArray[Any] | int) -> NDArray[Any]:
    """Of so many known among those asked, at the share that fits best."""
    import numpy as np

    share = known / asked
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[Any] = np.nan_to_num(known * np.log(share)) + np.nan_to_num((asked - known) * np.log1p(-share))
    return found


def quarter_name(quarter: int) -> str:
    """``2024 Q2``."""
    return f"{quarter // 4} Q{quarter % 4 + 1}"
