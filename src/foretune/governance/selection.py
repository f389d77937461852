"""Which documents a person means: by id, by path as listed or as added, by folder or by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from foretune.errors import InputError
from foretune.governance.store import effective_label
from foretune.vault import Vault
from foretune.vault.tables import document

__all__ = ["Selected", "documents_matching"]


class Selected(NamedTuple):
    """A document, as far as a decision needs it."""

    id: str
    path: str
    content_hash: str


def documents_matching(vault: Vault, patterns: Iterable[str]) -> list[Selected]:
    """The documents that ``patterns`` name, in order of path, each once.

    A pattern is a document's id, its path as listed, its path on disk, a folder of either, or a glob
    (``leave/*.md``, ``**/draft-*``; ``*`` stays within a folder).

    Raises:
        InputError: a pattern names no document the reader may see.
    """
    from foretune.corpus import sources

    roots = {one.id: one.root.as_posix() for one in sources(vault)}
    query = (
        select(document.c.id, document.c.path, document.c.content_hash, document.c.source_id)
        .where(vault.readable(effective_label()))
        .order_by(document.c.path, document.c.id)
    )
    with vault.reading() as connection:
        places = [
            _Place(Selected(row.id, row.path, row.content_hash), f"{roots[row.source_id]}/{row.path}")
            for row in connection.execute(query)
        ]
    by_name: dict[str, list[Selected]] = {}
    for place in places:
        for name in (place.document.id, place.document.path, place.on_disk):
            by_name.setdefault(name, []).append(place.document)
    chosen: dict[str, Selected] = {}
    for pattern in patterns:
        matching = by_name.get(pattern) or _scan(places, pattern)
        if not matching:
            raise InputError(
                f"No document matches {pattern!r}: give a path as `foretune review` shows it, "
                "or a pattern like 'drafts/*'."
            )
        chosen.update({each.id: each for each in matching})
    return sorted(chosen.values(), key=lambda each: (each.path, each.id))


class _Place(NamedTuple):
    document: Selected
    on_disk: str


def _scan(places: list[_Place], pattern: str) -> list[Selected]:
    """Documents in a folder, on disk from here, or fitting a glob."""
    on_disk = str(Path(pattern).resolve())
    listed = pattern.removeprefix("./").rstrip("/")
    expression = _glob(listed)
    return [
        place.document
        for place in places
        if place.on_disk == on_disk
        or place.on_disk.startswith(f"{on_disk}/")
        or place.document.path == listed
        or place.document.path.startswith(f"{listed}/")
        or expression.fullmatch(place.document.path)
    ]


def _glob(pattern: str) -> re.Pattern[str]:
    """``**/`` is any number of folders, ``*`` and ``?`` stay within one."""
    pieces = []
    position = 0
    while position < len(pattern):
        if pattern.startswith("**/", position):
            pieces.append("(?:[^/]+/)*")
            position += 3
        elif pattern.startswith("**", position):
            pieces.append(".*")
            position += 2
        else:
            character = pattern[position]
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)))
            position += 1
    return re.compile("".join(pieces), re.DOTALL)
