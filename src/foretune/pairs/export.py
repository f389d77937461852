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
from foretune.spreadsheets import CELL_LIMIT, in_cell
from foretune.types import Pair

__all__ = ["EXPORTERS", "ExportedFile", "export_pairs", "guarded_pair_cell", "unguarded_pair_cell"]

_COLUMNS = ("id", "source", "recipe", "prompt", "response", "split", "state", "writer", "reason")


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written."""

    path: Path
    format: str
    rows: int
    sha256: str
    cut: int = 0
    """Rows with a text that is longer than a cell holds, of which only the beginning is there."""

    @property
    def notice(self) -> str:
        """A sentence on what is not in it; empty where all is."""
        if not self.cut:
            return ""
        pairs = "1 pair" if self.cut == 1 else f"{self.cut:,} pairs"
        return (
            f"{self.path.name} holds only the beginning of {pairs}, because a cell holds no more than {CELL_LIMIT:,} "
            "characters; the formats csv and jsonl hold them whole."
        )


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


def _is_cut(pair: Pair) -> bool:
    return any(in_cell(text) != text for text in (pair.prompt, pair.response))


@dataclass(frozen=True, slots=True)
class _Format:
    encode: Callable[[Sequence[Pair]], bytes]
    kept_only: bool
    in_cells: bool


EXPORTERS: dict[str, _Format] = {}


def _exporter(
    suffix: str, *, kept_only: bool = False, in_cells: bool = False
) -> Callable[[Callable[[Sequence[Pair]], bytes]], Callable[[Sequence[Pair]], bytes]]:
    def register(encode: Callable[[Sequence[Pair]], bytes]) -> Callable[[Sequence[Pair]], bytes]:
        EXPORTERS[suffix] = _Format(encode, kept_only, in_cells)
        return encode

    return register


@_exporter("xlsx", in_cells=True)
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
            # What looks guarded loses a quote when it is read again.
            text = cell if unguarded_pair_cell(cell) == cell else guarded_pair_cell(cell)
            sheet.write_string(number, column, in_cell(text), body)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(pairs), len(_COLUMNS) - 1)
    book.close()
    return buffer.getvalue()


_FORMULA = re.compile(r"^'*(?:[=@\t\r]|[+\-](?! ))")
_GUARDED = re.compile(rf"^'(?={_FORMULA.pattern[1:]})")


def guarded_pair_cell(cell: str) -> str:
    """The cell, after ``'`` where a spreadsheet would run it as a formula.

    As :func:`foretune.spreadsheets.guarded`, but a list of ``- `` or ``+ `` stays as it is, as trainers read it too.
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded_pair_cell(cell: str) -> str:
    """What :func:`guarded_pair_cell` was given."""
    return _GUARDED.sub("", cell)


@_exporter("csv")
def _csv(pairs: Sequence[Pair]) -> bytes:
    """UTF-8 with byte order mark, as spreadsheets expect; a cell that would run as a formula is quoted with ``'``.

    See OWASP, “CSV Injection” (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(_COLUMNS)
    writer.writerows([guarded_pair_cell(cell) for cell in _row(pair)] for pair in pairs)
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
        cut = sum(map(_is_cut, pairs)) if form.in_cells else 0
        written.append(ExportedFile(path, suffix, rows, sha256(content).hexdigest(), cut))
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
            {"file": each.path.name, "format": each.format, "rows": each.rows, "sha256": each.sha256, "cut": each.cut}
            for each in written
        ],
    }
