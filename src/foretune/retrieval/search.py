"""Hybrid search: what a passage means and the words it holds, in one score.

The score is a convex combination of the cosine of query and passage and of BM25,
after Bruch, Gai and Ingber 2023 (https://arxiv.org/abs/2210.11934), who show that
it beats reciprocal rank fusion. What makes it work here is how BM25 is
normalised: by the score of an ideal passage that holds every word of the query
without end. So a query in the documents' own words is decided by its words, and a
paraphrase, whose few common words say little, is decided by its meaning. The
study is in docs/decisions/0004-retrieval.md.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, func, select
from sqlalchemy.sql import Select

from foretune.retrieval.recipe import embedder_mark
from foretune.retrieval.terms import query_terms
from foretune.retrieval.vectors import Vectors, index_version, load_vectors, refreshed_vectors
from foretune.retrieval.words import FIELD_WEIGHTS, SharedWords, Words, own_words
from foretune.types import Label, Passage
from foretune.vault import Vault
from foretune.vault.tables import document, passage

if TYPE_CHECKING:
    from foretune.embedding import Embedder
    from foretune.plan.config import RetrievalSettings

__all__ = ["COSINE_SHARE", "FIELD_WEIGHTS", "Hit", "Searcher"]

COSINE_SHARE = 2 / 3
"""Weight of the cosine; BM25 has the rest. Anything from 0.6 to 0.7 does as well (the study)."""

_K1 = 1.2
"""Saturation of BM25 in FTS5. Source: https://sqlite.org/fts5.html#the_bm25_function"""

