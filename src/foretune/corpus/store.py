"""Documents as they lie in the vault, and what there is of them; only what the principal may see."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select

from foretune.corpus.source import sources
from foretune.types import Document, Label
from foretune.vault import Vault
from foretune.vault.tables import document, set_aside
from foretune.vault.tables import source as source_table

__all__ = ["CorpusSummary", "SetAside", "documents", "find_document", "set_aside_files", "summary"]

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that was not read, and why."""

    path: str
    reason: str
    source: str
    """Where its source lies."""


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """What there is, in numbers."""

    documents: int = 0
    characters: int = 0
    sources: int = 0
    set_aside: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    media_types: dict[str, int] = field(default_factory=dict)
    with_title: int = 0
    with_author: int = 0
    with_date: int = 0
    first_date: str = ""
    """Of those that have one; empty where none has."""
    last_date: str = ""


def documents(vault: Vault, *, source: str | None = None) -> Iterator[Document]:
    """All documents, by path then id; a few at a time in memory.

    The list is that of the first moment; a document that is removed meanwhile is
    left out, one that is changed comes as it is then.

    Args:
        source: Id of a source; all sources without it.
    """
    wanted = select(document.c.id).where(vault.readable(document.c.label))
    if source is not None:
        wanted = wanted.where(document.c.source_id == source)
    with vault.reading() as connection:
        ids = list(connection.execute(wanted.order_by(document.c.path, document.c.id)).scalars())
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        query = select(document).where(document.c.id.in_(chunk), vault.readable(document.c.label))
        with vault.reading() as connection:
            rows = {row.id: row for row in connection.execute(query)}
        yield from (_document(rows[one]) for one in chunk if one in rows)


def find_document(vault: Vault, path: str | os.PathLike[str]) -> list[Document]:
    """The documents a person means by ``path``: as listed, else on disk, else by the end of the listed path.

    More than one is returned where the path does not tell them apart; none where nothing fits.
    """
    named = os.fspath(path)
    exact = _matching(vault, document.c.path == named)
    if exact:
        return exact
    location = Path(os.path.realpath(named))
    for one in sources(vault):
        if one.location == location or one.root in location.parents:
            relative = location.relative_to(one.root).as_posix()
            found = _matching(vault, (document.c.source_id == one.id) & (document.c.path == relative))
            if found:
                return found
    ending = Path(named).as_posix().removeprefix("./").lstrip("/")
    if not ending or ending == ".":
        return []
    found = _matching(vault, document.c.path.endswith(f"/{ending}", autoescape=True))
    return [one for one in found if one.path.endswith(f"/{ending}")]  # LIKE does not tell capitals apart


def set_aside_files(vault: Vault) -> list[SetAside]:
    """Files that were set aside, by path; none for who may not see everything, as nobody knows what is in them."""
    if not vault.principal.sees_everything:
        return []
    query = (
        select(set_aside.c.path, set_aside.c.reason, source_table.c.location)
        .join(source_table, source_table.c.id == set_aside.c.source_id)
        .order_by(set_aside.c.path, source_table.c.location)
    )
    with vault.reading() as connection:
        return [SetAside(row.path, row.reason, row.location) for row in connection.execute(query)]


def summary(vault: Vault) -> CorpusSummary:
    """Counts over the documents the principal may see."""
    mine = vault.readable(document.c.label)

    def has(column: Any) -> Any:
        return func.count().filter(column != "")

    dated = document.c.date.label("date")
    totals = select(
        func.count().label("documents"),
        func.coalesce(func.sum(func.length(document.c.text)), 0).label("characters"),
        has(document.c.title).label("with_title"),
        has(document.c.author).label("with_author"),
        has(dated).label("with_date"),
        func.min(func.nullif(document.c.date, "")).label("first_date"),
        func.max(document.c.date).label("last_date"),
    ).where(mine)
    with vault.reading() as connection:
        row = connection.execute(totals).one()
        return CorpusSummary(
            documents=row.documents,
            characters=row.characters,
            sources=connection.execute(_sources(vault, mine)).scalar_one(),
            set_aside=len(set_aside_files(vault)),
            labels=_counts(connection.execute(_by(document.c.label, mine)).all()),
            media_types=_counts(connection.execute(_by(document.c.media_type, mine)).all()),
            with_title=row.with_title,
            with_author=row.with_author,
            with_date=row.with_date,
            first_date=row.first_date or "",
            last_date=row.last_date or "",
        )


def _sources(vault: Vault, mine: Any) -> Any:
    if vault.principal.sees_everything:
        return select(func.count()).select_from(source_table)
    return select(func.count(document.c.source_id.distinct())).where(mine)


def _by(column: Any, mine: Any) -> Any:
    return select(column, func.count()).where(mine).group_by(column).order_by(func.count().desc(), column)


def _counts(rows: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in rows}


def _matching(vault: Vault, condition: Any) -> list[Document]:
    query = select(document).where(condition, vault.readable(document.c.label))
    with vault.reading() as connection:
        return [_document(row) for row in connection.execute(query.order_by(document.c.path, document.c.id))]


def _document(row: Row[Any]) -> Document:
    return Document(
        id=row.id,
        source=row.source_id,
        path=row.path,
        content_hash=row.content_hash,
        text=row.text,
        media_type=row.media_type,
        title=row.title,
        author=row.author,
        event=row.event,
        date=row.date,
        modified=row.modified,
        language=row.language,
        tags=tuple(row.tags),
        keywords=tuple(row.keywords),
        label=Label(row.label),
        properties=row.properties,
    )
