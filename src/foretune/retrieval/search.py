"""Hybrid search: what a passage means and the words it holds, in one score.

The score is a convex combination of the cosine of query and passage and of BM25,
after Bruch, Gai and Ingber 2023 (https://arxiv.org/abs/2210.11934), who show that
it beats reciprocal rank fusion. What makes it work here is how BM25 is
normalised: by the score of an ideal passage that holds every word of the query
without end. So a query in the documents' own words is decided by its words, and a
paraphrase, whose few common words say little, is decided by its meaning. What
comes first is ranked again by its best sentence as well: a question asks for one
thing, and a passage says several; and a little of each score is the better
neighbour's. The study is in docs/decisions/0004-retrieval.md.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.sql import Select

from foretune.embedding import open_embedder
from foretune.errors import InputError
from foretune.retrieval.filters import DocumentFilter, condition
from foretune.retrieval.passage_vectors import best_sentence
from foretune.retrieval.recipe import embedder_mark, serving
from foretune.retrieval.terms import query_terms
from foretune.retrieval.vectors import Vectors, index_version, load_vectors, refreshed_vectors
from foretune.retrieval.words import K1, Postings, Words, own_words, shared_words
from foretune.types import Passage
from foretune.vault import Vault
from foretune.vault.tables import document, passage, sentence_vector

if TYPE_CHECKING:
    from foretune.embedding import Embedder
    from foretune.plan.config import RetrievalSettings

__all__ = ["COSINE_SHARE", "Hit", "Searcher"]

COSINE_SHARE = 2 / 3
"""Weight of the cosine; BM25 has the rest. Anything from 0.6 to 0.7 does as well (the study)."""

SENTENCE_SHARE = 0.6
"""Of the cosine's weight, what the best sentence has; 0.4 to 0.6 do as well (the study)."""

BESIDE_SHARE = 0.1
"""What a passage's score takes from the better of the two beside it: an answer seldom stands alone."""

RECENCY = 0.1
"""Most that the newest of the passages found has ahead of one without a date: as a good match has of a fair one."""

_RANKED_AGAIN = 50
"""Passages whose sentences are looked at; 30 to 200 do as well."""

_READ = 20_000
"""Characters of a query that are embedded at most; no embedder reads further."""

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
    """Of query and passage, -1 to 1."""
    sentence: float
    """Of query and the passage's best sentence; of the passage where no sentence was looked at."""


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Positions in the vectors, best first, with what they were ranked by."""

    positions: NDArray[np.intp]
    scores: NDArray[np.float32]
    bm25: NDArray[np.float32]
    cosines: NDArray[np.float32]
    sentences: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Index:
    """What the principal may search, as it was at one moment."""

    vectors: Vectors
    words: Words


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A query as the embedder with this mark sees it."""

    mark: str
    vector: NDArray[np.float32]


