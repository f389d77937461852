"""Tables of a CRM and their like: CSV, XLSX or JSON Lines, a document a row, known by a key column."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from foretune.corpus.connectors.registry import Items, Place, connector
from foretune.corpus.metadata import SPELLINGS, clean_text, describe, spelling
from foretune.corpus.origin import mark
from foretune.corpus.readers import Reading, Unreadable
from foretune.corpus.readers.decoding import decode
from foretune.corpus.readers.tables import cell_text, delimiter
from foretune.corpus.walk import Entry, read_bytes
from foretune.errors import ConfigError, InputError

if TYPE_CHECKING:
    from foretune.corpus.isolation import FileReader

__all__ = ["open_table"]

_PLAIN = re.compile(r"[^\s/\\.][^\n\r\x00/\\]{0,99}")
"""A key that can be the last part of a path as it is; any other is stood for by a hash."""
_DESCRIBING = {one for spellings in SPELLINGS.values() for one in spellings}
_ROW = "application/vnd.foretune.row"
_SAMPLE = 64 * 1024

Row = dict[str, str]


@connector("table")
@contextmanager
def open_table(place: Place) -> Iterator[Items]:
    if not place.key:
        raise ConfigError(
            f"corpus.sources: the table {place.address} has no key: name the column that tells rows apart."
        )
    try:
        data, _ = read_bytes(place.address, place.max_megabytes)
    except FileNotFoundError:
        raise InputError(f"There is no table at {place.address}: nothing was removed.") from None
    except Unreadable as error:
        raise InputError(f"The table {place.address} cannot be read ({error}): nothing was removed.") from None
    yield _Rows(place, data)


class _Rows(Items):
    def __init__(self, place: Place, data: bytes) -> None:
        self._place, self._data = place, data
        self._rows: dict[str, bytes] = {}

    def entries(self, known: Collection[str]) -> list[Entry]:
        found: dict[str, Entry] = {}
        for number, row in enumerate(_rows(self._place, self._data), start=1):
            if isinstance(row, str):
                refusal, key = row, ""
            else:
                key = row.get(self._place.key, "").strip()
                refusal = "" if key else f"it has nothing in the column {self._place.key}"
            path = f"{self._place.path.name}/{_named(key) if key else f'row {number}'}"
            if path in found:
                path, refusal = f"{path} (row {number})", "another row has the same key"
            content = json.dumps(row, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
            if not refusal:
                self._rows[path] = content
            found[path] = Entry(path, "", len(content), mark(hashlib.sha256(content).hexdigest()), refusal)
        return list(found.values())

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        return self._rows[entry.path], entry

    def readings(self, entry: Entry, data: bytes, reader: FileReader) -> list[Reading]:
        row: Row = json.loads(data)
        text = clean_text("\n".join(f"{name}: {value}" for name, value in row.items() if value))
        known = {name: value for name, value in row.items() if value and spelling(name) in _DESCRIBING}
        about = describe(known | {"key": row[self._place.key]}, text, entry.path, markdown=False)
        return [Reading(text, _ROW, hashlib.sha256(data).hexdigest(), about)]


def _named(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _rows(place: Place, data: bytes) -> Iterator[Row | str]:
    """The rows of a table; instead of one that cannot be read, why.

    Raises:
        InputError: it is no table, or it lacks the key column.
    """
    suffix = place.path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        yield from _json_rows(data)
    elif suffix in (".xlsx", ".xlsb", ".xls", ".ods"):
        yield from _headed(place, _sheet(place, data))
    elif suffix in (".csv", ".tsv", ".tab", ".txt"):
        yield from _headed(place, _lines(place, data))
    else:
        raise InputError(f"{place.address} is no table that can be read: export it as CSV, XLSX or JSON Lines.")


def _json_rows(data: bytes) -> Iterator[Row | str]:
    text, _ = decode(data)
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        yield _flat(row) if isinstance(row, dict) else "it is not a JSON object"


def _flat(row: Mapping[str, Any]) -> Row:
    def shown(value: Any) -> str:
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return "" if value is None else cell_text(value)

    return {str(name): shown(value) for name, value in row.items()}


def _headed(place: Place, rows: Iterator[list[str]]) -> Iterator[Row | str]:
    """Rows by the names of their columns, which the first row that is not blank gives."""
    header: list[str] = next((row for row in rows if any(row)), [])
    if place.key not in header:
        raise InputError(
            f"The table {place.address} has no column {place.key!r}: its columns are "
            f"{', '.join(name for name in header if name) or 'none'}."
        )
    for row in rows:
        if not any(row):
            continue
        if any(row[len(header) :]):
            yield "it has more cells than the table has columns"
            continue
        yield dict(zip(header, row, strict=False))


def _lines(place: Place, data: bytes) -> Iterator[list[str]]:
    text, _ = decode(data)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    text = text.replace("\x00", "\ufffd")
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text[:_SAMPLE])):
            yield [value.strip() for value in row]
    except csv.Error:
        raise InputError(f"The table {place.address} is damaged: export it again.") from None


def _sheet(place: Place, data: bytes) -> Iterator[list[str]]:
    """The first sheet of a workbook."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        for row in sheet.iter_rows():
            yield [cell_text(value) for value in row]
    except PasswordError:
        raise InputError(f"The table {place.address} is encrypted: remove the password.") from None
    except CalamineError:
        raise InputError(f"The table {place.address} is damaged, or not really a workbook: export it again.") from None
