"""Documents without a vault: files, folders, and the rows of JSON Lines and Parquet, a bounded piece at a time.

What there is to read is cut into :class:`Unit`: a stretch of a JSON Lines file, some
rows of a Parquet file, a handful of files. A unit says only where its documents lie, so
it can be handed to another process; every document has a *place* in it, from which its
text can be read again without keeping it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from foretune.corpus import objects
from foretune.corpus.isolation import FileReader
from foretune.corpus.metadata import SURROGATES, describe
from foretune.corpus.readers import Unreadable
from foretune.corpus.walk import Entry, Filter, read_bytes, walk
from foretune.errors import InputError
from foretune.plan.config import CorpusSettings
from foretune.types import Document, Label

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["Aside", "Read", "RecordReader", "Unit", "units"]

_LINES = (".jsonl", ".ndjson")
_ROWS = (".parquet",)
_UNIT_BYTES = 256 * 1024
_UNIT_FILES = 16
_UNIT_ROWS = 128
_BLOCK = 1 << 20
_ESCAPED = 6
"""Bytes that a character takes at most in JSON (as ``\\u0000``)."""
_ROOM = 1_000_000
"""Bytes a line may have besides its text."""
_HEAD = 64 * 1024
_BOM = b"\xef\xbb\xbf"

_NOT_JSON = "it is not JSON"
_NOT_OBJECT = "it is not a JSON object"
_NOT_UTF8 = "it is not UTF-8: save the file as UTF-8"
_NO_TEXT = "it has no 'text'"
_NOT_ROWS = "in an object store only .jsonl, .ndjson and .parquet are read: copy it into a folder"
_TOO_LONG = "it is longer than {limit:,} characters: split it"


@dataclass(frozen=True, slots=True)
class Aside:
    """Something that was to be read and is no document."""

    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """A document, and where in its unit it lies."""

    place: str
    document: Document
    """``id`` is the unit's number and the place; ``path`` what people know it by."""
    row: Mapping[str, Any] | None = None
    """What stood beside the text, of a record."""


class Unit(Protocol):
    """A bounded piece of what there is to read."""

    @property
    def number(self) -> int:
        """From 0, in order."""

    @property
    def locations(self) -> tuple[str, ...]:
        """The files of this machine that it reads, as the operating system names them."""

    def read(self, reader: RecordReader) -> Iterator[Read | Aside]: ...

    def text(self, reader: RecordReader, place: str) -> str:
        """The text of the document at ``place``, read again."""


class RecordReader:
    """What reading needs: limits, the reader of files, and files that are open. Use it as a context manager."""

    def __init__(self, settings: CorpusSettings) -> None:
        self.settings = settings
        self.files = FileReader(max_characters=settings.max_characters, max_seconds=settings.max_seconds)
        self._open = lru_cache(maxsize=16)(_opened)
        self._table = lru_cache(maxsize=2)(_table)
        self._texts = lru_cache(maxsize=1)(self._read_texts)

    def lines(self, location: str) -> BinaryIO:
        return self._open(location)

    def table(self, location: str) -> pq.ParquetFile:
        return self._table(location)

    def texts(self, location: str, group: int) -> pa.ChunkedArray:
        """The texts of a row group; those of the last one stay at hand."""
        return self._texts(location, group)

    def _read_texts(self, location: str, group: int) -> pa.ChunkedArray:
        return self.table(location).read_row_group(group, columns=["text"]).column("text")

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.files.close()
        self._open.cache_clear()
        self._table.cache_clear()
        self._texts.cache_clear()


def units(paths: Iterable[Path], settings: CorpusSettings) -> Iterator[Unit]:
    """The units of ``paths`` in order: numbered from 0, the same on every machine.

    A folder is read as ``foretune add`` reads it. Files that end in ``.jsonl`` or ``.ndjson`` (inside a folder: where
    their first line has a ``text``) and ``.parquet`` are read row by row; below ``s3://bucket/key`` only they are.

    Raises:
        InputError: there is nothing at a path, or it cannot be read.
    """
    for number, unit in enumerate(_units(paths, settings)):
        yield replace(unit, number=number)


def _units(paths: Iterable[Path], settings: CorpusSettings) -> Iterator[Files | Lines | Rows]:
    for path in paths:
        if url := objects.address(path):
            yield from _object_units(url)
            continue
        if not path.exists():
            raise InputError(f"There is nothing at {path}: check the path.")
        shown = os.fspath(path)
        if not path.is_dir():
            yield from _file_units(shown, Entry(path.name, shown), given=True)
            continue
        some: list[tuple[str, Entry]] = []
        for entry in walk(shown, Filter(settings.exclude)):
            name = f"{shown.rstrip('/')}/{entry.path}" if entry.path != "." else shown
            if not entry.refusal and _records_suffix(entry.path):
                if some:
                    yield Files(0, tuple(some))
                    some = []
                yield from _file_units(name, entry, given=False)
                continue
            some.append((name, entry))
            if len(some) == _UNIT_FILES:
                yield Files(0, tuple(some))
                some = []
        if some:
            yield Files(0, tuple(some))


