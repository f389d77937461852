"""Fitting the weights of a verdict on people's verdicts.

A case (a response with several known answers, or several sentences) is judged by one
of its instances: the best form of an answer, the worst sentence of a response. So the
regression is fitted in turns: choose each case's instance with the weights so far, fit
the weights on the instances chosen (multiple-instance learning, Dietterich et al. 1997,
solved as in MI-SVM, Andrews et al. 2002).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Case", "cross_validated", "fit"]

_TURNS = 5


@dataclass(frozen=True, slots=True)
class Case:
    """One response with people's verdict on it."""

    instances: tuple[Mapping[str, float], ...]
    """Features of each form or sentence; none where nothing can be compared (the verdict is then no)."""
    accepted: bool
    group: str
    """What must stay on one side of a split: the question, or the document."""
    weight: float = 1.0


def fit(
    cases: Sequence[Case],
    *,
    best: bool,
    start: Mapping[str, float],
    signs: Mapping[str, int] | None = None,
    ridge: float = 1.0,
) -> dict[str, float]:
    """Weights of the features, by ridge-penalised logistic regression.

    ``best`` says whether a case is as good as its best or as bad as its worst instance,
    ``start`` gives the weights that choose them first, ``signs`` what a feature may do
    (1: only raise, -1: only lower the probability).
    """
    usable = [case for case in cases if case.instances]
    matrix, owner, names = _matrix(usable)
    weights = _turns(matrix, owner, names, usable, best, start, signs or {}, ridge)
    return dict(zip(names, (float(weight) for weight in weights), strict=True))


def cross_validated(
    cases: Sequence[Case],
    *,
    best: bool,
    start: Mapping[str, float],
    signs: Mapping[str, int] | None = None,
    ridge: float = 1.0,
    folds: int = 5,
) -> list[bool]:
    """What each case is judged as by weights fitted on the other folds (whole groups held out)."""
    import numpy as np

    usable = [i for i, case in enumerate(cases) if case.instances]
    kept = [cases[i] for i in usable]
    matrix, owner, names = _matrix(kept)
    fold = np.array([int(hashlib.sha256(case.group.encode()).hexdigest(), 16) % folds for case in kept])
    verdicts = [False] * len(cases)
    for held_out in range(folds):
        inside = np.flatnonzero(fold != held_out)
        rows = np.isin(owner, inside)
        renumbered = np.searchsorted(inside, owner[rows])
        weights = _turns(matrix[rows], renumbered, names, [kept[i] for i in inside], best, start, signs or {}, ridge)
        chosen = _chosen(matrix @ weights, owner, len(kept), best)
        for i in np.flatnonzero(fold == held_out):
            verdicts[usable[i]] = bool(matrix[chosen[i]] @ weights > 0)
    return verdicts


def _matrix(cases: Sequence[Case]) -> tuple[Array, NDArray[np.int64], list[str]]:
    import numpy as np

    names = sorted({name for case in cases for instance in case.instances for name in instance})
    column = {name: i for i, name in enumerate(names)}
    owner = np.array([i for i, case in enumerate(cases) for _ in case.instances])
    matrix = np.zeros((len(owner), len(names)))
    row = 0
    for case in cases:
        for instance in case.instances:
            for name, value in instance.items():
                matrix[row, column[name]] = value
            row += 1
    return matrix, owner, names


def _turns(
    matrix: Array,
    owner: NDArray[np.int64],
    names: Sequence[str],
    cases: Sequence[Case],
    best: bool,
    start: Mapping[str, float],
    signs: Mapping[str, int],
    ridge: float,
) -> Array:
    import numpy as np

    labels = np.array([float(case.accepted) for case in cases])
    importance = np.array([case.weight for case in cases])
    bounds = [(0 if signs.get(n, 0) > 0 else None, 0 if signs.get(n, 0) < 0 else None) for n in names]
    weights = np.array([start.get(name, 0.0) for name in names])
    for _ in range(_TURNS):
        chosen = _chosen(matrix @ weights, owner, len(cases), best)
        weights = _regress(matrix[chosen], labels, importance, bounds, names.index("bias"), ridge)
    return weights


def _chosen(scores: Array, owner: NDArray[np.int64], count: int, best: bool) -> NDArray[np.int64]:
    """Row of each case's best (or worst) instance."""
    import numpy as np

    order = np.lexsort((scores if best else -scores, owner))  # by owner, the one to choose last
    last = np.searchsorted(owner[order], np.arange(count), side="right") - 1
    return order[last]


def _regress(matrix: Array, labels: Array, importance: Array, bounds: Sequence[Any], bias: int, ridge: float) -> Array:
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit

    penalty = np.full(matrix.shape[1], ridge)
    penalty[bias] = 0.0

    def loss(weights: Array) -> tuple[float, Array]:
        scores = matrix @ weights
        likelihood = np.logaddexp(0, scores) - labels * scores
        gradient = matrix.T @ (importance * (expit(scores) - labels)) + penalty * weights
        return float(importance @ likelihood + penalty @ (weights * weights) / 2), gradient

    found = minimize(
        loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500}
    )
    result: Array = found.x
    return result
