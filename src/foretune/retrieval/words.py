"""The words of passages: which hold a word of a query, and how well (BM25).

Who may see everything asks the vault's full-text index. For anybody else that index
tells too much: how often a word stands in hidden passages weighs in every score, in
the order, and in the time a query takes. So such a principal gets an index of its own,
in memory, of the passages it may see: it is that of a vault which never held the others.

BM25 is a sum over words, and each part of it depends on its word and the index alone. So
what a word comes to is worked out once for as long as the index does not change, and
every query that holds it only adds. FTS5 is asked where the word stands, and its formula
used on that: its own function takes five times as long.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from foretune.retrieval.terms import match_any
from foretune.retrieval.vectors import Vectors
from foretune.vault import Vault
from foretune.vault.tables import passage

__all__ = ["FIELD_WEIGHTS", "K1", "Postings", "Words", "own_words", "shared_words"]

FIELD_WEIGHTS = {"title": 2.0, "headings": 2.0, "keywords": 3.0, "body": 1.0}
"""What a word counts in each field; keywords were chosen by a person."""

K1 = 1.2
"""Saturation of BM25 in FTS5. Source, of the formula too: https://sqlite.org/fts5.html#the_bm25_function"""
_B = 0.75
"""How much longer passages count less."""
_LEAST_RARITY = 1e-6
"""Of a word that stands in at least half of all passages."""

_FIELDS = ", ".join(FIELD_WEIGHTS)
_AT_ONCE = 500
_KEPT = 8_000_000
"""Passages of words kept in memory, all words together; 12 bytes each."""

# None has a join: to read labels it would read, and decrypt, each passage that holds the word. Each answers in one row,
# for it takes longer to make rows of Python than to find them.
_DESCRIPTION = "SELECT sql, '' FROM sqlite_master WHERE name = 'passage_fts'"
_LENGTHS = "SELECT group_concat(id), group_concat(hex(sz), '') FROM passage_fts_docsize"
"""How many tokens each passage has in each field (https://sqlite.org/fts5.html#fts5_data_structures)."""
_INSTANCES = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.instances USING fts5vocab('main', 'passage_fts', 'instance')"
_STANDS = "SELECT group_concat(doc), group_concat(substr(col, 1, 1), '') FROM temp.instances WHERE term = ?"
_PHRASE = (
    "WITH found AS MATERIALIZED (SELECT rowid AS id, "  # noqa: S608
    f"bm25(passage_fts, {', '.join(map(str, FIELD_WEIGHTS.values()))}) AS score FROM passage_fts "
    "WHERE passage_fts MATCH ?) SELECT group_concat(id), group_concat(score) FROM found"
)

_WEIGHT_OF = np.zeros(128)
"""By the first letter of a field."""
_WEIGHT_OF[[ord(name[0]) for name in FIELD_WEIGHTS]] = list(FIELD_WEIGHTS.values())


@dataclass(frozen=True, slots=True)
class Postings:
    """The passages that hold a word."""

    places: NDArray[np.int32]
    """Positions in the vectors, ascending; a passage that has no vector there has none."""
    bm25: NDArray[np.float64]
    """Of each, higher is better."""
    holding: int
    """How many passages hold it, those without a vector too."""


_Ask = Callable[[Connection, str, tuple[str, ...]], Sequence[str | None]]
"""The two columns of the one row that a statement returns."""


