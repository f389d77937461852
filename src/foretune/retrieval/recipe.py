"""What passages are made with, as digests: a passage made otherwise is stale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from foretune.retrieval.passages import SPLITTER_VERSION
from foretune.types import digest
from foretune.vault import Vault
from foretune.vault.tables import passage, setting

if TYPE_CHECKING:
    from foretune.embedding import Embedder
    from foretune.plan.config import RetrievalSettings

__all__ = ["SERVING", "Serving", "embedder_mark", "full_recipe", "index_recipe", "index_state", "serving"]

SERVING = "index.serving"
"""The setting that names the embedding model whose vectors are searched."""

_FORMAT = 2
"""Raised by every change to what is written beside a passage's text."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The embedding model whose vectors are searched: its mark, and how it is opened."""

    mark: str
    embedder: str
    url: str = ""
    key_variable: str = ""


def serving(connection: Connection) -> Serving | None:
    """What serves now; None where nothing was ever indexed."""
    value = connection.execute(select(setting.c.value).where(setting.c.name == SERVING)).scalar_one_or_none()
    return Serving(**value) if value else None


def index_recipe(settings: RetrievalSettings) -> str:
    """Digest of the settings an index depends on; costs nothing, opens no model."""
    return digest(
        *("index", _FORMAT, SPLITTER_VERSION, settings.passage_words, settings.sentences),
        *(settings.embedder, settings.embedder_url),
    )


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
