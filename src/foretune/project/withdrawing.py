"""A decision holds at once: what it takes back is gone from search and training before the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, update

from foretune.pairs import withdraw_pairs
from foretune.retrieval import withdraw_passages
from foretune.types import Use
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["withdraw"]


def withdraw(project: Project) -> None:
    """Remove passages and pairs of documents that are no longer let through as they were.

    The next `index` and `pairs` make those of what is let through now.
    """
    from foretune.governance import governed_state

    def standing(use: Use) -> dict[str, str]:
        return {state.id: state.hash for state in governed_state(project.vault, project.config.governance, use=use)}

    retrieval, tuning = standing(Use.RETRIEVAL), standing(Use.TUNING)
    vault = project.vault
    with vault.writing() as connection:
        if withdraw_passages(vault, connection, retrieval):
            _made_from_nothing(connection, "index")
        if withdraw_pairs(vault, connection, tuning):
            _made_from_nothing(connection, "pairs")


def _made_from_nothing(connection: Connection, stage: str) -> None:
    """The stage is stale, even where the decision is taken back and its inputs are what they were."""
    connection.execute(update(t.stage).where(t.stage.c.name == stage).values(inputs=""))
