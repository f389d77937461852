"""How sure a bench can be: intervals, paired comparisons, and what a bench of this size can see.

Every share is 0 to 1. Two-sided, 95 % unless said otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from foretune.intervals import LEVEL

__all__ = [
    "SMALL_BENCH",
    "Difference",
    "Estimate",
    "chance_to_see",
    "clustered_mean",
    "difference_in_words",
    "mcnemar",
    "paired_difference",
    "power_note",
]

SMALL_BENCH = 50
"""Questions below which a comparison mostly ends in "cannot tell" (see :func:`chance_to_see`)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its standard error and interval."""

    value: float
    standard_error: float
    low: float
    high: float
    clusters: int
    """Independent groups it rests on."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more often ``first`` is right than ``second`` on the same questions."""

    value: float
    """-1 to 1."""
    low: float
    high: float
    only_first: int
    only_second: int
    questions: int
    p: float
    """Exact McNemar."""

    @property
    def tells(self) -> bool:
        """True where the test rejects chance at 5 %."""
        return self.p < 1 - LEVEL


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p that two arms are equally good, from the questions only one got right.

    McNemar 1947 with the binomial distribution instead of the chi-squared approximation,
    which needs more discordant questions than a bench has. No discordant question: 1.

    >>> round(mcnemar(1, 9), 6)
    0.021484
    """
    from scipy.stats import binomtest

    discordant = only_first + only_second
    return float(binomtest(only_first, discordant, 0.5).pvalue) if discordant else 1.0


def clustered_mean(
    values: Sequence[float], clusters: Sequence[Hashable] | None = None, *, level: float = LEVEL
) -> Estimate:
    """Mean of ``values`` with a standard error that knows which of them hang together.

    Questions about one document are right or wrong together, so they count for less
    than as many independent ones (Miller 2024, "Adding Error Bars to Evals",
    arXiv 2411.00640, §2.2): SE² = Σ_c (Σ_i∈c (x_i - mean))² / n², times C/(C-1) because
    benches have few clusters, with Student's t on C - 1 degrees of freedom. Without
    ``clusters`` every value is its own. Fewer than two clusters leave everything open
    (the interval is infinite).
    """
    if not values:
        raise ValueError("there is no value to take the mean of")
    keys: Sequence[Hashable] = range(len(values)) if clusters is None else clusters
    mean = math.fsum(values) / len(values)
    sums: dict[Hashable, float] = {}
    for value, key in zip(values, keys, strict=True):
        sums[key] = sums.get(key, 0.0) + value - mean
    count = len(sums)
    if count < 2:
        return Estimate(mean, math.inf, -math.inf, math.inf, count)
    from scipy.stats import t

    variance = math.fsum(total * total for total in sums.values()) / len(values) ** 2 * count / (count - 1)
    error = math.sqrt(variance)
    margin = float(t.ppf((1 + level) / 2, count - 1)) * error
    return Estimate(mean, error, mean - margin, mean + margin, count)


def paired_difference(
    first: Sequence[bool], second: Sequence[bool], clusters: Sequence[Hashable] | None = None
) -> Difference:
    """Compare two arms question by question.

    The interval is of the mean difference (Miller 2024, §4: pairing takes the
    difficulty of the questions out), clustered by ``clusters`` where given, cut to
    -1 … 1; p is the exact McNemar test.
    """
    pairs = list(zip(first, second, strict=True))
    only_first = sum(a and not b for a, b in pairs)
    only_second = sum(b and not a for a, b in pairs)
    estimate = clustered_mean([float(a) - float(b) for a, b in pairs], clusters)
    return Difference(
        estimate.value,
        max(-1.0, estimate.low),
        min(1.0, estimate.high),
        only_first,
        only_second,
        len(pairs),
        mcnemar(only_first, only_second),
    )


def difference_in_words(first: str, second: str, difference: Difference) -> str:
    """One sentence for people: who is better, by how much, or that this bench cannot tell."""
    against = f"only {first} right {difference.only_first}, only {second} right {difference.only_second}"
    shown = "p < 0.001" if difference.p < 0.001 else f"p = {difference.p:.2g}"
    if not difference.tells:
        return f"Cannot tell {first} from {second} on {difference.questions} questions ({against}; {shown})."
    better, worse = (first, second) if difference.value > 0 else (second, first)
    points = abs(100 * difference.value)
    low, high = sorted((abs(100 * difference.low), abs(100 * difference.high)))
    return f"{better} beats {worse} by {points:.0f} points ({low:.0f} to {high:.0f}; {against}; {shown})."


def chance_to_see(questions: int, only_better: float, only_worse: float) -> float:
    """Power: how likely the McNemar test is to call a true difference on a bench of this size.

    ``only_better`` and ``only_worse`` are the true shares of questions that only the
    better and only the worse arm gets right. Exact: summed over the number of
    discordant questions and over who wins them.

    >>> [round(chance_to_see(n, 0.20, 0.05), 2) for n in (50, 100, 200)]
    [0.48, 0.84, 0.99]
    """
    if min(only_better, only_worse) < 0 or only_better + only_worse > 1:
        raise ValueError("shares lie between 0 and 1 and sum to at most 1")
    import numpy as np
    from scipy.stats import binom

    apart = only_better + only_worse
    if apart == 0:
        return 0.0
    discordant = np.arange(questions + 1)
    # p = 2 · P(X ≥ wins) < 5 %: the fewest wins the test calls a difference, for each number of discordant questions.
    enough = binom.isf((1 - LEVEL) / 2, discordant, 0.5) + 1
    seen = binom.sf(enough - 1, discordant, only_better / apart)
    return float(np.dot(binom.pmf(discordant, questions, apart), seen))


def power_note(questions: int) -> str:
    """What a bench of this size can and cannot show, in two sentences."""
    if questions == 0:
        return "There is no question to judge by."
    chance = chance_to_see(questions, 0.20, 0.05)
    still_wrong = 1 - (1 - LEVEL) ** (1 / questions)  # one-sided Clopper–Pearson bound at n of n
    size = f"{questions} question{'s' if questions != 1 else ''}"
    seen = (
        f"With {size}, an arm that is right on 20 % of them alone, against 5 % for the other, "
        f"is told apart {chance:.0%} of the time; even all right would allow {still_wrong:.0%} wrong in truth."
    )
    if questions < SMALL_BENCH:
        return f'{seen} Below {SMALL_BENCH} questions expect "cannot tell"; add some before deciding on a small gap.'
    return seen
