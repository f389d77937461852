"""Spreadsheets and CSV: a row becomes a paragraph of ``header: value`` lines, so that it can be read alone."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from foretune.corpus.dates import iso_date
from foretune.corpus.readers.decoding import decode
from foretune.corpus.readers.packages import properties_of
from foretune.corpus.readers.reading import DAMAGED, ENCRYPTED, Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader

__all__ = ["cell_text", "delimiter", "read_workbook", "render"]

_DELIMITERS = ",;\t|"
_SAMPLE = 64 * 1024


@reader("a CSV file", suffixes=(".csv", ".tsv", ".tab"), isolated=False)
def read_csv(raw: Raw) -> Iterable[Extract]:
    text, encoding = decode(raw.data)
    metadata = {} if encoding == "utf-8" else {"encoding": encoding}
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    text = text.replace("\x00", "\ufffd")
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text[:_SAMPLE]))
        rendered = _limited(render(row for row in rows if any(row)), raw.max_characters)
    except csv.Error:
        raise Unreadable(DAMAGED.format(kind="a CSV file")) from None
    yield Extract(rendered, "text/csv", metadata, headings=False)


def read_workbook(raw: Raw, media_type: str) -> Extract:
    """All sheets of an XLSX, XLSB, XLS or ODS workbook, each under its name.

    Raises:
        Unreadable: encrypted or damaged.
    """
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(raw.data))
        sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        names = [sheet.name for sheet in sheets]
        unseen = [sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible]
        parts: list[str] = []
        length = 0
        for name in names:
            sheet = _limited(render(workbook.get_sheet_by_name(name).iter_rows()), raw.max_characters - length)
            if sheet:
                parts.append(f"## {name}\n\n{sheet}" if len(names) > 1 else sheet)
                length += len(parts[-1])
    except PasswordError:
        raise Unreadable(ENCRYPTED) from None
    except CalamineError:
        raise Unreadable(DAMAGED.format(kind="a spreadsheet")) from None
    metadata = properties_of(raw.data) | {"sheets": names} | ({"hidden_sheets": unseen} if unseen else {})
    return Extract("\n\n".join(parts), media_type, metadata, headings=False)


def render(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows as paragraphs.

    The first row of a table is its header where it holds at least two texts, all
    different, and no number; rows of a table without one are written with their
    cells between bars. After a blank row another table may begin: one whose header
    fills other columns than the last.
    """
    header: list[str] | None = None
    first: list[str] | None = None
    blank = False
    for row in rows:
        cells = [cell_text(value) for value in row]
        if not any(cells):
            blank = True
            continue
        if blank and first is not None:
            yield _bare(first)
            first = None
        if blank and (not header or (_is_header(cells) and _columns(cells) != _columns(header))):
            header = None
        blank = False
        if header is None and first is None:
            first = cells
            continue
        if header is None and first is not None:
            header = first if _is_header(first) else []
            if not header:
                yield _bare(first)
            first = None
        yield _record(header or [], cells)
    if first is not None:
        yield _bare(first)


def _columns(cells: list[str]) -> list[int]:
    return [column for column, cell in enumerate(cells) if cell]


def _record(header: list[str], cells: list[str]) -> str:
    if not header:
        return _bare(cells)
    return "\n".join(
        f"{header[column]}: {value}" if column < len(header) and header[column] else value
        for column, value in enumerate(cells)
        if value
    )


def _bare(cells: list[str]) -> str:
    return " | ".join(cell for cell in cells if cell)


def _is_header(cells: list[str]) -> bool:
    named = [cell for cell in cells if cell]
    return len(named) >= 2 and len(set(named)) == len(named) and not any(map(_is_number, named))


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", ".").strip("%$€£ "))
    except ValueError:
        return bool(iso_date(cell)) and cell[:1].isdigit()
    return True


def cell_text(value: Any) -> str:
    """A cell as people read it: whole numbers without a point, dates in ISO 8601, one line."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime | date):
        return iso_date(value) or str(value)
    if isinstance(value, time | timedelta):
        return str(value)
    return " ".join(str(value).split())


def _limited(paragraphs: Iterator[str], limit: int) -> str:
    parts = []
    length = 0
    for paragraph in paragraphs:
        parts.append(paragraph)
        length += len(paragraph) + 2
        if length > limit:  # whoever called sees that it is too long; what follows is never rendered
            break
    return "\n\n".join(parts)


def delimiter(sample: str) -> str:
    """The mark that cuts the first rows into the same number of columns most often, and into most."""

    def evenness(mark: str) -> tuple[float, int]:
        widths = [len(row) for _, row in zip(range(20), csv.reader(sample.splitlines(), delimiter=mark), strict=False)]
        usual, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (count / len(widths), usual) if usual > 1 else (0, 0)

    return max(_DELIMITERS, key=evenness)
