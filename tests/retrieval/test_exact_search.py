"""Search leaves out early only what would not have been among the best: hits and scores are those of a plain count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import select, text
from tests.retrieval.corpus import put, written

from foretune.plan.config import RetrievalSettings
from foretune.retrieval import Hit, Searcher, build_index, read_filters
from foretune.retrieval.passage_vectors import best_sentence
from foretune.retrieval.search import BESIDE_SHARE, COSINE_SHARE, SENTENCE_SHARE
from foretune.retrieval.terms import match_any, query_terms
from foretune.retrieval.unit_rows import UnitRows
from foretune.retrieval.vectors import load_vectors
from foretune.retrieval.words import FIELD_WEIGHTS, K1, Words, _varints, shared_words
from foretune.types import digest
from foretune.vault import Vault
from foretune.vault.tables import passage, sentence_vector

SETTINGS = RetrievalSettings(passage_words=20)
SUBJECTS = ("leave", "travel", "budget", "salaries", "training", "pension", "visa", "Überstunden", "R2½D")
QUERIES = (
    "leave and travel",
    "budgets of year 17",
    "pension",
    "training trained trains",
    "überstunden visa R2½D",
    "aᦰb what a word",
    "nothing of the kind",
    "the of and",
)


class RandomEmbedder:
    """Vectors that have nothing to do with the text, as far from a grid of 8 bits as any."""

    name, hash, dimensions, max_tokens = "random", "random", 48, 256
    remote = False

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        drawn = [np.random.default_rng(int(digest(each)[:8], 16)).standard_normal(self.dimensions) for each in texts]
        unit = [each / np.linalg.norm(each) for each in drawn]
        return np.array(unit, np.float32).reshape(-1, self.dimensions)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(each.split()) for each in texts]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """Documents of some passages each, of a few sentences, with words in every field and in all proportions."""
    pages = [
        written(
            "\n\n".join(
                f"## The {SUBJECTS[(i + j) % 9]}\n\nOf year {i}: {SUBJECTS[i % 5]}. {'Also training. ' * (i % 4)}"
                f"There is {SUBJECTS[j % 7]} and aᦰb for everybody, in part {j} as well."
                for j in range(1 + i % 4)
            ),
            path=f"{i}.md",
            title=SUBJECTS[i % 6],
            keywords=(SUBJECTS[i % 8],) if i % 3 else (),
            tags=("even",) if i % 2 == 0 else (),
        )
        for i in range(90)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETUNE_KEY", "7a" * 32)
        vault = Vault.create(tmp_path_factory.mktemp("exact") / "vault")
        build_index(vault, put(vault, pages), embedder=RandomEmbedder(), settings=SETTINGS)
    return vault


def plainly(vault: Vault, query: str, k: int, *, word_matches: int, ranked_again: int) -> list[tuple[int, float]]:
    """Ids and scores as the formulas have them: every cosine, FTS5's own BM25 of the whole query, every neighbour."""
    (meaning,) = RandomEmbedder().embed([query])
    weights = ", ".join(map(str, FIELD_WEIGHTS.values()))
    with vault.reading() as connection:
        rows = connection.execute(
            select(passage.c.id, passage.c.ordinal, passage.c.vector).order_by(passage.c.id)
        ).all()
        matched = text(
            f"SELECT rowid, bm25(passage_fts, {weights}) AS score FROM passage_fts "
            "WHERE passage_fts MATCH :match ORDER BY score LIMIT :most"
        )
        terms = query_terms(query)
        holding = [
            connection.execute(
                text("SELECT count(*) FROM passage_fts WHERE passage_fts MATCH :match"), {"match": match_any([term])}
            ).scalar_one()
            for term in terms
        ]
        rows_found = connection.execute(matched, {"match": match_any(terms), "most": word_matches}).tuples().all()
        found: dict[int, float] = dict(rows_found)
        kept = dict(connection.execute(select(sentence_vector.c.passage_id, sentence_vector.c.vectors)).tuples().all())
    matrix = np.array([np.frombuffer(row[2], "<f4") for row in rows])
    cosines = np.einsum("ij,j->i", matrix, meaning)
    ideal = (K1 + 1) * sum(max(0.0, np.log((len(rows) - each + 0.5) / (each + 0.5))) for each in holding)
    bm25 = np.array([-found.get(row[0], 0.0) / ideal if ideal else 0.0 for row in rows], np.float32)
    own = COSINE_SHARE * cosines + (1 - COSINE_SHARE) * bm25
    beside = np.empty_like(own)
    for place in range(len(rows)):
        around = [own[place - 1]] if rows[place][1] else []
        around += [own[place + 1]] if place + 1 < len(rows) and rows[place + 1][1] else []
        beside[place] = BESIDE_SHARE * max(around, default=own[place])
    scores = (1 - BESIDE_SHARE) * own + beside
    best = np.lexsort((np.arange(len(rows)), -scores))[: max(k, ranked_again)]
    again = []
    for place in best[:ranked_again]:
        sentence = best_sentence(kept[rows[place][0]], meaning) if rows[place][0] in kept else cosines[place]
        mixed = (1 - SENTENCE_SHARE) * cosines[place] + SENTENCE_SHARE * sentence
        again.append((1 - BESIDE_SHARE) * (COSINE_SHARE * mixed + (1 - COSINE_SHARE) * bm25[place]) + beside[place])
    again += [min(scores[place], *again) for place in best[ranked_again:]]
    order = np.argsort(-np.array(again), kind="stable")[:k]
    return [(rows[best[each]][0], float(again[each])) for each in order]


