"""Rows out of files, whatever they are kept in, each with the number of its line."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretune.errors import InputError
from foretune.pairs.export import unguarded_pair_cell
from foretune.pairs.formats.plain import CUT
from foretune.spreadsheets import may_be_cut

__all__ = ["SUFFIXES", "RawRow", "raw_rows"]


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in a file."""

    line: int
    """From 1; of a table, the row as a spreadsheet numbers it."""
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    """Why there are no values."""


def raw_rows(path: Path) -> Iterator[RawRow]:
    """The rows of a file, by what its name ends in.

    Raises:
        InputError: the file cannot be opened, or is of no kind that holds rows.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path.name} is no file of pairs: give one of {', '.join(sorted(SUFFIXES))}.")
    try:
        yield from reader(path)
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise InputError(f"{path} cannot be read ({reason}): check the path and its permissions.") from None


_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def _opened(path: Path) -> io.TextIOWrapper:
    """As text, in the encoding of its mark; what is not UTF-8 comes as surrogates, to be set aside row by row."""
    stream = path.open("rb")
    head = stream.read(4)
    stream.seek(0)
    encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
    return io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="\n")


def _json_lines(path: Path) -> Iterator[RawRow]:
    with _opened(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _parsed(number, line)


def _parsed(number: int, text: str) -> RawRow:
    if any("\udc80" <= character <= "\udcff" for character in text):  # what surrogateescape makes of other bytes
        return RawRow(number, problem="it is not UTF-8")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return RawRow(number, problem="it is not JSON")
    if not isinstance(values, dict):
        return RawRow(number, problem="it is not a JSON object")
    return RawRow(number, values)


_BLOCK = 1 << 20


def _json_file(path: Path) -> Iterator[RawRow]:
    """A JSON array, an element at a time; or lines, which many call ``.json`` as well."""
    with _opened(path) as stream:
        buffer = stream.read(_BLOCK)
        start = len(buffer) - len(buffer.lstrip())
        if not buffer[start:].startswith("["):
            yield from _json_lines(path)
            return
        decoder = json.JSONDecoder()
        line, at, block = 1 + buffer.count("\n", 0, start), start + 1, _BLOCK
        while True:
            while at < len(buffer) and buffer[at] in " \t\r\n,":
                line += buffer[at] == "\n"
                at += 1
            if at < len(buffer) and buffer[at] == "]":
                return
            try:
                values, end = decoder.raw_decode(buffer, at)
            except (ValueError, RecursionError):
                more = stream.read(block)
                block *= 2  # a row that does not end yet is tried again half as often each time
                if not more:
                    if at < len(buffer):
                        yield RawRow(line, problem="it is not JSON, and what follows it cannot be read either")
                    else:
                        yield RawRow(line, problem="the array is not closed: the file was cut short")
                    return
                buffer, at = buffer[at:] + more, 0
                continue
            yield RawRow(line, values) if isinstance(values, dict) else RawRow(line, problem="it is not a JSON object")
            line += buffer.count("\n", at, end)
            at = end


def _parquet(path: Path) -> Iterator[RawRow]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as table:
            number = 0
            for batch in table.iter_batches(batch_size=256):
                for values in batch.to_pylist():
                    number += 1
                    yield RawRow(number, values)
    except pa.ArrowInvalid:
        raise InputError(f"{path} is not a Parquet file: it is damaged, or of another kind.") from None


def _csv(path: Path) -> Iterator[RawRow]:
    from foretune.corpus.readers import Unreadable
    from foretune.corpus.readers.decoding import decode

    try:
        text, _ = decode(path.read_bytes())
    except Unreadable as error:
        raise InputError(f"{path} cannot be read as a table: it is {error}.") from None
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else ""
    first = text[: text.find("\n") + 1] or text
    skipped = 0
    if first.lower().startswith("sep="):  # Excel's own way to say it
        delimiter, text, skipped = first[4:5], text[len(first) :], 1
        first = text[: text.find("\n") + 1] or text
    chosen = delimiter or max(",;\t", key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=chosen)
    yield from _table(_numbered(reader, skipped))


def _numbered(reader: Any, skipped: int) -> Iterator[tuple[int, Sequence[Any]]]:
    began = 1 + skipped
    for cells in reader:
        yield began, cells
        began = reader.line_num + 1 + skipped


def _workbook(path: Path) -> Iterator[RawRow]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        yield from _table(enumerate(sheet.to_python(skip_empty_area=False), start=1))
    except CalamineError:
        raise InputError(
            f"{path} cannot be read as a spreadsheet: it is damaged, encrypted, or of another kind."
        ) from None


_OURS = {"id", "source", "recipe"}
"""Columns of our own spreadsheet, whose cells were guarded against running as formulas."""


def _table(rows: Iterator[tuple[int, Sequence[Any]]]) -> Iterator[RawRow]:
    header: list[str] = []
    guarded = False
    for line, cells in rows:
        texts = ["" if cell is None else str(cell) for cell in cells]
        if not any(text.strip() for text in texts):
            continue
        if not header:
            header = [text.strip() for text in texts]
            guarded = {name.casefold() for name in header} >= _OURS
            continue
        if guarded:
            texts = [unguarded_pair_cell(text) for text in texts]
        if any(map(may_be_cut, texts)):
            yield RawRow(line, problem="a cell is as full as cells get (32,767 characters), so its text may be cut off")
            continue
        if len(texts) > len(header) and any(texts[len(header) :]):
            yield RawRow(line, problem=f"it has {len(texts)} cells and the header {len(header)}")
            continue
        yield RawRow(line, {name: text for name, text in zip(header, texts, strict=False) if name})


def _text(path: Path) -> Iterator[RawRow]:
    """Conversations of a text file, each with the line that it begins on."""
    with _opened(path) as stream:
        line, held = 1, ""
        while block := stream.read(_BLOCK):
            held += block
            *whole, held = held.split(CUT)
            for piece in whole:
                yield _conversation(line, piece)
                line += piece.count("\n") + CUT.count("\n")
        if held.strip():
            yield _conversation(line, held.removesuffix("\n"))


def _conversation(line: int, text: str) -> RawRow:
    if any("\udc80" <= character <= "\udcff" for character in text):
        return RawRow(line, problem="it is not UTF-8")
    return RawRow(line, {"text": text})


_READERS: dict[str, Callable[[Path], Iterator[RawRow]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_file,
    ".parquet": _parquet,
    ".csv": _csv,
    ".tsv": _csv,
    ".tab": _csv,
    ".xlsx": _workbook,
    ".txt": _text,
}
SUFFIXES = frozenset(_READERS)
"""What names of files with rows end in."""
