"""What the vault knows of the files of a source, and how changes to it are written: in batches, with their events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects.sqlite import Insert, insert

from foretune.corpus.readers import PARTED, Reading
from foretune.corpus.source import Source, Target
from foretune.types import Label, digest
from foretune.vault import Vault, now
from foretune.vault.tables import document, set_aside, source

__all__ = ["SCRUB", "Change", "KnownAside", "KnownDocument", "KnownFile", "Ledger", "Rehearsal", "document_id"]


SCRUB = "corpus.scrub"
"""Setting: something was removed, and its space not yet overwritten."""
_STATED = "stated_label"


def document_id(source_id: str, path: str) -> str:
    """The id of a document: the same for all versions of it."""
    return digest(source_id, path)[:16]


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document as the vault has it, without its text."""

    id: str
    content_hash: str
    label: Label
    stated: Label | None
    """What the document says of itself."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file whose document, or documents, the vault has."""

    size: int
    mtime_ns: int
    documents: Mapping[str, KnownDocument]
    """By path: that of the file, or of a part (``mail.mbox/3``)."""


@dataclass(frozen=True, slots=True)
class KnownAside:
    """A file that was set aside."""

    size: int
    mtime_ns: int
    reason: str


@dataclass(slots=True)
class Change:
    """What is to be written for one file."""

    source: Source
    path: str
    size: int = 0
    mtime_ns: int = 0
    readings: dict[str, Reading] = field(default_factory=dict)
    """Documents to write, by path."""
    labels: dict[str, Label] = field(default_factory=dict)
    """Labels to write, by path: of the documents to write, and of others."""
    added: frozenset[str] = frozenset()
    """Paths of ``readings`` that are new."""
    removed: tuple[str, ...] = ()
    """Ids of documents to remove."""
    touched: tuple[str, ...] = ()
    """Ids of documents whose file has a new time but the same bytes."""
    reason: str = ""
    """Why the file is set aside; empty where it is not."""
    forget: bool = False
    """Whether the file was set aside and no longer is."""

    @property
    def writes(self) -> bool:
        return bool(self.readings or self.labels or self.removed or self.touched or self.reason or self.forget)

    @property
    def characters(self) -> int:
        return sum(len(reading.text) for reading in self.readings.values())