class Searcher:
    """Finds passages the vault's principal may see; safe to use from several threads.

    It keeps their vectors in memory, and loads them again when the index has changed.
    """

    def __init__(self, vault: Vault, embedder: Embedder, settings: RetrievalSettings) -> None:
        self._vault, self._embedder, self._settings = vault, embedder, settings
        self._serving = embedder
        """Made the vectors that are searched: until an index of the plan's embedder is whole, the one before."""
        self._lock = Lock()
        self._loaded: _Index | None = None
        self._pseudonym_key = b""

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        filters: Sequence[DocumentFilter] = (),
    ) -> list[Hit]:
        """The ``k`` passages that fit ``query`` best; fewer where there are fewer.

        Args:
            query: any text; nothing in it is an operator.
            filters: only from documents they let through (:func:`foretune.retrieval.read_filters`).

        Raises:
            InputError: another embedding model made the index.
        """
        return self.search_many([query], k, filters=filters)[0]

    def search_many(
        self, queries: Sequence[str], k: int = 10, *, filters: Sequence[DocumentFilter] = ()
    ) -> list[list[Hit]]:
        """:meth:`search` for each query, in order."""
        # A command line hands on bytes that are no UTF-8 as lone surrogates, which models and databases refuse.
        queries = [query.encode("utf-8", "replace").decode() for query in queries]
        asked = [position for position, query in enumerate(queries) if query.strip()]
        found: list[list[Hit]] = [[] for _ in queries]
        if not asked:
            return found
        with self._vault.reading() as connection:
            self._current(connection)
        meanings = self._meanings([queries[position] for position in asked])
        for position, meaning in zip(asked, meanings, strict=True):
            found[position] = self._search(queries[position], meaning, filters, k)
        return found

    def _meanings(self, queries: Sequence[str]) -> list[_Meaning]:
        embedder = self._serving
        begun = [query[:_READ] for query in queries]
        return [_Meaning(embedder_mark(embedder), vector) for vector in embedder.embed(begun)]

    def _search(self, query: str, meaning: _Meaning, filters: Sequence[DocumentFilter], k: int) -> list[Hit]:
        with self._vault.reading() as connection:
            while True:
                index = self._current(connection)
                if index.vectors.mark != meaning.mark:  # another model's index has taken over since
                    (meaning,) = self._meanings([query])
                ranking = self._ranking(connection, index, query, meaning.vector, filters, k)
                ids = index.vectors.ids[ranking.positions].tolist()
                passages = self._passages(connection, ids)
                if len(passages) == len(ids):
                    return _hits(ids, passages, ranking)
                self._loaded = None  # a document's tags have changed since, and with them who may see it

    def load(self) -> int:
        """Have everything in memory that searching needs, as the first search would; returns how many passages.

        Raises:
            InputError: another embedding model made the index.
        """
        with self._vault.reading() as connection:
            return len(self._current(connection).vectors.ids)

    def idf(self, word: str) -> float:
        """How rare a word (or its stem) is among passages: 0 in at least half of them, about 8 in one of 2,000.

        Source: the Robertson–Spärck Jones weight as FTS5 uses it,
        https://sqlite.org/fts5.html#the_bm25_function
        """
        with self._vault.reading() as connection:
            index = self._current(connection)
            terms = query_terms(word)
            return sum(_weight(index.vectors, index.words.postings(connection, term)) for term in terms)

    def _current(self, connection: Connection) -> _Index:
        with self._lock:
            loaded = self._loaded
            if loaded is None or loaded.vectors.version != index_version(connection):
                self._serving = self._embedder_of(connection)
                mark = embedder_mark(self._serving)
                everything = self._vault.principal.sees_everything
                if everything and loaded is not None and loaded.vectors.mark == mark and len(loaded.vectors.ids):
                    vectors = refreshed_vectors(loaded.vectors, self._vault, connection)
                else:
                    dimensions = self._serving.dimensions
                    vectors = load_vectors(self._vault, connection, embedder_mark=mark, dimensions=dimensions)
                words = shared_words if everything else partial(own_words, self._vault)
                self._loaded = loaded = _Index(vectors, words(connection, vectors))
            return loaded

    def _embedder_of(self, connection: Connection) -> Embedder:
        """The one whose vectors are searched now.

        Raises:
            InputError: it is at an address that is not approved for what the principal may see.
        """
        now = serving(connection)
        if now is None:
            return self._embedder
        for known in (self._serving, self._embedder):
            if embedder_mark(known) == now.mark:
                return known
        embedder = open_embedder(now.embedder, url=now.url, key_variable=now.key_variable)
        if embedder.remote:
            labels = select(passage.c.label).where(self._readable()).distinct()
            if set(connection.execute(labels).scalars()) - set(self._settings.embedder_approved_for):
                # The query may quote what the plan no longer sends there.
                raise InputError(
                    f"The index was made by {now.embedder}, which is not approved for all documents it holds: "
                    "run `foretune index`."
                )
        return embedder

    def _ranking(
        self,
        connection: Connection,
        index: _Index,
        query: str,
        meaning: NDArray[np.float32],
        filters: Sequence[DocumentFilter],
        k: int,
    ) -> _Ranking:
        vectors = index.vectors
        wanted = condition(filters)
        bm25 = _bm25(connection, index, query_terms(query), all_matches=wanted is not None)
        cosines, error = vectors.rows.near_cosines(meaning)
        scores, beside = _scores(vectors, cosines, bm25)
        if wanted is not None:
            of_documents = passage.join(document, document.c.id == passage.c.document_id)
            through = select(passage.c.id).select_from(of_documents).where(self._readable(), wanted)
            allowed = self._ids(connection, through.order_by(passage.c.id))
            places, known = vectors.positions(allowed)
            candidates = places[known]
        else:
            candidates = np.arange(len(scores))
        most = max(k, _RANKED_AGAIN)
        if most < len(candidates):
            near = scores[candidates]
            # No score is further off than its cosines, its own and those beside it: below this, none is among the best.
            least = np.partition(near, -most)[-most] - 2 * COSINE_SHARE * error
            candidates = candidates[near >= least]
        looked_at = np.unique(np.concatenate((candidates - 1, candidates, candidates + 1)) % max(1, len(scores)))
        cosines[looked_at] = vectors.rows.cosines(meaning, looked_at)
        scores, beside = _scores(vectors, cosines, bm25)
        best = candidates[np.lexsort((candidates, -scores[candidates]))[:most]]
        sentences = self._sentences(connection, vectors.ids[best[:_RANKED_AGAIN]].tolist(), meaning, cosines[best])
        mixed = (1 - SENTENCE_SHARE) * cosines[best] + SENTENCE_SHARE * sentences
        again: NDArray[np.float32] = COSINE_SHARE * mixed + (1 - COSINE_SHARE) * bm25[best]
        again = (1 - BESIDE_SHARE) * again + beside[best]
        if self._settings.recency_months:
            again[:_RANKED_AGAIN] += self._recency(connection, vectors.ids[best[:_RANKED_AGAIN]].tolist())
        # What is not ranked again stays behind what is, in its order.
        rest = slice(_RANKED_AGAIN, None)
        again[rest] = np.minimum(scores[best[rest]], again[:_RANKED_AGAIN].min(initial=1.0))
        order = np.argsort(-again, kind="stable")[:k]
        return _Ranking(best[order], again[order], bm25[best[order]], cosines[best[order]], sentences[order])

    def _sentences(
        self, connection: Connection, ids: list[int], meaning: NDArray[np.float32], cosines: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Of the first passages, whose ids these are, what their best sentences have in place of their cosine."""
        columns = (sentence_vector.c.passage_id, sentence_vector.c.vectors)
        rows = connection.execute(select(*columns).where(sentence_vector.c.passage_id.in_(ids))).tuples()
        packed = dict(rows.all())
        found = cosines.copy()
        for place, number in enumerate(ids):
            if number in packed:
                found[place] = best_sentence(packed[number], meaning)
        return found

    def _recency(self, connection: Connection, ids: list[int]) -> NDArray[np.float32]:
        """What newer documents have ahead: half as much for each ``recency_months`` behind the newest of these."""
        of_documents = passage.join(document, document.c.id == passage.c.document_id)
        days = select(passage.c.id, document.c.date, document.c.modified).select_from(of_documents)
        rows = connection.execute(days.where(passage.c.id.in_(ids))).tuples()
        months = {number: _months(max(date, modified)) for number, date, modified in rows if date or modified}
        newest = max(months.values(), default=0.0)
        halvings = [(months.get(number, -np.inf) - newest) / self._settings.recency_months for number in ids]
        return np.array([RECENCY * 2.0**each for each in halvings], np.float32)

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


def _bm25(connection: Connection, index: _Index, terms: list[str], *, all_matches: bool) -> NDArray[np.float32]:
    """BM25 of each passage the principal may see, over that of an ideal one: 0 to 1."""
    vectors = index.vectors
    found = [index.words.postings(connection, term) for term in terms]
    # The weight of an ideal passage's word frequency, f (k1 + 1) / (f + k1 …), tends to k1 + 1.
    ideal = (K1 + 1) * sum(_weight(vectors, each) for each in found)
    if ideal == 0:
        return np.zeros(len(vectors.ids), np.float32)
    total = np.zeros(len(vectors.ids))
    for each in found:
        total[each.places] += each.bm25
    # The best matches may be others' alone: where anything is hidden or left out, all are looked at.
    if not all_matches and len(vectors.ids) == vectors.total:
        matching = np.flatnonzero(total)
        if len(matching) > _WORD_MATCHES:
            found_scores = total[matching]
            least = np.partition(found_scores, -_WORD_MATCHES)[-_WORD_MATCHES]
            # Of equals the first, as SQLite would take them.
            above = np.count_nonzero(found_scores > least)
            beyond = matching[found_scores == least][_WORD_MATCHES - above :]
            total[matching[found_scores < least]] = 0
            total[beyond] = 0
    return total.astype(np.float32) / ideal


def _weight(vectors: Vectors, postings: Postings) -> float:
    return max(0.0, math.log((vectors.total - postings.holding + 0.5) / (postings.holding + 0.5)))


def _scores(
    vectors: Vectors, cosines: NDArray[np.float32], bm25: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of each passage its score before sentences are looked at, and what of that is its neighbour's."""
    scores = COSINE_SHARE * cosines + (1 - COSINE_SHARE) * bm25
    beside = BESIDE_SHARE * vectors.beside(scores)
    return (1 - BESIDE_SHARE) * scores + beside, beside


def _months(day: str) -> float:
    """Of an ISO date, as exact as it is, since the year 0."""
    year, month, day_of_month = (int(part) for part in (day[:10] + "-01-01").split("-")[:3])
    return year * 12 + month + day_of_month / 31


def _hits(ids: list[int], passages: Mapping[int, Passage], ranking: _Ranking) -> list[Hit]:
    return [
        Hit(rank, float(score), passages[number], float(bm25), float(cosine), float(sentence))
        for rank, (number, score, bm25, cosine, sentence) in enumerate(
            zip(ids, ranking.scores, ranking.bm25, ranking.cosines, ranking.sentences, strict=True), start=1
        )
    ]