class Words:
    """A full-text index, in one state; safe to use from several threads."""

    def __init__(self, vectors: Vectors, ask: _Ask, connection: Connection) -> None:
        """``connection`` sees the state that ``vectors`` are of, as those of later calls must."""
        self._vectors, self._ask = vectors, ask
        self._tokenizer = _Tokenizer(str(ask(connection, _DESCRIPTION, ())[0]))
        self._lock = Lock()
        self._kept: OrderedDict[str, Postings] = OrderedDict()
        self._size = 0
        ids, sizes = ask(connection, _LENGTHS, ())
        lengths = _varints(sizes or "").reshape(-1, len(FIELD_WEIGHTS)).sum(axis=1)
        self._passages = len(lengths)
        places, known = vectors.positions(_numbers(ids).astype(np.int64))
        self._saturation = np.zeros(len(vectors.ids))
        mean = lengths.sum() / max(1, len(lengths))
        self._saturation[places[known]] = K1 * (1 - _B + _B * lengths[known] / mean)

    def postings(self, connection: Connection, word: str) -> Postings:
        """Where a word, or another with the same stem, stands."""
        with self._lock:
            if word in self._kept:
                self._kept.move_to_end(word)
                return self._kept[word]
        tokens = self._tokenizer.tokens(word)
        found = self._of_token(connection, tokens[0]) if len(tokens) == 1 else self._of_phrase(connection, word)
        with self._lock:
            if word not in self._kept:
                self._kept[word] = found
                self._size += len(found.places)
            while self._size > _KEPT and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1].places)
        return found

    def _of_token(self, connection: Connection, token: str) -> Postings:
        ids, fields = self._ask(connection, _STANDS, (token,))
        standing = _numbers(ids).astype(np.int64)
        firsts = np.flatnonzero(np.diff(standing, prepend=-1))
        frequencies = np.add.reduceat(_WEIGHT_OF[np.frombuffer((fields or "").encode(), np.uint8)], firsts)
        holding = len(firsts)
        rarity = math.log((self._passages - holding + 0.5) / (holding + 0.5))
        places, known = self._vectors.positions(standing[firsts])
        places, frequencies = places[known], frequencies[known]
        bm25 = frequencies * (K1 + 1) / (frequencies + self._saturation[places])
        return Postings(places.astype(np.int32), (rarity if rarity > 0 else _LEAST_RARITY) * bm25, holding)

    def _of_phrase(self, connection: Connection, word: str) -> Postings:
        """Of what is one word to Python and several to the index, or none."""
        ids, scores = self._ask(connection, _PHRASE, (match_any([word]),))
        holding = _numbers(ids).astype(np.int64)
        places, known = self._vectors.positions(holding)
        # FTS5 gives better matches lower, negative numbers.
        return Postings(places[known].astype(np.int32), -_numbers(scores)[known], len(holding))


class _Tokenizer:
    """What the full-text index makes of a word."""

    def __init__(self, description: str) -> None:
        self._memory = _in_memory(description)
        self._lock = Lock()

    def tokens(self, word: str) -> list[str]:
        with self._lock:
            self._memory.execute("INSERT INTO passage_fts(rowid, body) VALUES (1, ?)", (word,))
            tokens = [row[0] for row in self._memory.execute("SELECT term FROM temp.instances ORDER BY offset")]
            self._memory.execute("INSERT INTO passage_fts(passage_fts) VALUES ('delete-all')")
            return tokens


def shared_words(connection: Connection, vectors: Vectors) -> Words:
    """The vault's own index, of all passages."""
    return Words(vectors, _ask_vault, connection)


def _ask_vault(connection: Connection, statement: str, values: tuple[str, ...]) -> Sequence[str | None]:
    connection.exec_driver_sql(_INSTANCES)
    return connection.exec_driver_sql(statement, values).one()


def own_words(vault: Vault, connection: Connection, vectors: Vectors) -> Words:
    """An index of what the principal may see, in the caller's transaction; its terms are kept, not its texts."""
    memory = _in_memory(str(_ask_vault(connection, _DESCRIPTION, ())[0]))
    visible = select(passage.c.id).where(vault.readable(passage.c.label, passage.c.document_id)).order_by(passage.c.id)
    ids = list(connection.execute(visible).scalars())
    for start in range(0, len(ids), _AT_ONCE):
        some = ", ".join(map(str, ids[start : start + _AT_ONCE]))
        rows = connection.exec_driver_sql(f"SELECT rowid, {_FIELDS} FROM passage_fts WHERE rowid IN ({some})")  # noqa: S608
        memory.executemany(
            f"INSERT INTO passage_fts(rowid, {_FIELDS}) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
            [tuple(row) for row in rows],
        )
    return Words(vectors, lambda _, statement, values: memory.execute(statement, values).fetchone(), connection)


def _in_memory(description: str) -> Any:
    """An empty full-text index like the one described; it keeps no copy of the texts."""
    from sqlcipher3 import dbapi2

    memory = dbapi2.connect(":memory:", check_same_thread=False, isolation_level=None)
    memory.execute(description.rstrip().removesuffix(")").removesuffix(", content = ''") + ", content = '')")
    memory.execute(_INSTANCES)
    return memory


def _numbers(joined: str | None) -> NDArray[np.float64]:
    """Numbers with commas between them; integers below 2^53 are exact."""
    return np.fromstring(joined or "", np.float64, sep=",")


def _varints(digits: str) -> NDArray[np.int64]:
    """Integers as SQLite packs them, seven bits a byte, the highest first; the last byte of each is below 128.

    Source: https://sqlite.org/fileformat2.html#varint
    """
    packed = np.frombuffer(bytes.fromhex(digits), np.uint8).astype(np.int64)
    ends = np.flatnonzero(packed < 128)
    starts = np.concatenate(([0], ends[:-1] + 1))[: len(ends)]
    behind = np.repeat(ends, ends - starts + 1) - np.arange(len(packed))
    return np.add.reduceat((packed & 127) << (7 * behind), starts)
