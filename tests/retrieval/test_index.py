"""The index follows the documents: what changed, what went, what was cut short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, text
from tests.helpers import ROOT
from tests.retrieval.corpus import PAGES, changed, open_real_embedder, page, put, written

from foretune.embedding import Embedder
from foretune.plan.config import RetrievalSettings
from foretune.retrieval import build_index, embedded_text, index_recipe, index_state, split
from foretune.types import GovernedDocument, Label
from foretune.vault import Vault
from foretune.vault.tables import passage

SETTINGS = RetrievalSettings()


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_real_embedder()


@pytest.fixture
def pages(vault: Vault) -> list[GovernedDocument]:
    """A few real pages, in the vault."""
    return put(vault, (page(path) for path in sorted((PAGES / "tools").glob("*.md"))[:8]))


class Counting:
    """The real embedder; remembers what it was given, and may be told to stop."""

    def __init__(self, embedder: Embedder, *, stop_after: int | None = None) -> None:
        self._embedder, self._left = embedder, stop_after
        self.name, self.dimensions, self.max_tokens = embedder.name, embedder.dimensions, embedder.max_tokens
        self.hash, self.remote = embedder.hash, embedder.remote
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        if self._left is not None:
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
        self.texts += texts
        return self._embedder.embed(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)


def rows(vault: Vault) -> list[Any]:
    """What the index holds, without ids."""
    columns = [column for column in passage.c if column.name != "id"]
    with vault.reading() as connection:
        found = connection.execute(select(*columns).order_by(passage.c.document_id, passage.c.ordinal)).all()
        words = connection.execute(
            text("SELECT title, headings, keywords, body FROM passage_fts ORDER BY title, headings, body")
        ).all()
    return [*map(tuple, found), *map(tuple, words)]


def test_each_passage_is_kept_with_its_place_its_words_and_its_vector(
    vault: Vault, pages: list[GovernedDocument], embedder: Embedder
) -> None:
    summary = build_index(vault, pages, embedder=embedder, settings=SETTINGS)
    drafts = {document.id: split(document) for document in pages}
    assert summary.documents == summary.indexed == len(pages)
    assert summary.passages == summary.embedded == sum(map(len, drafts.values()))
    with vault.reading() as connection:
        for row in connection.execute(select(passage)):
            draft = drafts[row.document_id][row.ordinal]
            assert (row.start, row.end, row.text, tuple(row.headings)) == (
                draft.start,
                draft.end,
                draft.text,
                draft.headings,
            )
            vector = np.frombuffer(row.vector, "<f4")
            assert vector.shape == (embedder.dimensions,)
            assert np.array_equal(vector, embedder.embed([embedded_text(draft)])[0])
            assert row.label == Label.INTERNAL


def test_a_second_run_embeds_nothing(vault: Vault, pages: list[GovernedDocument], embedder: Embedder) -> None:
    build_index(vault, pages, embedder=embedder, settings=SETTINGS)
    before, counting = rows(vault), Counting(embedder)
    summary = build_index(vault, pages, embedder=counting, settings=SETTINGS)
    assert (summary.indexed, summary.unchanged, counting.texts) == (0, len(pages), [])
    assert rows(vault) == before


def test_of_a_changed_document_only_passages_that_read_otherwise_are_embedded(
    vault: Vault, pages: list[GovernedDocument], embedder: Embedder
) -> None:
    build_index(vault, pages, embedder=embedder, settings=SETTINGS)
    longest = max(pages, key=lambda document: len(document.text))
    edited = changed(longest, longest.text + "\n\n## New\n\n" + "This section is new. " * 50)
    now = [edited if document is longest else document for document in pages]
    counting = Counting(embedder)
    summary = build_index(vault, now, embedder=counting, settings=SETTINGS)
    assert (summary.indexed, summary.unchanged) == (1, len(pages) - 1)
    assert 0 < len(counting.texts) <= 4
    assert all("section is new" in each or "New" in each for each in counting.texts[1:])
    other = Counting(embedder)
    with vault.writing() as connection:
        connection.execute(passage.delete())
    again = build_index(vault, now, embedder=other, settings=SETTINGS)
    assert again.embedded == summary.passages < len(other.texts)


def test_what_is_no_longer_let_through_leaves_no_passage_and_no_trace(
    vault: Vault, embedder: Embedder, tmp_path: Path
) -> None:
    kept = written("Everybody may read this page about leave.", path="kept.md", title="Kept")
    gone = written("The zanzibarite clause concerns nobody else.", path="gone.md", title="Gone")
    put(vault, [kept, gone])
    build_index(vault, [kept, gone], embedder=embedder, settings=SETTINGS)
    summary = build_index(vault, [kept], embedder=embedder, settings=SETTINGS)
    assert (summary.documents, summary.removed) == (1, 1)
    with vault.reading() as connection:
        assert connection.execute(select(passage.c.document_id)).scalars().all() == [kept.id]
        terms = connection.execute(
            text("SELECT count(*) FROM passage_fts WHERE passage_fts MATCH 'zanzibarite'")
        ).scalar_one()
        blocks = connection.execute(text("SELECT group_concat(hex(block)) FROM passage_fts_data")).scalar_one()
    assert terms == 0
    assert b"zibarit".hex().upper() not in blocks


def test_relabelling_a_document_relabels_its_passages_without_embedding(vault: Vault, embedder: Embedder) -> None:
    text_ = "Severance is a year's pay."
    put(vault, [written(text_)])
    build_index(vault, [written(text_)], embedder=embedder, settings=SETTINGS)
    counting = Counting(embedder)
    build_index(vault, [written(text_, label=Label.RESTRICTED)], embedder=counting, settings=SETTINGS)
    with vault.reading() as connection:
        assert connection.execute(select(passage.c.label)).scalars().all() == ["restricted"]
    assert counting.texts == []


def test_other_settings_make_another_index(vault: Vault, pages: list[GovernedDocument], embedder: Embedder) -> None:
    build_index(vault, pages, embedder=embedder, settings=SETTINGS)
    state = index_state(vault)
    shorter = RetrievalSettings(passage_words=60)
    summary = build_index(vault, pages, embedder=embedder, settings=shorter)
    assert summary.indexed == len(pages)
    assert index_state(vault) != state
    assert index_recipe(SETTINGS) != index_recipe(shorter)
    assert index_recipe(SETTINGS) == index_recipe(RetrievalSettings(passages=3))


def test_a_document_without_words_is_neither_indexed_nor_done_again(vault: Vault, embedder: Embedder) -> None:
    empty = written(" \n")
    put(vault, [empty])
    for _ in range(2):
        summary = build_index(vault, [empty], embedder=embedder, settings=SETTINGS)
        assert (summary.documents, summary.indexed, summary.unchanged) == (0, 0, 1)


def test_no_id_is_given_twice(vault: Vault, embedder: Embedder) -> None:
    first, second = written("First text."), written("Second text.")
    put(vault, [first])
    seen: list[int] = []
    for document in (first, second, first):
        build_index(vault, [document], embedder=embedder, settings=SETTINGS)
        with vault.reading() as connection:
            seen += connection.execute(select(passage.c.id)).scalars().all()
    assert len(set(seen)) == 3


def test_an_interrupted_run_goes_on_where_it_stopped(
    vault: Vault, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretune.retrieval.index._GROUP", 10)
    monkeypatch.setattr("foretune.retrieval.index._SECONDS", 0)
    pages = put(vault, (page(path) for path in sorted((PAGES / "tools").glob("*.md"))[:8]))
    with pytest.raises(KeyboardInterrupt):
        build_index(vault, pages, embedder=Counting(embedder, stop_after=2), settings=SETTINGS)
    with vault.reading() as connection:
        done = connection.execute(select(func.count(passage.c.document_id.distinct()))).scalar_one()
    assert 0 < done < len(pages)
    summary = build_index(vault, pages, embedder=embedder, settings=SETTINGS)
    assert summary.unchanged == done
    with Vault.create(tmp_path / "undisturbed") as other:
        put(other, pages)
        build_index(other, pages, embedder=embedder, settings=SETTINGS)
        assert rows(vault) == rows(other)
        assert index_state(vault) == index_state(other)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from foretune.plan.config import RetrievalSettings
from foretune.retrieval import build_index, index
from foretune.vault import Vault
from tests.retrieval.corpus import PAGES, open_real_embedder, page
index._GROUP, index._SECONDS = 5, 0
embedder = open_real_embedder()
pages = [page(path) for path in sorted((PAGES / "tools").glob("*.md"))[:6]]
def dying():
    for number, each in enumerate(pages):
        if number == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        yield each
with Vault.open(Path({folder!r})) as vault:
    build_index(vault, dying(), embedder=embedder, settings=RetrievalSettings())
"""


