"""What passages are made with, as digests: a passage made otherwise is stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from foretune.retrieval.passages import SPLITTER_VERSION
from foretune.types import digest
from foretune.vault import Vault
from foretune.vault.tables import passage

if TYPE_CHECKING:
    from foretune.embedding import Embedder
    from foretune.plan.config import RetrievalSettings

__all__ = ["embedder_mark", "full_recipe", "index_recipe", "index_state"]

_FORMAT = 1
"""Raised by every change to what is written beside a passage's text."""


def index_recipe(settings: RetrievalSettings) -> str:
    """Digest of the settings an index depends on; costs nothing, opens no model."""
    return digest("index", _FORMAT, SPLITTER_VERSION, settings.embedder, settings.passage_words)


def full_recipe(settings: RetrievalSettings, embedder: Embedder) -> str:
    """What is kept with each passage: the settings, and after a hyphen the embedder itself."""
    return f"{index_recipe(settings)[:16]}-{embedder_mark(embedder)}"


def embedder_mark(embedder: Embedder) -> str:
    """The end of the recipe of all passages whose vectors this embedder can be compared with."""
    return embedder.hash[:16]


def index_state(vault: Vault) -> str:
    """Digest of what the index holds; equal for equal documents and recipe, on any machine."""
    with vault.reading() as connection:
        rows = connection.execute(
            select(passage.c.document_id, passage.c.document_hash, passage.c.recipe)
            .where(passage.c.ordinal == 0)
            .order_by(passage.c.document_id)
        ).all()
    return digest("index state", [list(row) for row in rows])
