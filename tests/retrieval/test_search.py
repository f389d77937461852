"""Search: by meaning and by words, for any text, and only what the asker may see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import delete
from tests.retrieval.corpus import PAGES, open_real_embedder, page, put, written

from foretune.embedding import Embedder
from foretune.plan.config import RetrievalSettings
from foretune.retrieval import Searcher, build_index, query_terms, read_filters
from foretune.retrieval.search import BESIDE_SHARE, COSINE_SHARE, SENTENCE_SHARE
from foretune.retrieval.unit_rows import UnitRows
from foretune.retrieval.vectors import Vectors
from foretune.types import GovernedDocument, Label
from foretune.vault import Principal, Vault, tables

SETTINGS = RetrievalSettings()

RESTRICTED = written(
    "Severance for the chief executive is three years of salary.",
    path="board/severance.md",
    title="Severance",
    label=Label.RESTRICTED,
    tags=("board",),
)
PUBLIC = written(
    "Everybody gets two weeks of salary as severance for each year of service.",
    path="leaving.md",
    title="Leaving",
    label=Label.PUBLIC,
    tags=("hr", "leaving"),
)
OTHERS = [
    written("Annual leave grows with years of service: four, six or eight hours.", path="leave.md", title="Leave"),
    written("Passwords are changed every ninety days.", path="passwords.md", title="Passwords", tags=("it",)),
    written("The travel desk books trains; form QX-7781b must be signed.", path="travel.md", title="Travel"),
]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_real_embedder()


_KEY = "5e" * 32


@pytest.fixture(scope="module")
def small_vault(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("small") / "vault"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETUNE_KEY", _KEY)
        with Vault.create(folder) as vault:
            documents = put(vault, [RESTRICTED, PUBLIC, *OTHERS])
            build_index(vault, documents, embedder=embedder, settings=SETTINGS)
    return folder


@pytest.fixture
def small(small_vault: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vault of a few lines, and its key, which every test's own home would otherwise lack."""
    monkeypatch.setenv("FORETUNE_KEY", _KEY)
    return small_vault


def searcher(folder: Path, embedder: Embedder, label: Label = Label.RESTRICTED) -> Searcher:
    return Searcher(Vault.open(folder, principal=Principal("anna", "owner", label)), embedder, SETTINGS)


def paths(found: Searcher, query: str, k: int = 10, *filters: str) -> list[str]:
    return [hit.passage.path for hit in found.search(query, k, filters=read_filters(filters))]


def test_a_passage_is_found_by_its_meaning(small: Path, embedder: Embedder) -> None:
    assert paths(searcher(small, embedder), "How often must I choose new login secrets?", 1) == ["passwords.md"]


def test_a_passage_is_found_by_a_word_no_model_knows(small: Path, embedder: Embedder) -> None:
    (hit,) = searcher(small, embedder).search("QX-7781b", 1)
    assert hit.passage.path == "travel.md"
    assert hit.bm25 > 0


def test_hits_are_ordered_by_a_convex_combination(small: Path, embedder: Embedder) -> None:
    hits = searcher(small, embedder).search("severance and years of service")
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        meaning = (1 - SENTENCE_SHARE) * hit.cosine + SENTENCE_SHARE * hit.sentence
        assert hit.score == pytest.approx(
            (1 - BESIDE_SHARE) * (COSINE_SHARE * meaning + (1 - COSINE_SHARE) * hit.bm25)
            # Each of these documents is one passage, which then stands in for its neighbours.
            + BESIDE_SHARE * (COSINE_SHARE * hit.cosine + (1 - COSINE_SHARE) * hit.bm25),
            abs=1e-6,
        )
    assert any(hit.sentence > hit.cosine for hit in hits)


@pytest.mark.parametrize("label", [Label.PUBLIC, Label.INTERNAL, Label.CONFIDENTIAL])
def test_what_somebody_may_not_read_is_never_found(small: Path, embedder: Embedder, label: Label) -> None:
    everything = searcher(small, embedder)
    assert paths(everything, "severance of the chief executive", 1) == ["board/severance.md"]
    found = paths(searcher(small, embedder, label), "severance of the chief executive", 10)
    assert found[0] == "leaving.md"
    assert len(found) == (1 if label is Label.PUBLIC else 4)
    assert "board/severance.md" not in found


def test_an_auditor_finds_nothing(small: Path, embedder: Embedder) -> None:
    vault = Vault.open(small, principal=Principal("olga", "auditor"))
    assert Searcher(vault, embedder, SETTINGS).search("severance") == []


def test_filters_hold_before_the_first_k_are_taken(small: Path, embedder: Embedder) -> None:
    found = searcher(small, embedder)
    assert paths(found, "severance", 1, "label=public") == ["leaving.md"]
    assert paths(found, "severance", 1, "tag=it") == ["passwords.md"]
    assert set(paths(found, "severance", 10, "tag=hr", "tag=board")) == {"leaving.md", "board/severance.md"}
    assert paths(found, "severance", 10, "tag=hr", "label=restricted") == []


@pytest.mark.parametrize("query", ["", " ", "\n\t"])
def test_an_empty_query_finds_nothing(small: Path, embedder: Embedder, query: str) -> None:
    assert searcher(small, embedder).search(query) == []


