"""The plan's embedding model, opened: refused where labels forbid that texts leave this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from foretune.embedding import Embedder, open_embedder
from foretune.errors import ModelError
from foretune.plan.contradictions import require_consistent
from foretune.project.engine import highest_label

if TYPE_CHECKING:
    from foretune.plan.config import RetrievalSettings
    from foretune.project.project import Project

__all__ = ["open_checked_embedder"]


def open_checked_embedder(project: Project, settings: RetrievalSettings) -> Embedder:
    """Open an embedder that may see the vault's documents.

    Raises:
        ConfigError: the plan contradicts itself about where documents may be sent.
        ModelError: it cannot be opened, or it is at an address and the vault holds documents it may not see.
    """
    require_consistent(project.config)
    embedder = open_embedder(settings.embedder, url=settings.embedder_url, key_variable=settings.embedder_key_variable)
    label = highest_label(project)
    # Which labels may leave is today's decision, not that of the day of a release.
    if embedder.remote and label not in project.config.retrieval.embedder_approved_for:
        raise ModelError(
            f"Documents labelled {label} may not go to the embedder {settings.embedder}, which is not on this machine: "
            f"use another, or add {label} to retrieval.embedder_approved_for in foretune.toml."
        )
    return embedder
