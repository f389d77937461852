"""The words of passages: which hold a term, and how well (BM25).

Who may see everything asks the vault's full-text index. For anybody else that index
tells too much: how often a word stands in hidden passages weighs in every score, in
the order, and in the time a query takes. So such a principal gets an index of its own,
in memory, of the passages it may see: it is that of a vault which never held the others.
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Connection, select, text

from foretune.retrieval.terms import match_any
from foretune.vault import Vault
from foretune.vault.tables import passage

__all__ = ["FIELD_WEIGHTS", "OwnWords", "SharedWords", "Words", "own_words"]

FIELD_WEIGHTS = (2.0, 2.0, 3.0, 1.0)
"""What a word counts in title, headings, keywords (a person chose them) and body."""

_BM25 = f"bm25(passage_fts, {', '.join(map(str, FIELD_WEIGHTS))})"
_MATCHES = f"SELECT rowid, {_BM25} AS score FROM passage_fts WHERE passage_fts MATCH :match ORDER BY score LIMIT :most"  # noqa: S608
"""Without a join: to read labels it would read, and decrypt, each passage that holds a word of the query."""
_HOLDING = "SELECT count(*) FROM passage_fts WHERE passage_fts MATCH :match"
_FIELDS = "title, headings, keywords, body"
_AT_ONCE = 500


class Words(Protocol):
    """A full-text index."""

    def matches(self, connection: Connection, terms: list[str], most: int) -> list[tuple[int, float]]:
        """Ids of passages with any of ``terms`` and their BM25 as FTS5 gives it (lower is better), best first."""

    def holding(self, connection: Connection, term: str) -> int:
        """How many passages hold a term."""


class SharedWords:
    """The vault's own index, of all passages."""

    def matches(self, connection: Connection, terms: list[str], most: int) -> list[tuple[int, float]]:
        rows = connection.execute(text(_MATCHES), {"match": match_any(terms), "most": most})
        return [(row[0], row[1]) for row in rows]

    def holding(self, connection: Connection, term: str) -> int:
        return int(connection.execute(text(_HOLDING), {"match": match_any([term])}).scalar_one())


class OwnWords:
    """An index of one principal's passages, in memory; its terms are kept, not its texts."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory

    def matches(self, connection: Connection, terms: list[str], most: int) -> list[tuple[int, float]]:
        return list(self._memory.execute(_MATCHES, {"match": match_any(terms), "most": most}))

    def holding(self, connection: Connection, term: str) -> int:
        return int(self._memory.execute(_HOLDING, {"match": match_any([term])}).fetchone()[0])


def own_words(vault: Vault, connection: Connection) -> OwnWords:
    """An index of what the principal may see, in the caller's transaction."""
    from sqlcipher3 import dbapi2

    memory = dbapi2.connect(":memory:", check_same_thread=False, isolation_level=None)
    described = text("SELECT sql FROM sqlite_master WHERE name = 'passage_fts'")
    # The same tokenizer as the vault's own, and no copy of the texts.
    memory.execute(connection.execute(described).scalar_one().rstrip().removesuffix(")") + ", content = '')")
    visible = select(passage.c.id).where(vault.readable(passage.c.label, passage.c.document_id)).order_by(passage.c.id)
    ids = list(connection.execute(visible).scalars())
    for start in range(0, len(ids), _AT_ONCE):
        some = ", ".join(map(str, ids[start : start + _AT_ONCE]))
        rows = connection.exec_driver_sql(f"SELECT rowid, {_FIELDS} FROM passage_fts WHERE rowid IN ({some})")  # noqa: S608
        memory.executemany(
            f"INSERT INTO passage_fts(rowid, {_FIELDS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            [tuple(row) for row in rows],
        )
    return OwnWords(memory)