class Ledger:
    """Reads and writes what the vault knows of files."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def files(self, target: Target) -> dict[str, KnownFile]:
        """The files of a target that have documents, by path."""
        stated = document.c.properties[_STATED].as_string()
        columns = (
            *(document.c.id, document.c.path, document.c.content_hash, document.c.size, document.c.mtime_ns),
            *(document.c.media_type, document.c.label, stated.label("stated")),
        )
        query = select(*columns).where(document.c.source_id == target.source.id).order_by(document.c.path)
        if target.start:
            query = query.where(_under(document.c.path, target.start))
        found: dict[str, tuple[int, int, dict[str, KnownDocument]]] = {}
        with self._vault.reading() as connection:
            for row in connection.execute(query):
                path = row.path.rpartition("/")[0] if row.media_type in PARTED else row.path
                if not target.covers(path):
                    continue  # LIKE does not tell capitals from small letters
                one = KnownDocument(
                    row.id, row.content_hash, Label(row.label), Label(row.stated) if row.stated else None
                )
                found.setdefault(path, (row.size, row.mtime_ns, {}))[2][row.path] = one
        return {path: KnownFile(*about) for path, about in found.items()}

    def asides(self, target: Target) -> dict[str, KnownAside]:
        """The files of a target that were set aside, by path."""
        query = select(set_aside).where(set_aside.c.source_id == target.source.id)
        if target.start:
            query = query.where(_under(set_aside.c.path, target.start))
        with self._vault.reading() as connection:
            rows = connection.execute(query).all()
        return {row.path: KnownAside(row.size, row.mtime_ns, row.reason) for row in rows if target.covers(row.path)}

    def write(self, changes: Sequence[Change], new_sources: Iterable[Source] = ()) -> None:
        """Write changes and their events in one transaction."""
        at = now()
        with self._vault.writing() as connection:
            for one in new_sources:
                self._write_source(connection, one)
            rows = [_row(change, path, one, at) for change in changes for path, one in change.readings.items()]
            if rows:
                connection.execute(_UPSERT, rows)
            for change in changes:
                self._write(connection, change, at)
            if any(change.removed for change in changes):
                self._vault.set_setting(connection, SCRUB, True)

    def relabel(self, one: Source, label: Label) -> None:
        """Give a source another label, for the documents that will be added to it."""
        with self._vault.writing() as connection:
            connection.execute(update(source).where(source.c.id == one.id).values(label=label.value))
            self._vault.record(connection, "source.relabel", one.id, {"label": label.value})

    def remembered(self, one: Source) -> Any:
        """Under which limits the source was last read whole; None if it never was."""
        return self._vault.setting(f"corpus.read.{one.id}")

    def remember(self, one: Source, how: str) -> None:
        """Say under which limits the source has now been read whole."""
        if self.remembered(one) != how:
            with self._vault.writing() as connection:
                self._vault.set_setting(connection, f"corpus.read.{one.id}", how)

    def scrub(self) -> None:
        """Leave nothing of removed documents; a removal that was cut short is made up for."""
        if self._vault.setting(SCRUB, False):
            self._vault.scrub()
            with self._vault.writing() as connection:
                self._vault.set_setting(connection, SCRUB, False)

    def _write_source(self, connection: Connection, one: Source) -> None:
        values = {"location": one.place, "kind": one.kind, "label": one.label.value, "added_at": now()}
        connection.execute(insert(source).values(id=one.id, **values))
        self._vault.record(connection, "source.add", one.id, {"kind": one.kind, "label": one.label.value})

    def _write(self, connection: Connection, change: Change, at: str) -> None:
        for gone in change.removed:
            connection.execute(delete(document).where(document.c.id == gone))
            self._vault.record(connection, "document.remove", gone, {"source": change.source.id})
        for path, reading in change.readings.items():
            action = "document.add" if path in change.added else "document.change"
            label = change.labels[path].value
            detail = {"source": change.source.id, "hash": reading.content_hash, "label": label}
            self._vault.record(connection, action, document_id(change.source.id, path), detail)
        for path in change.labels.keys() - change.readings.keys():
            one, label = document_id(change.source.id, path), change.labels[path].value
            connection.execute(update(document).where(document.c.id == one).values(label=label, changed_at=at))
            self._vault.record(connection, "document.relabel", one, {"label": label})
        if change.touched:
            connection.execute(
                update(document)
                .where(document.c.id.in_(change.touched))
                .values(size=change.size, mtime_ns=change.mtime_ns)
            )
        if change.reason:
            self._set_aside(connection, change, at)
        elif change.forget:
            where = (set_aside.c.source_id == change.source.id) & (set_aside.c.path == change.path)
            connection.execute(delete(set_aside).where(where))

    def _set_aside(self, connection: Connection, change: Change, at: str) -> None:
        values = {"size": change.size, "mtime_ns": change.mtime_ns, "reason": change.reason, "at": at}
        connection.execute(
            insert(set_aside)
            .values(source_id=change.source.id, path=change.path, **values)
            .on_conflict_do_update(index_elements=["source_id", "path"], set_=values)
        )
        file = document_id(change.source.id, change.path)
        self._vault.record(connection, "document.set_aside", file, {"source": change.source.id, "size": change.size})


class Rehearsal(Ledger):
    """A ledger that is read and never written: what an update would come to."""

    def write(self, changes: Sequence[Change], new_sources: Iterable[Source] = ()) -> None:
        pass

    def relabel(self, one: Source, label: Label) -> None:
        pass

    def remember(self, one: Source, how: str) -> None:
        pass

    def scrub(self) -> None:
        pass


def _upsert() -> Insert:
    """Made once: to make it for each row took longer than to write the row."""
    statement = insert(document)
    kept = {column.name: statement.excluded[column.name] for column in document.c}
    del kept["id"], kept["added_at"]
    return statement.on_conflict_do_update(index_elements=["id"], set_=kept)


_UPSERT = _upsert()


def _under(column: Any, start: str) -> Any:
    return or_(column == start, column.startswith(f"{start}/", autoescape=True))


def _row(change: Change, path: str, reading: Reading, at: str) -> dict[str, Any]:
    about = reading.description
    properties = {key: value for key, value in about.properties.items() if key != _STATED}
    if about.label is not None:
        properties[_STATED] = about.label.value
    return {
        "id": document_id(change.source.id, path),
        "source_id": change.source.id,
        "path": path,
        "content_hash": reading.content_hash,
        "size": change.size,
        "mtime_ns": change.mtime_ns,
        "media_type": reading.media_type,
        "title": about.title,
        "author": about.author,
        "event": about.event,
        "date": about.date,
        "modified": about.modified,
        "language": "",
        "tags": list(about.tags),
        "keywords": list(about.keywords),
        "label": change.labels[path].value,
        "properties": properties,
        "text": reading.text,
        "added_at": at,
        "changed_at": at,
    }