def _object_units(url: str) -> Iterator[Files | Lines | Rows]:
    for location, given in objects.found(url):
        if _records_suffix(location):
            yield from _file_units(location, Entry(location, location), given=given)
        else:
            yield Files(0, ((location, Entry(location, location, refusal=_NOT_ROWS)),))


def _records_suffix(name: str) -> bool:
    return Path(name).suffix.lower() in (*_LINES, *_ROWS)


def _file_units(shown: str, entry: Entry, *, given: bool) -> Iterator[Files | Lines | Rows]:
    suffix = Path(entry.path).suffix.lower()
    if suffix in _ROWS:
        yield from _row_units(shown, entry.location)
    elif suffix in _LINES and (given or _holds_texts(entry.location)):
        yield from _line_units(shown, entry.location)
    else:
        yield Files(0, ((shown, entry),))


# -- files ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Files:
    """Some files, each a document (or several: a mailbox)."""

    number: int
    entries: Sequence[tuple[str, Entry]]
    """What people know each by, and where it lies."""

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(entry.location for _, entry in self.entries if not entry.refusal)

    def read(self, reader: RecordReader) -> Iterator[Read | Aside]:
        for position, (shown, entry) in enumerate(self.entries):
            if entry.refusal:
                yield Aside(shown, entry.refusal)
                continue
            try:
                data, _ = read_bytes(entry.location, reader.settings.max_megabytes)
                readings = reader.files.read(entry.path, data)
            except FileNotFoundError:
                yield Aside(shown, "it has just gone")
                continue
            except Unreadable as error:
                yield Aside(shown, str(error))
                continue
            for reading in readings:
                about = reading.description
                place = f"{position}.{reading.part}"
                yield Read(
                    place,
                    Document(
                        id=f"{self.number}.{place}",
                        source="",
                        path=f"{shown}/{reading.part}" if reading.part else shown,
                        content_hash=reading.content_hash,
                        text=reading.text,
                        media_type=reading.media_type,
                        title=about.title,
                        author=about.author,
                        event=about.event,
                        date=about.date,
                        modified=about.modified,
                        tags=about.tags,
                        keywords=about.keywords,
                        label=about.label or Label.INTERNAL,
                        properties=about.properties,
                    ),
                )

    def text(self, reader: RecordReader, place: str) -> str:
        position, _, part = place.partition(".")
        entry = self.entries[int(position)][1]
        data, _ = read_bytes(entry.location, reader.settings.max_megabytes)
        return next(reading.text for reading in reader.files.read(entry.path, data) if reading.part == part)


# -- JSON Lines -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lines:
    """A stretch of a JSON Lines file, whole lines; a place is the offset of a line, in bytes."""

    number: int
    shown: str
    location: str
    start: int
    stop: int
    first: int
    """Number of the first line, from 1."""

    @property
    def locations(self) -> tuple[str, ...]:
        return _machine_files(self.location)

    def read(self, reader: RecordReader) -> Iterator[Read | Aside]:
        limit = reader.settings.max_characters
        file = reader.lines(self.location)
        file.seek(self.start)
        offset, number = self.start, self.first
        while offset < self.stop:
            line = file.readline(_ESCAPED * limit + _ROOM)
            at, name = offset, f"{self.shown}:{number}"
            offset += len(line)
            if not line.endswith(b"\n") and offset < self.stop:  # longer than any record may be: not kept
                offset = self.stop
                yield Aside(name, _TOO_LONG.format(limit=limit))
                continue
            number += 1
            if line := (line.removeprefix(_BOM) if at == 0 else line).strip():
                yield self._record(line, str(at), name, limit)

    def _record(self, line: bytes, place: str, name: str, limit: int) -> Read | Aside:
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError:
            return Aside(name, _NOT_UTF8)
        except (ValueError, RecursionError):
            return Aside(name, _NOT_JSON)
        if not isinstance(row, dict):
            return Aside(name, _NOT_OBJECT)
        return _record(row, f"{self.number}.{place}", place, name, limit)

    def text(self, reader: RecordReader, place: str) -> str:
        file = reader.lines(self.location)
        file.seek(int(place))
        line = file.readline()
        return _plain(json.loads((line.removeprefix(_BOM) if place == "0" else line).decode("utf-8"))["text"])


def _opened(location: str) -> BinaryIO:
    return objects.opened(url) if (url := objects.address(location)) else Path(location).open("rb")


def _machine_files(location: str) -> tuple[str, ...]:
    """The location, where another machine may not see it: an object is the same from all."""
    return () if objects.address(location) else (location,)


