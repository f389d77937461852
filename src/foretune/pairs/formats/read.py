"""Training files of any known form, read back: which form is seen from the rows, unless it is said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from foretune.errors import InputError
from foretune.files import file_sha256
from foretune.pairs.formats.base import FORMATS, find_format
from foretune.pairs.formats.record import Record, conversation_fault
from foretune.pairs.formats.rows import SUFFIXES, RawRow, raw_rows
from foretune.pairs.formats.shapes import SHAPES, Shape, shape_of

__all__ = ["TABLES", "Conversation", "ReadFile", "SetAside", "read_files"]

_LOOKED_AT = 50
"""Rows from which the shape of a file is told."""
TABLES = ("csv", "xlsx")
"""Formats that are spreadsheets: columns, by any of their usual names."""
_NOT_ROWS = frozenset({"manifest.json", "dataset_info.json", "foretune-format.json", "tokenizer.json", "config.json"})
_SPLITS = {
    "train": "train",
    "valid": "evaluation",
    "validation": "evaluation",
    "eval": "evaluation",
    "evaluation": "evaluation",
    "test": "evaluation",
    "dev": "evaluation",
}


@dataclass(frozen=True, slots=True)
class Conversation:
    """A row that reads well."""

    record: Record
    line: int


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that does not, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file whose shape is known; its rows are read when asked for."""

    path: Path
    shape: Shape
    sha256: str
    """Of its bytes."""
    split: str = ""
    """``train`` or ``evaluation`` where its name says so."""

    def rows(self) -> Iterator[Conversation | SetAside]:
        """Every row once: read, or set aside with the reason."""
        for row in raw_rows(self.path):
            yield self._read(row)

    def _read(self, row: RawRow) -> Conversation | SetAside:
        if row.problem:
            return SetAside(row.line, row.problem)
        try:
            messages = self.shape.decode(row.values)
        except ValueError as error:
            return SetAside(row.line, str(error))
        if fault := conversation_fault(messages):
            return SetAside(row.line, fault)
        return Conversation(Record(messages, _metadata(row.values)), row.line)


def _metadata(values: Mapping[str, object]) -> dict[str, object]:
    beside = values.get("metadata")
    known = {**values, **beside} if isinstance(beside, Mapping) else values
    return {name: known[name] for name in ("id", "source", "recipe", "writer") if known.get(name)}


def read_files(path: Path, *, form: str = "") -> list[ReadFile]:
    """The files at ``path`` (one, or a folder of them), each with its shape.

    Args:
        form: name of a format; without it the shape is told from the rows.

    Raises:
        InputError: there is nothing, it is no file of pairs, or its columns are none of a known shape.
    """
    if not path.exists():
        raise InputError(f"There is nothing at {path}: check the path.")
    shape = _named(form) if form else None
    files = _inside(path) if path.is_dir() else [path]
    return [ReadFile(file, shape or _told(file), file_sha256(file), _split(file)) for file in files]


def _named(form: str) -> Shape:
    if form in TABLES:
        return SHAPES["columns"]
    if form == "jsonl":
        return SHAPES["messages"]
    if form not in FORMATS and form in SHAPES:
        return SHAPES[form]
    return find_format(form).shape


def _inside(folder: Path) -> list[Path]:
    """The data files of a folder: what its manifest names, else all that hold rows."""
    manifest = folder / "manifest.json"
    if manifest.is_file():
        try:
            listed = json.loads(manifest.read_text(encoding="utf-8"))["files"]
            named = [folder / each["file"] for each in listed if each["split"]]
        except (ValueError, KeyError, TypeError):
            named = []
        if named and all(file.is_file() and file.resolve().is_relative_to(folder.resolve()) for file in named):
            return named
    found = [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in SUFFIXES
        and file.name not in _NOT_ROWS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if not found:
        raise InputError(f"There is no file of pairs in {folder}: it looks for {', '.join(sorted(SUFFIXES))}.")
    return found


def _told(file: Path) -> Shape:
    """The shape most of the first rows have."""
    rows = [row for row in islice(raw_rows(file), _LOOKED_AT) if not row.problem]
    shapes = Counter(shape.name for row in rows if (shape := shape_of(row.values)) is not None)
    if shapes:
        return SHAPES[shapes.most_common(1)[0][0]]
    if not rows:
        raise InputError(f"{file} holds no row that can be read: is it {' or '.join(_kinds(file))}?")
    columns = ", ".join(list(rows[0].values)[:8]) or "none"
    raise InputError(
        f"{file} has the columns {columns}, and no prompt and response among them: name them `prompt` and `response`, "
        "or say with --format what the file was made for."
    )


def _kinds(file: Path) -> tuple[str, ...]:
    return {
        ".jsonl": ("JSON Lines, one object a line",),
        ".json": ("a JSON array of objects", "JSON Lines"),
    }.get(file.suffix.lower(), ("a table with a header",))


def _split(file: Path) -> str:
    words = file.stem.casefold().replace("_", "-").replace(".", "-").split("-")
    return next((_SPLITS[word] for word in words if word in _SPLITS), "")