def told(hits: list[Hit]) -> tuple[list[int], list[float]]:
    return [hit.passage.id for hit in hits], [hit.score for hit in hits]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("word_matches", "ranked_again"), [(2000, 50), (20, 8)])
def test_hits_and_scores_are_those_of_a_plain_count(
    store: Vault, query: str, word_matches: int, ranked_again: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretune.retrieval.search._WORD_MATCHES", word_matches)
    monkeypatch.setattr("foretune.retrieval.search._RANKED_AGAIN", ranked_again)
    searcher = Searcher(store, RandomEmbedder(), SETTINGS)
    for k in (1, 5, 60):
        ids, scores = told(searcher.search(query, k))
        expected = plainly(store, query, k, word_matches=word_matches, ranked_again=ranked_again)
        assert ids == [number for number, _ in expected]
        assert scores == pytest.approx([score for _, score in expected], abs=1e-6)


def test_few_passages_are_looked_at_as_they_are(store: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the test above would not see what is left out."""
    looked_at: list[int] = []
    of = UnitRows.cosines

    def counted(self: UnitRows, meaning: NDArray[np.float32], positions: NDArray[np.intp]) -> NDArray[np.float32]:
        looked_at.append(len(positions))
        return of(self, meaning, positions)

    monkeypatch.setattr(UnitRows, "cosines", counted)
    monkeypatch.setattr("foretune.retrieval.search._RANKED_AGAIN", 8)
    searcher = Searcher(store, RandomEmbedder(), SETTINGS)
    searcher.search("leave and travel", 5)
    assert looked_at[0] < searcher.load() / 3


def test_filters_find_the_first_of_all_that_they_let_through(store: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    searcher = Searcher(store, RandomEmbedder(), SETTINGS)
    monkeypatch.setattr("foretune.retrieval.search._RANKED_AGAIN", 8)
    even = read_filters(["tag=even"])
    for query in QUERIES:
        everything = searcher.search(query, 500, filters=even)
        assert searcher.search(query, 5, filters=even) == everything[:5]


@pytest.mark.parametrize("word", ["leave", "train", "salaries", "überstunden", "year", "17", "r2½d", "aᦰb", "nowhere"])
def test_a_word_comes_to_what_fts5_says(store: Vault, word: str) -> None:
    weights = ", ".join(map(str, FIELD_WEIGHTS.values()))
    with store.reading() as connection:
        vectors = load_vectors(store, connection, embedder_mark="random", dimensions=48)
        postings = shared_words(connection, vectors).postings(connection, word)
        statement = f"SELECT rowid, -bm25(passage_fts, {weights}) FROM passage_fts WHERE passage_fts MATCH ?"
        rows = connection.exec_driver_sql(statement, (match_any([word]),)).all()
    assert vectors.ids[postings.places].tolist() == [row[0] for row in rows]
    assert postings.bm25.tolist() == pytest.approx([row[1] for row in rows], rel=1e-12)
    assert postings.holding == len(rows)
    assert (word == "nowhere") == (not rows)


def test_words_that_no_longer_fit_into_memory_are_looked_up_again(
    store: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []
    of = Words._of_token

    def counted(self: Words, connection: object, token: str) -> object:
        looked_up.append(token)
        return of(self, connection, token)  # type: ignore[arg-type]

    monkeypatch.setattr(Words, "_of_token", counted)
    searcher = Searcher(store, RandomEmbedder(), SETTINGS)
    found = searcher.search_many(QUERIES)
    once = len(looked_up)
    assert searcher.search_many(QUERIES) == found
    assert len(looked_up) == once
    monkeypatch.setattr("foretune.retrieval.words._KEPT", 20)
    assert Searcher(store, RandomEmbedder(), SETTINGS).search_many(QUERIES * 2) == found * 2
    assert len(looked_up) == 3 * once


def test_what_comes_and_goes_is_found_as_by_one_who_comes_later(vault: Vault) -> None:
    pages = [written(f"The {SUBJECTS[i % 9]} of year {i}.", path=f"{i}.md") for i in range(80)]
    listed = put(vault, pages)
    build_index(vault, listed[:60], embedder=RandomEmbedder(), settings=SETTINGS)
    searcher = Searcher(vault, RandomEmbedder(), SETTINGS)
    searcher.search_many(QUERIES)
    changed = replace(listed[20], text="Leave, once more.", hash=digest("once more"))
    build_index(vault, [*listed[10:20], changed, *listed[21:]], embedder=RandomEmbedder(), settings=SETTINGS)
    assert searcher.search_many(QUERIES) == Searcher(vault, RandomEmbedder(), SETTINGS).search_many(QUERIES)


def test_vectors_are_read_in_pieces(store: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.reading() as connection:
        whole = load_vectors(store, connection, embedder_mark="random", dimensions=48)
        monkeypatch.setattr("foretune.retrieval.vectors._AT_ONCE", 7)
        pieces = load_vectors(store, connection, embedder_mark="random", dimensions=48)
    assert (pieces.total, pieces.rows.farthest) == (whole.total, whole.rows.farthest)
    for name in ("matrix", "coarse", "scale"):
        assert np.array_equal(getattr(pieces.rows, name), getattr(whole.rows, name))
    assert np.array_equal(pieces.ids, whole.ids)
    assert np.array_equal(pieces.begins, whole.begins)


@examples(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 3.0]))
def test_a_cosine_at_8_bits_is_never_further_off_than_is_said(seed: int, skew: float) -> None:
    drawn = np.random.default_rng(seed).standard_normal((40, 48)) * np.linspace(1, 1 + skew, 48) ** 3
    unit = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    rows = UnitRows.of([unit[1:20], unit[20:]], most=50, dimensions=48)
    near, error = rows.near_cosines(unit[0])
    assert np.abs(near - rows.cosines(unit[0], np.arange(39))).max() <= error
    assert error < 0.1


@examples(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2**49 - 1)))
def test_integers_are_unpacked_as_sqlite_packs_them(numbers: list[int]) -> None:
    packed = b""
    for number in numbers:
        groups = [number >> shift & 127 for shift in range(42, -1, -7)]
        first = next((i for i, group in enumerate(groups) if group), 6)
        packed += bytes([*(group | 128 for group in groups[first:-1]), groups[-1]])
    assert _varints(packed.hex()).tolist() == numbers
