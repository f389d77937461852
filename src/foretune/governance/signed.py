"""What documents are compared by to find duplicates: one of them as a record, many of them as columns."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self, overload

import numpy as np
from numpy.typing import NDArray

from foretune.governance.columns import Blobs, Strings, order_by

__all__ = ["Signed", "SignedColumns", "dump", "load"]

_EXACT = 16
"""Bytes of the hash of a text."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a document is compared by: about half a kilobyte for a page."""

    id: str
    path: str
    date: str
    modified: str
    length: int
    """Characters without white space."""
    labels: int
    """How many of title, author, event, date, tags, keywords it has."""
    exact: bytes
    """Hash of the text without differences of layout; empty for an empty text."""
    signature: bytes
    """MinHash: 16-bit numbers."""
    sample: bytes
    """Some of its shingles: sorted 32-bit numbers."""


def dump(signed: Signed) -> bytes:
    """A signature as bytes; :func:`load` is its inverse."""
    head = [signed.id, signed.path, signed.date, signed.modified, signed.length, signed.labels, signed.exact.hex()]
    return json.dumps([*head, len(signed.signature)]).encode() + b"\n" + signed.signature + signed.sample


def load(kept: bytes) -> Signed:
    """What :func:`dump` made bytes of."""
    head, _, arrays = kept.partition(b"\n")
    document_id, path, date, modified, length, labels, exact, size = json.loads(head)
    return Signed(document_id, path, date, modified, length, labels, bytes.fromhex(exact), arrays[:size], arrays[size:])


class SignedColumns(Sequence[Signed]):
    """Many :class:`Signed`, some 450 bytes for a page: a record is made when it is asked for."""

    def __init__(self) -> None:
        self.ids, self.paths, self.dates, self.modified = Strings(), Strings(), Strings(), Strings()
        self.lengths, self.labels = array("q"), array("B")
        self.exact, self.signatures, self.samples = Blobs(), bytearray(), Blobs()

    @classmethod
    def of(cls, signed: Iterable[Signed]) -> SignedColumns:
        """The same documents as columns."""
        if isinstance(signed, SignedColumns):
            return signed
        signed = list(signed)
        made = cls()
        made.ids, made.paths = Strings(each.id for each in signed), Strings(each.path for each in signed)
        made.dates, made.modified = Strings(each.date for each in signed), Strings(each.modified for each in signed)
        made.lengths.extend(each.length for each in signed)
        made.labels.extend(each.labels for each in signed)
        made.exact, made.samples = Blobs(each.exact for each in signed), Blobs(each.sample for each in signed)
        made.signatures += b"".join(each.signature for each in signed)
        return made

    def __iadd__(self, other: SignedColumns) -> Self:
        self.ids += other.ids
        self.paths += other.paths
        self.dates += other.dates
        self.modified += other.modified
        self.lengths += other.lengths
        self.labels += other.labels
        self.exact += other.exact
        self.signatures += other.signatures
        self.samples += other.samples
        return self

    def in_order(self) -> NDArray[np.int64]:
        """Positions of the documents in order of path, without those that have no text."""
        order = order_by(self.paths, self.ids)
        return order[np.diff(self.exact.bounds)[order] > 0]

    def copies(self, order: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For places in ``order``, which hold text: those of the first of each text, and for each place, its first."""
        halves = self.exact.values(np.uint64).reshape(-1, 2)
        rows = self.exact.bounds[:-1][order] // _EXACT
        high, low = halves[rows, 0], halves[rows, 1]
        sorted_places = np.lexsort((low, high))
        changes = np.ones(len(order), dtype=np.bool_)
        high, low = high[sorted_places], low[sorted_places]
        changes[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        firsts = np.empty(len(order), dtype=np.int64)
        firsts[sorted_places] = sorted_places[changes][np.cumsum(changes) - 1]
        return np.sort(sorted_places[changes]), firsts

    @overload
    def __getitem__(self, position: int) -> Signed: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[Signed]: ...
    def __getitem__(self, position: int | slice) -> Signed | Sequence[Signed]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        at = range(len(self))[position]
        width = len(self.signatures) // len(self)
        return Signed(
            self.ids[at],
            self.paths[at],
            self.dates[at],
            self.modified[at],
            self.lengths[at],
            self.labels[at],
            self.exact[at],
            bytes(self.signatures[at * width : (at + 1) * width]),
            self.samples[at],
        )

    def __len__(self) -> int:
        return len(self.lengths)
