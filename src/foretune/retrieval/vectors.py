"""The vectors a principal may see, in memory, for exact search.

A matrix product over all of them finds the same neighbours every time, and for
100,000 passages costs less than embedding the query (figures in
docs/decisions/0004-retrieval.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from foretune.errors import InputError
from foretune.retrieval.index import LAST_PASSAGE
from foretune.vault import Vault
from foretune.vault.tables import passage, setting

__all__ = ["Vectors", "index_version", "load_vectors", "refreshed_vectors"]


_PASSAGES_GONE = "index.passages_gone"
"""Counted by a trigger, whoever deletes them: see :mod:`foretune.vault.migrations.full_text`."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Passage ids, ascending, and their unit vectors, row by row."""

    version: tuple[int, int]
    mark: str
    """Of the embedder that made them."""
    ids: NDArray[np.int64]
    matrix: NDArray[np.float32]
    begins: NDArray[np.bool_]
    """Whether a passage is the first of its document."""
    total: int
    """Passages the principal may see: what a word's rarity is measured against."""

    def cosines(self, meaning: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of each passage and a unit vector."""
        # Not `@`: that wakes a thread a core for a product which one core reads from memory as fast.
        cosines: NDArray[np.float32] = np.einsum("ij,j->i", self.matrix, meaning)
        return cosines

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
    ids, matrix, begins = _read(vault, connection, embedder_mark, dimensions, after=0)
    visible = select(func.count()).select_from(passage).where(vault.readable(passage.c.label, passage.c.document_id))
    total = connection.execute(visible).scalar_one()
    if total and not len(ids):
        raise InputError(
            "The index was made with another embedding model than retrieval.embedder names: run `foretune index`."
        )
    return Vectors(version, embedder_mark, ids, matrix, begins, total)


def refreshed_vectors(known: Vectors, vault: Vault, connection: Connection) -> Vectors:
    """Vectors as they are now, of which most are ``known``: only those that came since are read.

    For a principal from whom nothing is hidden: what another may see can change without a passage that comes or goes.
    """
    there = np.array(connection.execute(select(passage.c.id).order_by(passage.c.id)).scalars().all(), np.int64)
    kept = np.isin(known.ids, there, assume_unique=True)
    version = index_version(connection)
    ids, matrix, begins = _read(vault, connection, known.mark, known.matrix.shape[1], after=known.version[0])
    return Vectors(
        version,
        known.mark,
        np.concatenate((known.ids[kept], ids)),
        np.concatenate((known.matrix if kept.all() else known.matrix[kept], matrix)),
        np.concatenate((known.begins[kept], begins)),
        len(there),
    )


def _read(
    vault: Vault, connection: Connection, embedder_mark: str, dimensions: int, *, after: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
    """Ids above ``after``, ascending, that the principal may see, their vectors, and which begin a document."""
    rows = connection.execute(
        select(passage.c.id, passage.c.vector, passage.c.ordinal)
        .where(
            passage.c.id > after,
            vault.readable(passage.c.label, passage.c.document_id),
            passage.c.recipe.endswith(f"-{embedder_mark}"),
        )
        .order_by(passage.c.id)
    ).all()
    ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    matrix = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f4").reshape(len(rows), dimensions)
    begins = np.fromiter((row[2] == 0 for row in rows), np.bool_, len(rows))
    return ids, matrix.astype(np.float32, copy=False), begins