_WORD_MATCHES = 2000
"""Passages whose BM25 is looked at, best first; of any other it is below all these and counts as nothing."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found."""

    rank: int
    """From 1."""
    score: float
    """What hits are ordered by; about 0 (nothing in common) to 1."""
    passage: Passage
    bm25: float
    """0 (no word of the query) to 1 (as much of every word as can be)."""
    cosine: float
    """-1 to 1."""


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Positions in the vectors, best first, with what they were ranked by."""

    positions: NDArray[np.intp]
    scores: NDArray[np.float32]
    bm25: NDArray[np.float32]
    cosines: NDArray[np.float32]


class Searcher:
    """Finds passages the vault's principal may see; safe to use from several threads.

    It keeps their vectors in memory, and loads them again when the index has changed.
    """

    def __init__(self, vault: Vault, embedder: Embedder, settings: RetrievalSettings) -> None:
        self._vault, self._embedder, self._settings = vault, embedder, settings
        self._lock = Lock()
        self._vectors: Vectors | None = None
        self._words: Words = SharedWords()
        self._rarity: dict[str, float] = {}
        self._pseudonym_key = b""

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        labels: Collection[Label] | None = None,
        tags: Collection[str] | None = None,
    ) -> list[Hit]:
        """The ``k`` passages that fit ``query`` best; fewer where there are fewer.

        Args:
            query: any text; nothing in it is an operator.
            labels: only from documents with one of these labels.
            tags: only from documents with one of these tags.

        Raises:
            InputError: another embedding model made the index.
        """
        return self.search_many([query], k, labels=labels, tags=tags)[0]

    def search_many(
        self,
        queries: Sequence[str],
        k: int = 10,
        *,
        labels: Collection[Label] | None = None,
        tags: Collection[str] | None = None,
    ) -> list[list[Hit]]:
        """:meth:`search` for each query, in order."""
        # A command line hands on bytes that are no UTF-8 as lone surrogates, which models and databases refuse.
        queries = [query.encode("utf-8", "replace").decode() for query in queries]
        asked = [position for position, query in enumerate(queries) if query.strip()]
        found: list[list[Hit]] = [[] for _ in queries]
        if not asked:
            return found
        meanings = self._embedder.embed([queries[position] for position in asked])
        for position, meaning in zip(asked, meanings, strict=True):
            found[position] = self._search(queries[position], meaning, self._wanted(labels, tags), k)
        return found

    def _search(self, query: str, meaning: NDArray[np.float32], wanted: list[ColumnElement[bool]], k: int) -> list[Hit]:
        with self._vault.reading() as connection:
            while True:
                vectors = self._current(connection)
                ranking = self._ranking(connection, vectors, query, meaning, wanted, k)
                ids = [int(number) for number in vectors.ids[ranking.positions]]
                passages = self._passages(connection, ids)
                if len(passages) == len(ids):
                    return _hits(ids, passages, ranking)
                self._vectors = None  # a document's tags have changed since, and with them who may see it

    def idf(self, word: str) -> float:
        """How rare a word (or its stem) is among passages: 0 in at least half of them, about 8 in one of 2,000.

        Source: the Robertson–Spärck Jones weight as FTS5 uses it,
        https://sqlite.org/fts5.html#the_bm25_function
        """
        with self._vault.reading() as connection:
            vectors = self._current(connection)
            return sum(self._weight(connection, vectors, term) for term in query_terms(word))

    def _current(self, connection: Connection) -> Vectors:
        with self._lock:
            if self._vectors is None or self._vectors.version != index_version(connection):
                mark = embedder_mark(self._embedder)
                vectors = self._vectors
                if vectors is not None and self._vault.principal.sees_everything:
                    vectors = refreshed_vectors(vectors, self._vault, connection, embedder_mark=mark)
                if vectors is None or not self._vault.principal.sees_everything or not len(vectors.ids):
                    dimensions = self._embedder.dimensions
                    vectors = load_vectors(self._vault, connection, embedder_mark=mark, dimensions=dimensions)
                self._vectors = vectors
                self._rarity = {}
                if not self._vault.principal.sees_everything:
                    self._words = own_words(self._vault, connection)
            return self._vectors

    def _wanted(self, labels: Collection[Label] | None, tags: Collection[str] | None) -> list[ColumnElement[bool]]:
        """Conditions on passages beside what the principal may see."""
        conditions: list[ColumnElement[bool]] = []
        if labels is not None:
            conditions.append(passage.c.label.in_([label.value for label in labels]))
        if tags is not None:
            tag = func.json_each(document.c.tags).table_valued("value")
            tagged = select(document.c.id).where(select(tag.c.value).where(tag.c.value.in_(list(tags))).exists())
            conditions.append(passage.c.document_id.in_(tagged))
        return conditions

    def _ranking(
        self,
        connection: Connection,
        vectors: Vectors,
        query: str,
        meaning: NDArray[np.float32],
        wanted: list[ColumnElement[bool]],
        k: int,
    ) -> _Ranking:
        cosines = vectors.cosines(meaning)
        bm25 = self._bm25(connection, vectors, query_terms(query), all_matches=bool(wanted))
        scores = COSINE_SHARE * cosines + (1 - COSINE_SHARE) * bm25
        if wanted:
            allowed = self._ids(connection, select(passage.c.id).where(self._readable(), *wanted))
            places, known = vectors.positions(allowed)
            candidates = places[known]
        else:
            candidates = np.arange(len(scores))
        if k < len(candidates):
            candidates = candidates[np.argpartition(-scores[candidates], k)[:k]]
        best = candidates[np.lexsort((candidates, -scores[candidates]))][:k]
        return _Ranking(best, scores[best], bm25[best], cosines[best])

    def _bm25(
        self, connection: Connection, vectors: Vectors, terms: list[str], *, all_matches: bool
    ) -> NDArray[np.float32]:
        """BM25 of each passage the principal may see, over that of an ideal one: 0 to 1."""
        normalised = np.zeros(len(vectors.ids), np.float32)
        # The weight of an ideal passage's word frequency, f (k1 + 1) / (f + k1 …), tends to k1 + 1.
        ideal = (_K1 + 1) * sum(self._weight(connection, vectors, term) for term in terms)
        if ideal == 0:
            return normalised
        # The best matches may be others' alone: where anything is hidden or left out, all are looked at.
        most = -1 if all_matches or len(vectors.ids) < vectors.total else _WORD_MATCHES
        rows = self._words.matches(connection, terms, most)
        ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        places, known = vectors.positions(ids)
        # FTS5 gives better matches lower, negative numbers.
        normalised[places[known]] = np.fromiter((-row[1] for row in rows), np.float32, len(rows))[known] / ideal
        return normalised

    def _weight(self, connection: Connection, vectors: Vectors, term: str) -> float:
        known = self._rarity.get(term)
        if known is None:
            holding = self._words.holding(connection, term)
            known = max(0.0, math.log((vectors.total - holding + 0.5) / (holding + 0.5)))
            self._rarity[term] = known
        return known

    def _ids(self, connection: Connection, query: Select[tuple[int]]) -> NDArray[np.int64]:
        return np.array(connection.execute(query).scalars().all(), np.int64)

    def _readable(self) -> ColumnElement[bool]:
        return self._vault.readable(passage.c.label, passage.c.document_id)

    def _passages(self, connection: Connection, ids: list[int]) -> dict[int, Passage]:
        columns = (
            *(passage.c.id, passage.c.document_id, document.c.path, passage.c.ordinal),
            *(passage.c.start, passage.c.end, passage.c.text, passage.c.headings),
        )
        rows = connection.execute(
            select(*columns)
            .join(document, document.c.id == passage.c.document_id)
            .where(passage.c.id.in_(ids), self._readable())
        )
        return {
            row.id: Passage(
                self._shown(row.id),
                *(row.document_id, row.path, row.ordinal, row.start, row.end, row.text, tuple(row.headings)),
            )
            for row in rows
        }

    def _shown(self, number: int) -> int:
        """A passage's id as the principal sees it: ids count up, so gaps would tell how many are hidden between."""
        if self._vault.principal.sees_everything:
            return number
        if not self._pseudonym_key:
            self._pseudonym_key = self._vault.derived_key("passage ids")
        mark = hmac.digest(self._pseudonym_key, number.to_bytes(8, "big"), "sha256")
        return int.from_bytes(mark[:6], "big")  # an integer that JSON keeps whole


def _hits(ids: list[int], passages: Mapping[int, Passage], ranking: _Ranking) -> list[Hit]:
    return [
        Hit(rank, float(score), passages[number], float(bm25), float(cosine))
        for rank, (number, score, bm25, cosine) in enumerate(
            zip(ids, ranking.scores, ranking.bm25, ranking.cosines, strict=True), start=1
        )
    ]
