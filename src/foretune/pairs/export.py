"""The spreadsheet of prompts and responses, for people (XLSX, CSV) and for training (JSON Lines)."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from foretune.files import replacing
from foretune.types import Pair

__all__ = ["EXPORTERS", "export_pairs"]

_COLUMNS = ("id", "source", "recipe", "prompt", "response", "split", "state", "writer", "reason")
_CELL_LIMIT = 32_767
"""Characters in a cell of an XLSX file (ECMA-376; Microsoft's “Excel specifications and limits”)."""


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
    suffix: str
    encode: Callable[[Sequence[Pair]], bytes]


EXPORTERS: dict[str, _Format] = {}


def _exporter(suffix: str) -> Callable[[Callable[[Sequence[Pair]], bytes]], Callable[[Sequence[Pair]], bytes]]:
    def register(encode: Callable[[Sequence[Pair]], bytes]) -> Callable[[Sequence[Pair]], bytes]:
        EXPORTERS[suffix] = _Format(suffix, encode)
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


@_exporter("jsonl")
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


def export_pairs(pairs: Sequence[Pair], folder: Path, *, name: str = "pairs") -> list[Path]:
    """Write every format beside each other into ``folder``; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix, form in EXPORTERS.items():
        path = folder / f"{name}.{suffix}"
        with replacing(path) as draft:
            draft.write_bytes(form.encode(pairs))
        written.append(path)
    return written
