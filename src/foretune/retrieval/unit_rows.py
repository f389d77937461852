"""Unit vectors as rows of a matrix, each kept twice: as it is, and at 8 bits a number.

A product over all rows at 8 bits reads a quarter of the memory; how far off it can be is known. So it tells which few
rows are to be looked at as they are, and which cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["UnitRows"]

_ROUNDING = 1e-5
"""More than single precision can lose in a sum of a few thousand products of numbers below 1."""


@dataclass(frozen=True, slots=True)
class UnitRows:
    """Rows of length 1."""

    matrix: NDArray[np.float32]
    coarse: NDArray[np.int8]
    """:attr:`matrix`, each row over its own :attr:`scale`."""
    scale: NDArray[np.float32]
    farthest: float
    """The greatest distance of a row from what :attr:`coarse` and :attr:`scale` make of it."""

    @classmethod
    def of(cls, parts: Iterable[NDArray[np.float32]], *, most: int, dimensions: int) -> Self:
        """The rows of all ``parts``, of which there are at most ``most``; they are never in memory twice."""
        matrix, coarse = np.empty((most, dimensions), np.float32), np.empty((most, dimensions), np.int8)
        scale = np.empty(most, np.float32)
        count, farthest = 0, 0.0
        for part in parts:
            place = slice(count, count := count + len(part))
            matrix[place] = part
            largest = np.maximum(part.max(axis=1), -part.min(axis=1))
            scale[place] = np.maximum(largest, np.finfo(np.float32).tiny) / 127
            apart = np.rint(part / scale[place, np.newaxis])
            coarse[place] = apart
            apart *= scale[place, np.newaxis]
            apart -= part
            distances = np.sqrt(np.einsum("ij,ij->i", apart, apart))
            farthest = max(farthest, float(distances.max(initial=0)))
        return cls(matrix[:count], coarse[:count], scale[:count], farthest)

    def followed_by(self, others: Self) -> Self:
        """These rows and then ``others``."""
        return type(self)(
            np.concatenate((self.matrix, others.matrix)),
            np.concatenate((self.coarse, others.coarse)),
            np.concatenate((self.scale, others.scale)),
            max(self.farthest, others.farthest),
        )

    def only(self, kept: NDArray[np.bool_]) -> Self:
        """The rows that are kept."""
        if kept.all():
            return self
        return type(self)(self.matrix[kept], self.coarse[kept], self.scale[kept], self.farthest)

    def cosines(self, meaning: NDArray[np.float32], positions: NDArray[np.intp]) -> NDArray[np.float32]:
        """Of a unit vector and the rows at ``positions``."""
        # Not `@`: its sums, and so the last digits, depend on how many rows there are.
        cosines: NDArray[np.float32] = np.einsum("ij,j->i", self.matrix[positions], meaning)
        return cosines

    def near_cosines(self, meaning: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
        """Of a unit vector and each row, and how far off any of them can be."""
        if not len(self.matrix):
            return np.zeros(0, np.float32), 0.0
        from numkong import dot

        query = type(self).of([meaning[np.newaxis]], most=1, dimensions=len(meaning))
        # |q x - q' x'| <= |q - q'| |x| + |q'| |x - x'|, where |x| = 1 and |q'| <= 1 + |q - q'| (Cauchy-Schwarz)
        error = query.farthest + (1 + query.farthest) * self.farthest
        products = np.asarray(dot(self.coarse, query.coarse[0]), np.float32).reshape(-1)
        return products * (self.scale * query.scale[0]), error + _ROUNDING