def _holds_texts(location: str) -> bool:
    try:
        with _opened(location) as file:
            row = json.loads(file.readline(_HEAD).removeprefix(_BOM))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "text" in row


def _line_units(shown: str, location: str) -> Iterator[Lines]:
    """Cut at the first line end after every so many bytes; a longer line is a unit of its own."""
    start = offset = 0
    first = line = 1
    try:
        with _opened(location) as file:
            while block := file.read(_BLOCK):
                position = 0
                while (end := block.find(b"\n", max(position, start + _UNIT_BYTES - offset))) >= 0:
                    line += block.count(b"\n", position, end + 1)
                    # What is too long for a record must not share a unit with what lies before it.
                    yield Lines(0, shown, location, start, offset + end + 1, first)
                    start, first, position = offset + end + 1, line, end + 1
                line += block.count(b"\n", position)
                offset += len(block)
    except OSError as error:
        raise _unopened(shown, error) from None
    if offset > start:
        yield Lines(0, shown, location, start, offset, first)


def _unopened(shown: str, error: OSError) -> InputError:
    return InputError(f"{shown} cannot be read ({os.strerror(error.errno or 0).lower()}): check its rights.")


# -- Parquet --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one row group of a Parquet file; a place is the number of a row in its group."""

    number: int
    shown: str
    location: str
    group: int
    first: int
    """Number of the group's first row in the file, from 1."""

    @property
    def locations(self) -> tuple[str, ...]:
        return _machine_files(self.location)

    def read(self, reader: RecordReader) -> Iterator[Read | Aside]:
        import pyarrow.compute as pc

        table = reader.table(self.location)
        limit = reader.settings.max_characters
        position = 0
        for batch in table.iter_batches(batch_size=_UNIT_ROWS, row_groups=[self.group]):
            texts = batch.column("text")
            too_long = pc.greater(pc.utf8_length(texts), limit).to_pylist()
            others = [name for name in batch.schema.names if name != "text"]
            rows = batch.select(others).to_pylist() if others else [{} for _ in range(batch.num_rows)]
            for number, row in enumerate(rows):
                place = str(position + number)
                name = f"{self.shown}:{self.first + position + number}"
                if too_long[number]:
                    yield Aside(_name(row, name), _TOO_LONG.format(limit=limit))
                    continue
                row["text"] = texts[number].as_py()
                yield _record(row, f"{self.number}.{place}", place, name, limit)
            position += batch.num_rows

    def text(self, reader: RecordReader, place: str) -> str:
        return _plain(reader.texts(self.location, self.group)[int(place)].as_py())


def _table(location: str) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return pq.ParquetFile(objects.opened(url) if (url := objects.address(location)) else location)


def _row_units(shown: str, location: str) -> Iterator[Rows]:
    import pyarrow as pa

    try:
        table = _table(location)
    except OSError as error:
        raise _unopened(shown, error) from None
    except pa.ArrowInvalid:
        raise InputError(f"{shown} is not a Parquet file, or is damaged: write it again.") from None
    with table:
        schema = table.schema_arrow
        kind = schema.field("text").type if "text" in schema.names else None
        if kind is None or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise InputError(f"{shown} has no column 'text' of strings: rename the one that holds the documents.")
        first = 1
        for group in range(table.num_row_groups):
            yield Rows(0, shown, location, group, first)
            first += table.metadata.row_group(group).num_rows


# -- records --------------------------------------------------------------------------------------------


def _record(row: dict[str, Any], document_id: str, place: str, name: str, limit: int) -> Read | Aside:
    name = _name(row, name)
    text = row.pop("text", None)
    row.pop("id", None)
    if not isinstance(text, str):
        return Aside(name, _NO_TEXT)
    if len(text) > limit:
        return Aside(name, _TOO_LONG.format(limit=limit))
    try:
        data = text.encode()
    except UnicodeEncodeError:
        text = _plain(text)
        data = text.encode()
    path = row.get("path")
    about = describe(row, text, path if isinstance(path, str) and path else name)
    return Read(
        place,
        Document(
            id=document_id,
            source="",
            path=name,
            content_hash=hashlib.sha256(data).hexdigest(),
            text=text,
            title=about.title,
            author=about.author,
            event=about.event,
            date=about.date,
            modified=about.modified,
            tags=about.tags,
            keywords=about.keywords,
            label=about.label or Label.INTERNAL,
            properties=about.properties,
        ),
        row,
    )


def _name(row: Mapping[str, Any], otherwise: str) -> str:
    name = row.get("id")
    return _plain(str(name)) if isinstance(name, str | int) and not isinstance(name, bool) and name != "" else otherwise


def _plain(text: str) -> str:
    """Lone surrogates, which JSON can hold and UTF-8 cannot, replaced one for one."""
    return SURROGATES.sub("\ufffd", text) if not text.isascii() else text
