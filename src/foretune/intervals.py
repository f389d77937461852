"""How sure a share is."""

from __future__ import annotations

__all__ = ["LEVEL", "wilson"]

LEVEL = 0.95
"""Of intervals and tests."""


def wilson(right: int, total: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval for a share (Wilson 1927, JASA 22:209–212).

    Unlike the usual ± formula it stays within 0 to 1 and says something even where
    all or none are right. No trials: 0 to 1.

    >>> [round(end, 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if not 0 <= right <= total:
        raise ValueError(f"{right} of {total} is no share")
    if total == 0:
        return 0.0, 1.0
    from scipy.stats import binomtest

    interval = binomtest(right, total).proportion_ci(confidence_level=level, method="wilson")
    return float(interval.low), float(interval.high)
