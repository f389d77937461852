"""Which documents a person means: by id, path, folder or pattern, and by what is known about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import ColumnElement, select

from foretune.errors import InputError
from foretune.governance.checks import named
from foretune.governance.globs import glob
from foretune.governance.store import effective_label
from foretune.types import Label, Severity
from foretune.vault import Vault
from foretune.vault.tables import document, finding

__all__ = ["EVERYTHING", "Filter", "Selected", "documents_matching"]


class Selected(NamedTuple):
    """A document, as far as a decision needs it."""

    id: str
    path: str
    content_hash: str
    label: Label


@dataclass(frozen=True, slots=True)
class Filter:
    """What documents must have in common to be meant; empty conditions are met by all."""

    check: str = ""
    """A check that found something in them."""
    type: str = ""
    """What it found."""
    severity: Severity | None = None
    """At least this severe."""
    label: Label | None = None
    older_than: date | None = None
    """Last written or changed before this day; documents without a date are not meant."""

    @property
    def of_findings(self) -> bool:
        """True where it is about what checks found."""
        return bool(self.check or self.type or self.severity)

    def __bool__(self) -> bool:
        return self.of_findings or self.label is not None or self.older_than is not None

    def fits(self) -> list[ColumnElement[bool]]:
        """The conditions on findings, for a query that reads them.

        Raises:
            InputError: there is no such check, or it finds no such type.
        """
        conditions: list[ColumnElement[bool]] = []
        if self.check:
            check = named([self.check])[0]  # its parts find under its name
            if self.type and self.type not in check.types:
                raise InputError(
                    f"The check {check.name} finds no {self.type!r}: choose from {', '.join(check.types)}."
                )
            conditions.append(finding.c.check == check.name)
        if self.type:
            conditions.append(finding.c.type == self.type)
        if self.severity is not None:
            conditions.append(finding.c.severity >= int(self.severity))
        return conditions

    def before(self, *dates: str) -> bool:
        """True where the last of ``dates`` (ISO 8601, "" where unknown, perhaps only a year) is before the day."""
        last = max(dates)
        return self.older_than is None or (bool(last) and last[:10] < self.older_than.isoformat()[: len(last)])


EVERYTHING = Filter()


def documents_matching(vault: Vault, patterns: Iterable[str], only: Filter = EVERYTHING) -> list[Selected]:
    """The documents that ``patterns`` name and ``only`` fits, in order of path, each once.

    A pattern is a document's id, its path as listed, its path on disk, a folder of either, or a glob
    (``leave/*.md``, ``**/draft-*``; ``*`` stays within a folder). Without patterns, all that the filter fits are meant.

    Raises:
        InputError: a pattern names no document the reader may see, or none of them fits the filter.
    """
    from foretune.corpus import sources

    roots = {one.id: one.root.as_posix() for one in sources(vault)}
    label = effective_label().label("effective_label")
    query = (
        select(document.c.id, document.c.path, document.c.content_hash, document.c.source_id, label)
        .add_columns(document.c.date, document.c.modified)
        .where(vault.readable(effective_label()))
        .order_by(document.c.path, document.c.id)
    )
    fitting = set()
    places = []
    with vault.reading() as connection:
        found = set()
        if only.of_findings:
            found = set(connection.execute(select(finding.c.document_id).where(*only.fits()).distinct()).scalars())
        for row in connection.execute(query):
            selected = Selected(row.id, row.path, row.content_hash, Label(row.effective_label))
            places.append(_Place(selected, f"{roots[row.source_id]}/{row.path}"))
            if (
                (not only.of_findings or row.id in found)
                and only.label in (None, selected.label)
                and only.before(row.date, row.modified)
            ):
                fitting.add(row.id)
    named_places = _named(places, patterns) or [place.document for place in places]
    chosen = [each for each in named_places if each.id in fitting]
    if not chosen:
        raise InputError("No document fits what you ask for: look at `foretune review standing` and `foretune review`.")
    return chosen


class _Place(NamedTuple):
    document: Selected
    on_disk: str


def _named(places: list[_Place], patterns: Iterable[str]) -> list[Selected]:
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


def _scan(places: list[_Place], pattern: str) -> list[Selected]:
    """Documents in a folder, on disk from here, or fitting a glob."""
    on_disk = str(Path(pattern).resolve())
    listed = pattern.removeprefix("./").rstrip("/")
    expression = glob(listed)
    return [
        place.document
        for place in places
        if place.on_disk == on_disk
        or place.on_disk.startswith(f"{on_disk}/")
        or place.document.path == listed
        or place.document.path.startswith(f"{listed}/")
        or expression.fullmatch(place.document.path) is not None
    ]
