"""The vectors a principal may see, in memory, for exact search.

There is no approximate index: a search finds the same neighbours every time, those of
a product over all vectors (figures in docs/decisions/0004-retrieval.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, case, func, select

from foretune.errors import InputError
from foretune.retrieval.index import LAST_PASSAGE
from foretune.retrieval.unit_rows import UnitRows
from foretune.vault import Vault
from foretune.vault.tables import passage, setting

__all__ = ["Vectors", "index_version", "load_vectors", "refreshed_vectors"]

_AT_ONCE = 500
"""Passages read at a time: their vectors, and what is made of them, fit into a core's cache."""
_PASSAGES_GONE = "index.passages_gone"
"""Counted by a trigger, whoever deletes them: see :mod:`foretune.vault.migrations.full_text`."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Passage ids, ascending, and their unit vectors, row by row."""

    version: tuple[int, int]
    mark: str
    """Of the embedder that made them."""
    ids: NDArray[np.int64]
    rows: UnitRows
    begins: NDArray[np.bool_]
    """Whether a passage is the first of its document."""
    total: int
    """Passages the principal may see: what a word's rarity is measured against."""

    def beside(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each passage the higher value of the two beside it in its document; its own where it stands alone."""
        lowest = np.float32(-np.inf)
        if not len(values):
            return values
        before = np.where(self.begins, lowest, np.roll(values, 1))
        after = np.where(np.roll(self.begins, -1), lowest, np.roll(values, -1))
        highest: NDArray[np.float32] = np.maximum(before, after)
        return np.where(np.isinf(highest), values, highest)

    def positions(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where ``ids`` are in :attr:`ids`, and which of them are."""
        if not len(self.ids):
            return np.zeros(len(ids), np.intp), np.zeros(len(ids), np.bool_)
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return places, self.ids[places] == ids


def index_version(connection: Connection) -> tuple[int, int]:
    """Changes whenever passages come or go: the highest id ever given, and how many were ever deleted."""
    names = (LAST_PASSAGE, _PASSAGES_GONE)
    found = connection.execute(select(setting.c.name, setting.c.value).where(setting.c.name.in_(names)))
    values = {name: int(value) for name, value in found.tuples()}
    return values.get(LAST_PASSAGE, 0), values.get(_PASSAGES_GONE, 0)


def load_vectors(vault: Vault, connection: Connection, *, embedder_mark: str, dimensions: int) -> Vectors:
    """All vectors the principal may see, in the caller's transaction.

    Args:
        embedder_mark: vectors of another embedder cannot be compared with a query and are left out.
        dimensions: length of a vector.

    Raises:
        InputError: there are passages, and another embedding model made them all.
    """
    version = index_version(connection)
    read = _read(vault, connection, embedder_mark, dimensions, after=0)
    if read.total and not len(read.ids):
        raise InputError(
            "The index was made with another embedding model than retrieval.embedder names: run `foretune index`."
        )
    return Vectors(version, embedder_mark, read.ids, read.rows, read.begins, read.total)


def refreshed_vectors(known: Vectors, vault: Vault, connection: Connection) -> Vectors:
    """Vectors as they are now, of which most are ``known``: only those that came since are read.

    For a principal from whom nothing is hidden: what another may see can change without a passage that comes or goes.
    """
    # In this order an index tells them: each row of the table is a page to decrypt.
    in_documents = select(passage.c.id).order_by(passage.c.document_id, passage.c.ordinal)
    there = np.sort(np.array(connection.execute(in_documents).scalars().all(), np.int64))
    kept = np.isin(known.ids, there, assume_unique=True)
    new = _read(vault, connection, known.mark, known.rows.matrix.shape[1], after=known.version[0])
    return Vectors(
        index_version(connection),
        known.mark,
        np.concatenate((known.ids[kept], new.ids)),
        known.rows.only(kept).followed_by(new.rows),
        np.concatenate((known.begins[kept], new.begins)),
        len(there),
    )


class _Read(NamedTuple):
    """See :class:`Vectors`."""

    ids: NDArray[np.int64]
    rows: UnitRows
    begins: NDArray[np.bool_]
    total: int


def _read(vault: Vault, connection: Connection, embedder_mark: str, dimensions: int, *, after: int) -> _Read:
    """What the principal may see of passages with an id above ``after``."""
    made = passage.c.recipe.endswith(f"-{embedder_mark}")
    # Each row is looked at once, for its page has to be decrypted: those of other embedders are counted on the way.
    rows = connection.execute(
        select(passage.c.id, passage.c.ordinal, case((made, passage.c.vector)))
        .where(passage.c.id > after, vault.readable(passage.c.label, passage.c.document_id))
        .order_by(passage.c.id)
    )
    ids: list[int] = []
    begins: list[bool] = []
    total = 0

    def matrices() -> Iterator[NDArray[np.float32]]:
        nonlocal total
        for some in rows.yield_per(_AT_ONCE).partitions():
            total += len(some)
            own = [row for row in some if row[2] is not None]
            ids.extend(row[0] for row in own)
            begins.extend(row[1] == 0 for row in own)
            yield np.frombuffer(b"".join([row[2] for row in own]), "<f4").reshape(-1, dimensions)

    most = select(func.count()).select_from(passage)  # of all, which an index tells
    matrix = UnitRows.of(matrices(), most=connection.execute(most).scalar_one(), dimensions=dimensions)
    return _Read(np.array(ids, np.int64), matrix, np.array(begins, np.bool_), total)