@pytest.mark.slow
def test_a_killed_run_leaves_whole_documents_and_the_next_ends_alike(tmp_path: Path, embedder: Embedder) -> None:
    pages = [page(path) for path in sorted((PAGES / "tools").glob("*.md"))[:6]]
    with Vault.create(tmp_path / "vault") as vault:
        put(vault, pages)
    for at in (4, 5):
        code = textwrap.dedent(KILLED).format(root=str(ROOT), folder=str(tmp_path / "vault"), at=at)
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ, check=False)
        assert done.returncode == -signal.SIGKILL
        with Vault.open(tmp_path / "vault") as vault, vault.reading() as connection:
            counts: dict[str, int] = dict(
                connection.execute(select(passage.c.document_id, func.count()).group_by(passage.c.document_id)).all()
            )
            assert 0 < len(counts) <= at
            assert all(counts.get(each.id, 0) in (0, len(split(each))) for each in pages)
    with Vault.open(tmp_path / "vault") as vault, Vault.create(tmp_path / "undisturbed") as other:
        build_index(vault, pages, embedder=embedder, settings=SETTINGS)
        put(other, pages)
        build_index(other, pages, embedder=embedder, settings=SETTINGS)
        assert rows(vault) == rows(other)


def test_documents_are_taken_as_they_come(vault: Vault, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretune.retrieval.index._GROUP", 3)
    monkeypatch.setattr("foretune.retrieval.index._SECONDS", 0)
    listed = put(vault, [written(f"Page {i} is about subject {i}.", path=f"{i}.md") for i in range(12)])
    ahead: list[int] = []

    def stream() -> Iterator[GovernedDocument]:
        for number, document in enumerate(listed):
            with vault.reading() as connection:
                ahead.append(number - connection.execute(select(func.count()).select_from(passage)).scalar_one())
            yield document

    build_index(vault, stream(), embedder=embedder, settings=SETTINGS)
    assert max(ahead) <= 6  # one group is written while the next is made