QUERIES = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            [
                *(
                    '"',
                    "'",
                    "*",
                    "(",
                    ")",
                    ":",
                    "^",
                    "-",
                    "+",
                    "\x00",
                    ";--",
                    "title:",
                    "NEAR(a b)",
                    "AND",
                    "OR",
                    "NOT",
                ),
                *("the", "of", "severance", "Überstunden", "年次休暇", "🙂", "é", "\u0301", "_", "a" * 300, "{body}"),
            ]
        ),
        max_size=90,
    ).map(" ".join),
)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(QUERIES)
def test_any_text_can_be_searched_for(small: Path, embedder: Embedder, query: str) -> None:
    hits = searcher_for_any_text(small, embedder).search(query, 3)
    assert len(hits) == (3 if query.strip() else 0)
    assert all(-1e-6 <= hit.bm25 <= 1 + 1e-6 and -1.001 <= hit.cosine <= 1.001 for hit in hits)


_SEARCHERS: dict[Path, Searcher] = {}


def searcher_for_any_text(folder: Path, embedder: Embedder) -> Searcher:
    if folder not in _SEARCHERS:
        _SEARCHERS[folder] = searcher(folder, embedder)
    return _SEARCHERS[folder]


def test_several_queries_give_what_each_gives_alone(small: Path, embedder: Embedder) -> None:
    found = searcher(small, embedder)
    queries = ["severance", "", "ninety days"]
    assert found.search_many(queries, 2) == [found.search(query, 2) for query in queries]


def test_rare_words_weigh_more_than_common_ones(small: Path, embedder: Embedder) -> None:
    found = searcher(small, embedder)
    assert found.idf("passwords") > found.idf("severance") > 0
    assert found.idf("Password") == found.idf("passwords")
    assert found.idf("unheard") > found.idf("passwords")


def test_stop_words_count_only_where_there_is_nothing_else() -> None:
    assert query_terms("How do I get the forms, and which form is it?") == ["forms"]
    assert query_terms("to be or to do") == ["to", "be", "or", "do"]
    assert query_terms('"; DROP TABLE passage; --') == ["drop", "table", "passage"]
    assert len(query_terms(" ".join(f"word{i}x" for i in range(500)))) == 64


def test_the_index_is_read_again_when_it_has_changed(vault: Vault, embedder: Embedder) -> None:
    found = Searcher(vault, embedder, SETTINGS)
    assert found.search("severance") == []
    documents = put(vault, [PUBLIC, *OTHERS])
    build_index(vault, documents, embedder=embedder, settings=SETTINGS)
    assert paths(found, "severance", 1) == ["leaving.md"]
    edited = replace(PUBLIC, text="Severance is paid on the last day.", hash="other")
    build_index(vault, [edited, *OTHERS], embedder=embedder, settings=SETTINGS)
    assert found.search("severance", 1)[0].passage.text == edited.text
    with vault.writing() as connection:
        connection.execute(delete(tables.document).where(tables.document.c.id == PUBLIC.id))
    assert "leaving.md" not in paths(found, "severance")
    assert len(paths(found, "severance")) == len(OTHERS)


@pytest.fixture(scope="module")
def leave_pages() -> list[GovernedDocument]:
    return [page(path) for path in sorted((PAGES / "travel-and-leave").rglob("*.md"))]


@pytest.mark.slow
def test_real_pages_answer_real_questions(
    vault: Vault, embedder: Embedder, leave_pages: list[GovernedDocument]
) -> None:
    build_index(vault, put(vault, leave_pages), embedder=embedder, settings=SETTINGS)
    found = Searcher(vault, embedder, SETTINGS)
    asked = {
        "What is the most annual leave that can be carried over from one leave year to the next?": "leave.md",
        "We are expecting a baby. How long can I stay home on full pay?": "paid-parental-leave.md",
        "Do credit hours expire?": "overtime.md",
        "Up to how many days can you relocate for without having to notify PeopleOps?": "moving.md",
    }
    for question, name in asked.items():
        hit = found.search(question, 1)[0]
        assert hit.passage.path.endswith(name), question
        document = next(each for each in leave_pages if each.path == hit.passage.path)
        assert document.text[hit.passage.start : hit.passage.end] == hit.passage.text


def unit_rows(count: int) -> UnitRows:
    return UnitRows.of([np.ones((count, 1), np.float32)], most=count, dimensions=1)


def test_a_passage_takes_something_of_the_better_one_beside_it_in_its_document() -> None:
    begins = np.array([True, False, False, True, True, False])
    vectors = Vectors((0, 0), "", np.arange(6), unit_rows(6), begins, 6)
    values = np.array([0.1, 0.5, 0.3, 0.9, 0.7, 0.2], np.float32)
    assert vectors.beside(values).tolist() == pytest.approx([0.5, 0.3, 0.5, 0.9, 0.2, 0.7])
    none = Vectors((0, 0), "", np.arange(0), unit_rows(0), np.zeros(0, np.bool_), 0)
    assert none.beside(np.zeros(0, np.float32)).tolist() == []
