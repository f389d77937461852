"""Another embedding model: the old index serves until the new one is whole, and then the new one does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select
from tests.retrieval.corpus import put, written

from foretune.embedding import EmbedderOptions, register_embedder
from foretune.errors import InputError
from foretune.plan.config import RetrievalSettings
from foretune.retrieval import Searcher, build_index
from foretune.types import GovernedDocument, Label, digest
from foretune.vault import Vault, tables


class Words:
    """As many dimensions as you like; counts what it was asked, and fails when told to."""

    max_tokens, remote = 256, False

    def __init__(self, dimensions: int, fails_after: int = 1_000_000) -> None:
        self.name = f"words:{dimensions}"
        self.dimensions, self.hash = dimensions, digest("words", dimensions)
        self.fails_after, self.texts = fails_after, 0

    def embed(self, texts: Any) -> NDArray[np.float32]:
        self.texts += len(texts)
        if self.texts > self.fails_after:
            raise KeyboardInterrupt
        rows = np.full((len(texts), self.dimensions), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[int(digest(word)[:6], 16) % self.dimensions] += 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def count_tokens(self, texts: Any) -> list[int]:
        return [len(text.split()) for text in texts]


@register_embedder("words")
def open_words(options: EmbedderOptions) -> Words:
    return Words(int(options.model))


OLD, NEW = RetrievalSettings(embedder="words:16"), RetrievalSettings(embedder="words:24")


@pytest.fixture
def documents(vault: Vault) -> list[GovernedDocument]:
    listed = [written(f"Leave number {n} is {n} days.", path=f"{n}.md", title=f"Leave {n}") for n in range(600)]
    build_index(vault, put(vault, listed), embedder=Words(16), settings=OLD)
    return listed


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    monkeypatch.setenv("FORETUNE_KEY", "5e" * 32)
    with Vault.create(tmp_path / "vault") as vault:
        yield vault


def count(vault: Vault) -> int:
    with vault.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.passage)).scalar_one())


def test_the_old_index_serves_while_another_model_embeds_and_is_then_replaced_whole(
    vault: Vault, documents: list[GovernedDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretune.retrieval.index._SECONDS", 0)
    live = Searcher(vault, Words(16), OLD)
    before = [(hit.passage.path, hit.score) for hit in live.search("leave number 599")]
    assert before[0][0] == "599.md"

    interrupted = Words(24, fails_after=700)  # a passage and its sentence each: one group of 256 documents is written
    with pytest.raises(KeyboardInterrupt):
        build_index(vault, documents, embedder=interrupted, settings=NEW)
    assert count(vault) == 600 + 256
    # Who holds the old settings and who holds the new ones get what the old index gives.
    for searcher in (live, Searcher(vault, Words(24), NEW)):
        assert searcher.search("leave number 599")[0].passage.path == "599.md"
        assert len({hit.passage.path for hit in searcher.search("leave", 1000)}) == 600

    resumed = Words(24)
    summary = build_index(vault, documents, embedder=resumed, settings=NEW)
    assert (summary.indexed, summary.unchanged, summary.passages) == (600 - 256, 256, 600)
    assert resumed.texts == 2 * (600 - 256)
    # A server that was started with the old model goes on with the new one.
    for searcher in (live, Searcher(vault, Words(24), NEW)):
        assert searcher.search("leave number 599")[0].passage.path == "599.md"
        assert len(searcher.search("leave", 1000)) == 600
    with vault.reading() as connection:
        lengths = connection.execute(select(func.length(tables.passage.c.vector)).distinct()).scalars().all()
    assert lengths == [24 * 4]


def test_a_query_goes_to_the_old_model_at_an_address_only_where_that_is_approved(
    vault: Vault, documents: list[GovernedDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Words, "remote", True)
    assert Searcher(vault, Words(24), NEW).search("leave")
    public_only = NEW.model_copy(update={"embedder_approved_for": [Label.PUBLIC]})
    with pytest.raises(InputError, match="not approved for all documents"):
        Searcher(vault, Words(24), public_only).search("leave")


def test_a_document_that_changes_meanwhile_is_new_with_the_new_index(
    vault: Vault, documents: list[GovernedDocument]
) -> None:
    changed = written("Overtime is paid.", path="7.md", title="Overtime")
    build_index(vault, [*documents[:7], changed, *documents[8:]], embedder=Words(24), settings=NEW)
    hits = Searcher(vault, Words(24), NEW).search("overtime")
    assert hits[0].passage.text == "Overtime is paid."
    assert count(vault) == 600
