"""Columns of strings and bytes: what is kept of a million documents, without an object for each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Self, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Blobs", "Strings", "order_by"]

_BLOCK = 8
"""Bytes sorted by at once."""


class Blobs(Sequence[bytes]):
    """Pieces of bytes, end to end in one buffer."""

    def __init__(self, items: Iterable[bytes] = ()) -> None:
        items = list(items)
        self._data = bytearray(b"".join(items))
        self._bounds = array("q", accumulate(map(len, items), initial=0))

    def append(self, item: bytes) -> None:
        self._data += item
        self._bounds.append(len(self._data))

    def __iadd__(self, other: Blobs) -> Self:
        ends = other.bounds[1:] + len(self._data)
        self._data += other._data
        self._bounds.frombytes(ends.tobytes())
        return self

    @classmethod
    def of(cls, values: NDArray[np.generic], counts: NDArray[np.int64]) -> Self:
        """Numbers, so many for each item."""
        made = cls()
        made._data += values.tobytes()
        made._bounds.frombytes((np.cumsum(counts, dtype=np.int64) * values.itemsize).tobytes())
        return made

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Where each item begins, and where the last one ends, in bytes."""
        return np.array(self._bounds, dtype=np.int64)

    def values(self, dtype: DTypeLike) -> NDArray[Any]:
        """All items as numbers, end to end; a copy is not made, so nothing may be appended while it is in use."""
        return np.frombuffer(self._data, dtype=dtype)

    @overload
    def __getitem__(self, position: int) -> bytes: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[bytes]: ...
    def __getitem__(self, position: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        at = range(len(self))[position]
        return bytes(self._data[self._bounds[at] : self._bounds[at + 1]])

    def __len__(self) -> int:
        return len(self._bounds) - 1


class Strings(Sequence[str]):
    """The same of strings, as UTF-8 (with lone surrogates, which paths can hold)."""

    def __init__(self, items: Iterable[str] = ()) -> None:
        self.blobs = Blobs(item.encode("utf-8", "surrogatepass") for item in items)

    def __iadd__(self, other: Strings) -> Self:
        self.blobs += other.blobs
        return self

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[str]: ...
    def __getitem__(self, position: int | slice) -> str | Sequence[str]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        return self.blobs[position].decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        return len(self.blobs)


def order_by(*columns: Strings) -> NDArray[np.int64]:
    """The positions as sorted by the first column, then by the next; as Python compares strings.

    From the last eight bytes to the first, each time stable (LSD radix sort): no string is made.
    """
    order = np.arange(len(columns[0]), dtype=np.int64)
    for column in reversed(columns):
        blobs = column.blobs
        data = blobs.values(np.uint8)
        bounds = blobs.bounds
        lengths = np.diff(bounds)
        order = order[np.argsort(lengths[order], kind="stable")]
        for first in range((int(lengths.max(initial=0)) - 1) // _BLOCK * _BLOCK, -1, -_BLOCK):
            keys = np.zeros(len(lengths), dtype=np.uint64)
            for offset in range(first, first + _BLOCK):
                long = np.flatnonzero(lengths > offset)
                shift = np.uint64(8 * (_BLOCK - 1 - offset % _BLOCK))
                keys[long] |= data[bounds[long] + offset].astype(np.uint64) << shift
            order = order[np.argsort(keys[order], kind="stable")]
    return order
