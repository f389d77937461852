"""Tables for spreadsheets, in which no cell of a document's words can run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

__all__ = ["CELL_LIMIT", "csv_table", "guarded", "unguarded"]

CELL_LIMIT = 32_767
"""Characters in a cell of an XLSX file (ECMA-376; Microsoft's “Excel specifications and limits”)."""

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


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[str | float]]) -> bytes:
    """CSV in UTF-8 with a byte order mark, which spreadsheets need to be told that it is UTF-8; texts are guarded."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", "replace")
