"""The plan's engine, opened: cached in the vault, and refused where labels forbid it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from foretune.engines import CachedEngine, Engine, check_approved, open_engine
from foretune.plan.contradictions import require_consistent
from foretune.types import Label, digest
from foretune.vault import Principal, readable
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.plan.config import EngineSettings
    from foretune.project.project import Project

__all__ = ["highest_label", "model_hash", "open_checked_engine", "open_project_engine"]


def open_project_engine(project: Project) -> CachedEngine:
    """Start the engine the plan names.

    Raises:
        ConfigError: the plan contradicts itself about where the engine may be.
        EngineError: it does not start, or it is remote and the vault holds documents it may not see.
        ModelError: its model file is missing or damaged.
    """
    require_consistent(project.config)
    return CachedEngine(open_checked_engine(project, project.config.engine), project.vault)


def open_checked_engine(project: Project, settings: EngineSettings) -> Engine:
    """Start an engine that may see the vault's documents; nothing it is asked is kept.

    Raises:
        EngineError, ModelError: as :func:`open_project_engine`.
    """
    engine = open_engine(
        settings.kind,
        model=settings.model,
        url=settings.url,
        api_key_variable=settings.api_key_variable,
        context=settings.context,
        price_in=settings.price_in,
        price_out=settings.price_out,
    )
    check_approved(engine.info(), highest_label(project), settings.approved_for)
    return engine


def highest_label(project: Project, principal: Principal | None = None) -> Label:
    """The most sensitive label of any document that ``principal`` (the project's) may have quoted to an engine."""
    mine = readable(principal or project.vault.principal, t.document.c.label, t.document.c.id)
    visible = select(t.document.c.label).where(mine).distinct()
    with project.vault.reading() as connection:
        labels = [Label(value) for value in connection.execute(visible).scalars()]
    return max(labels, key=lambda label: label.rank, default=Label.PUBLIC)


def model_hash(project: Project) -> str:
    """Identity of the plan's model without starting it: the file's SHA-256, or address and name."""
    settings = project.config.engine
    if settings.kind == "llama":
        from foretune.models import locate

        return locate(settings.model).hash
    return digest(settings.kind, settings.url, settings.model)
