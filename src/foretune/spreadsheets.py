"""Spreadsheets: tables in which no cell of a document's words can run as a formula, and what people filled in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from foretune.errors import InputError

__all__ = [
    "CELL_LIMIT",
    "csv_table",
    "guarded",
    "in_cell",
    "is_windows_1252",
    "may_be_cut",
    "merged_rows",
    "read_rows",
    "spreadsheet_suffix",
    "unguarded",
]

CELL_LIMIT = 32_767
"""Characters in a cell of an XLSX file (ECMA-376; Microsoft's “Excel specifications and limits”): units of UTF-16."""

_CUT = "[Cut here: a cell holds no more than 32,767 characters.]"

_FORMULA = re.compile(r"^'*[=@+\-\t\r]")
_GUARDED = re.compile(r"^'(?='*[=@+\-\t\r])")


def guarded(cell: str) -> str:
    """The cell, after ``'`` where a spreadsheet would run it as a formula; :func:`unguarded` is its inverse.

    See OWASP, “CSV Injection” (https://owasp.org/www-community/attacks/CSV_Injection).

    >>> guarded("=1+1"), guarded("leave"), guarded("'=1")
    ("'=1+1", 'leave', "''=1")
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given."""
    return _GUARDED.sub("", cell)


def in_cell(text: str) -> str:
    """The text; of one that a cell does not hold, its beginning and a line that says so."""
    if _units(text) < CELL_LIMIT:
        return text
    room = CELL_LIMIT - len(_CUT) - 2
    beginning = text.encode("utf-16-le", "surrogatepass")[: 2 * room].decode("utf-16-le", "ignore")
    return f"{beginning}\n{_CUT}"


def may_be_cut(cell: str) -> bool:
    """Whether a cell may hold less than what was to go into it: it says so, or it is as full as cells get."""
    return cell.rstrip().endswith(_CUT) or _units(cell) == CELL_LIMIT


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[str | float]]) -> bytes:
    """CSV in UTF-8 with a byte order mark, which spreadsheets need to be told that it is UTF-8; texts are guarded."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", "replace")


def spreadsheet_suffix(path: Path) -> str:
    """``.xlsx`` or ``.csv``.

    Raises:
        InputError: another one.
    """
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise InputError(f"{path.name} is neither .xlsx nor .csv: give the sheet one of these endings.")
    return suffix


def read_rows(path: Path, *, sheet: str, command: str, cell: Callable[[Any], str]) -> tuple[list[list[str]], list[str]]:
    """Rows of cells, and what to tell about how they were read.

    Args:
        sheet: the worksheet; the first where there is none of that name.
        command: what writes such a sheet, for the message where there is none.
        cell: what a spreadsheet's value is as text; a CSV's cells, which are text, pass it too.

    Raises:
        InputError: the file is not there or cannot be read.
    """
    suffix = spreadsheet_suffix(path)
    if not path.is_file():
        raise InputError(f"There is no sheet {path}: write one with `{command} --out {path.name}`.")
    if suffix == ".csv":
        return _read_csv(path, cell)
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        name = sheet if sheet in book.sheet_names else book.sheet_names[0]
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, IndexError):
        raise InputError(f"{path.name} cannot be read as an Excel file: save it as .xlsx again, or as .csv.") from None
    return [[cell(value) for value in row] for row in rows], []


def merged_rows(path: Path, *, sheet: str, column: int) -> list[tuple[int, int]]:
    """First and last row (from 0) of every merged range that covers ``column`` (from 0); a CSV has none.

    The sheet has been read by :func:`read_rows`, so it is there and whole.
    """
    if spreadsheet_suffix(path) == ".csv":
        return []
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(path)
    name = sheet if sheet in book.sheet_names else book.sheet_names[0]
    ranges = book.get_sheet_by_name(name).merged_cell_ranges or []
    return [(top, bottom) for (top, left), (bottom, right) in ranges if left <= column <= right]


def is_windows_1252(path: Path) -> bool:
    """Whether a sheet is a CSV as Excel writes it by default: what Windows-1252 lacks was replaced in it."""
    return spreadsheet_suffix(path) == ".csv" and _encoding(path.read_bytes()) == "cp1252"


def _encoding(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _read_csv(path: Path, cell: Callable[[Any], str]) -> tuple[list[list[str]], list[str]]:
    raw, notices = path.read_bytes(), []
    encoding = _encoding(raw)
    if encoding == "cp1252":
        notices.append(f"{path.name} is not UTF-8: it was read as Windows-1252, as Excel writes it.")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is in no encoding we know: save it as “CSV UTF-8” and try again.") from None
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise InputError(f"{path.name} cannot be read as a CSV table: save it as “CSV UTF-8” and try again.") from None
    return [[cell(unguarded(value)) for value in row] for row in rows], notices
