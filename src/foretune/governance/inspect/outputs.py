"""Where cleaned documents go: JSON Lines, Parquet or a folder; whole, or not there at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from foretune.corpus import objects
from foretune.errors import InputError
from foretune.files import replacing

__all__ = ["Write", "output_for"]

Write = Callable[[Mapping[str, Any]], None]
"""Takes a row: ``id``, ``text`` and whatever else is known."""

_ROWS_AT_ONCE = 256
_FIELDS = ("id", "text", "reason", "title", "author", "event", "date", "modified", "label")
_TEXT_SUFFIXES = (".md", ".markdown", ".txt", ".text", ".rst")


def output_for(path: Path, *, folders: bool, base: str = "") -> AbstractContextManager[Write]:
    """What writes rows to ``path``, by its suffix.

    Args:
        folders: Whether a path without a suffix is a folder to be made, with a file for each document.
        base: What names of files in a folder are relative to.

    Raises:
        InputError: another suffix, no such folder to write into, or a folder that has something in it.
    """
    if url := objects.address(path):
        objects.check_bucket(url)
    elif not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent} to write {path.name} into: make it first.")
    outputs: dict[str, Callable[[Path], AbstractContextManager[Write]]]
    outputs = {".jsonl": _json_lines, ".ndjson": _json_lines, ".parquet": _parquet}
    if folders and not url and (path.is_dir() or not path.suffix):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError(f"There is something in {path} already: name a folder that does not exist yet.")
        return _folder(path, base)
    if path.suffix.lower() not in outputs or path.is_dir():
        or_folder = ", or a folder" if folders and not url else ""
        raise InputError(f"{url or path} cannot be written: name a file that ends in .jsonl or .parquet{or_folder}.")
    return outputs[path.suffix.lower()](path)


@contextmanager
def _stored(path: Path) -> Iterator[BinaryIO]:
    """What is written takes the place of ``path``, a file or an object, when the block ends well."""
    if url := objects.address(path):
        with objects.replacing(url) as file:
            yield file
        return
    with replacing(path) as draft, draft.open("wb") as file:
        yield file


@contextmanager
def _json_lines(path: Path) -> Iterator[Write]:
    with _stored(path) as file:

        def write(row: Mapping[str, Any]) -> None:
            file.write(_json(row) + b"\n")

        yield write


def _json(row: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(row, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:  # half of a pair of surrogates, in what stood beside the text
        return json.dumps(row, default=str).encode()


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    """Fields of a document are columns; what else stood beside the text is JSON in the column ``properties``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = pa.list_(pa.string())
    schema = pa.schema(
        [(name, pa.string()) for name in _FIELDS] + [("tags", words), ("keywords", words), ("properties", pa.string())]
    )
    with _stored(path) as stored, pq.ParquetWriter(stored, schema) as file:
        rows: list[dict[str, Any]] = []

        def flush() -> None:
            if rows:
                file.write_table(pa.Table.from_pylist(rows, schema))
                rows.clear()

        def write(row: Mapping[str, Any]) -> None:
            rows.append(_columns(row))
            if len(rows) >= _ROWS_AT_ONCE:
                flush()

        yield write
        flush()


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: str(row[name]) for name in _FIELDS if row.get(name) is not None}
    words = {
        name: [str(word) for word in row[name]]
        for name in ("tags", "keywords")
        if isinstance(row.get(name), list | tuple)
    }
    rest = {name: value for name, value in row.items() if name not in fields and name not in words}
    return {**fields, **words, "properties": _json(rest).decode("utf-8")}


@contextmanager
def _folder(path: Path, base: str) -> Iterator[Write]:
    """A file for each document, named as the document is."""
    draft = path.with_name(f".{path.name}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    taken: set[str] = set()
    try:
        draft.mkdir(mode=0o700)

        def write(row: Mapping[str, Any]) -> None:
            name = _file_name(str(row["id"]).removeprefix(base), taken)
            target = draft / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(str(row["text"]), encoding="utf-8")

        yield write
        if path.exists():
            path.rmdir()
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _file_name(document: str, taken: set[str]) -> str:
    """A path below the folder that no other document has; a PDF's text is Markdown."""
    parts = [part.lstrip(".") or "_" for part in PurePosixPath(document.replace("\x00", "_")).parts if part != "/"]
    parts = [part[:200] for part in parts] or ["_"]
    name = "/".join(parts)
    if not name.lower().endswith(_TEXT_SUFFIXES):
        name += ".md"
    stem, dot, suffix = name.rpartition(".")
    number = 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}{dot}{suffix}"
    taken.add(name.lower())
    return name
