"""The spreadsheet of prompts and responses, for people (XLSX, CSV) and for training (JSON Lines)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from foretune.errors import InputError
from foretune.files import replacing
from foretune.types import Pair

__all__ = ["EXPORTERS", "ExportedFile", "export_pairs"]

_COLUMNS = ("id", "source", "recipe", "prompt", "response", "split", "state", "writer", "reason")
_CELL_LIMIT = 32_767
"""Characters in a cell of an XLSX file (ECMA-376; Microsoft's “Excel specifications and limits”)."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written."""

    path: Path
    format: str
    rows: int
    sha256: str


def _row(pair: Pair) -> tuple[str, ...]:
    return (
        pair.id,
        pair.path,
        pair.recipe,
        pair.prompt,
        pair.response,
        pair.split,
        pair.state,
        pair.writer,
        pair.reason,
    )


@dataclass(frozen=True, slots=True)
class _Format:
    encode: Callable[[Sequence[Pair]], bytes]
    kept_only: bool


EXPORTERS: dict[str, _Format] = {}


def _exporter(
    suffix: str, *, kept_only: bool = False
) -> Callable[[Callable[[Sequence[Pair]], bytes]], Callable[[Sequence[Pair]], bytes]]:
    def register(encode: Callable[[Sequence[Pair]], bytes]) -> Callable[[Sequence[Pair]], bytes]:
        EXPORTERS[suffix] = _Format(encode, kept_only)
        return encode

    return register


@_exporter("xlsx")
def _xlsx(pairs: Sequence[Pair]) -> bytes:
    """One row a pair, cells as text: nothing in a document becomes a formula."""
    import xlsxwriter

    buffer = io.BytesIO()
    # in_memory: the library would otherwise write the texts to files in the temporary folder
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("pairs")
    head = book.add_format({"bold": True, "bottom": 1})
    body = book.add_format({"text_wrap": True, "valign": "top"})
    for column, (name, width) in enumerate(zip(_COLUMNS, (18, 36, 10, 50, 80, 11, 9, 10, 40), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, head)
    for number, pair in enumerate(pairs, start=1):
        for column, cell in enumerate(_row(pair)):
            sheet.write_string(number, column, cell[:_CELL_LIMIT], body)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(pairs), len(_COLUMNS) - 1)
    book.close()
    return buffer.getvalue()


_FORMULA = re.compile(r"^[=@\t\r]|^[+\-](?! )")


@_exporter("csv")
def _csv(pairs: Sequence[Pair]) -> bytes:
    """UTF-8 with byte order mark, as spreadsheets expect; a cell that would run as a formula is quoted with ``'``.

    See OWASP, “CSV Injection” (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    writer.writerows(["'" + cell if _FORMULA.match(cell) else cell for cell in _row(pair)] for pair in pairs)
    return buffer.getvalue().encode("utf-8-sig")


@_exporter("jsonl", kept_only=True)
def _jsonl(pairs: Sequence[Pair]) -> bytes:
    """``{"messages": […]}`` a line, kept pairs only: the canonical training form."""
    lines = []
    for pair in pairs:
        if pair.state != "kept":
            continue
        messages = [{"role": message.role, "content": message.content} for message in pair.messages]
        metadata = {"id": pair.id, "source": pair.path, "split": pair.split, "writer": pair.writer}
        lines.append(json.dumps({"messages": messages, "metadata": metadata}, ensure_ascii=False) + "\n")
    return "".join(lines).encode()


def export_pairs(
    pairs: Sequence[Pair], folder: Path, *, formats: Sequence[str] = (), name: str = "pairs"
) -> list[ExportedFile]:
    """Write the ``formats`` (all by default) beside each other into ``folder``, and a manifest that names them.

    Raises:
        InputError: a format that there is not.
    """
    for unknown in (each for each in formats if each not in EXPORTERS):
        raise InputError(f"There is no format {unknown!r}: choose {', '.join(EXPORTERS)}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made ({error.strerror}): choose another.") from None
    written = []
    for suffix in formats or EXPORTERS:
        path, form = folder / f"{name}.{suffix}", EXPORTERS[suffix]
        content = form.encode(pairs)
        with replacing(path) as draft:
            draft.write_bytes(content)
        rows = sum(pair.state == "kept" for pair in pairs) if form.kept_only else len(pairs)
        written.append(ExportedFile(path, suffix, rows, sha256(content).hexdigest()))
    with replacing(folder / f"{name}.manifest.json") as draft:
        draft.write_text(json.dumps(_manifest(pairs, written), indent=2) + "\n", encoding="utf-8")
    return written


def _manifest(pairs: Sequence[Pair], written: Sequence[ExportedFile]) -> dict[str, Any]:
    """What was exported, without a word of it: counts, and a hash of each file to check it by."""
    return {
        "pairs": len(pairs),
        "kept": sum(pair.state == "kept" for pair in pairs),
        "train": sum(pair.split == "train" for pair in pairs),
        "evaluation": sum(pair.split == "evaluation" for pair in pairs),
        "templates": sum(pair.state == "kept" and pair.writer == "template" for pair in pairs),
        "files": [
            {"file": each.path.name, "format": each.format, "rows": each.rows, "sha256": each.sha256}
            for each in written
        ],
    }
