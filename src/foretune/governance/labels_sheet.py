"""The labels of all documents as one spreadsheet: written, filled in by a person, taken in again.

One row a document. A cell holds what is known; ``? value`` is a proposal, which
counts when the person removes the question mark, or writes *yes* under *accept*. An
empty cell changes nothing; ``(none)`` says that there is no such thing. Rows are
matched by their *id*, and only while the document is what it was (*version*).
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from foretune.corpus import documents
from foretune.corpus.dates import iso_date
from foretune.errors import InputError
from foretune.files import replacing
from foretune.governance.decisions import decide
from foretune.governance.descriptions import describe
from foretune.governance.label_fields import FIELDS, known, proposals
from foretune.governance.store import version
from foretune.governance.types import DecisionKind
from foretune.spreadsheets import CELL_LIMIT, csv_table, read_rows, spreadsheet_suffix
from foretune.types import Document, Label
from foretune.vault import Vault

__all__ = ["COLUMNS", "SheetOutcome", "SheetRow", "read_labels_sheet", "write_labels_sheet"]

COLUMNS = ("document", *FIELDS, "accept", "why", "id", "version")

PROPOSED = "?"
NONE = "(none)"
_NEEDED = ("id", "version")
_VALUE_LIMIT = 1_000
_ACCEPTED = frozenset({"yes", "y", "x", "true", "1"})
_WIDTHS = {"document": 40, "title": 36, "why": 50, "keywords": 30}
_SHOWN_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that was not taken in, and why."""

    row: int
    """As the spreadsheet numbers it; the head is row 1."""
    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class SheetOutcome:
    """What came of a sheet: rows = changed + unchanged + set aside."""

    changed: tuple[str, ...] = ()
    """Paths of the documents that got new labels or metadata."""
    unchanged: int = 0
    set_aside: tuple[SheetRow, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.changed) + self.unchanged + len(self.set_aside)

    def as_json(self) -> Iterator[dict[str, Any]]:
        """One object a row that changed or was set aside."""
        for path in self.changed:
            yield {"document": path, "outcome": "changed", "reason": ""}
        for each in self.set_aside:
            yield {"document": each.document, "outcome": "set_aside", "reason": each.reason}


# -- writing -------------------------------------------------------------------------------------------


def write_labels_sheet(vault: Vault, path: Path) -> int:
    """Write the labels of every document the reader may see to an ``.xlsx`` or ``.csv``; returns how many.

    Raises:
        InputError: another suffix, or a folder there is not.
    """
    suffix = spreadsheet_suffix(path)
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}: make it first, or write the sheet somewhere else.")
    rows = [_row(each) for each in documents(vault)]
    if suffix == ".xlsx":
        content = _xlsx(rows)
    else:
        content = csv_table(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    with replacing(path) as draft:
        draft.write_bytes(content)
    return len(rows)


def _row(each: Document) -> dict[str, str]:
    offered = proposals(each)
    row = {"document": each.path, "accept": "", "id": each.id, "version": version(each)}
    for name in FIELDS:
        row[name] = f"{PROPOSED} {offered[name].value}" if name in offered else known(each, name)
    row["why"] = "; ".join(f"{name}: {one.source} says “{one.because}”" for name, one in offered.items())
    return row


def _xlsx(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Cells as text, so that nothing becomes a formula; drop-down lists where there is a choice."""
    import xlsxwriter

    buffer = io.BytesIO()
    # in_memory: the library would otherwise write the texts to files in the temporary folder
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("labels")
    head = book.add_format({"bold": True, "bottom": 1})
    body = book.add_format({"num_format": "@"})
    proposed = book.add_format({"num_format": "@", "italic": True, "font_color": "#1F5FA8", "bg_color": "#EEF4FB"})
    for column, name in enumerate(COLUMNS):
        sheet.set_column(column, column, _WIDTHS.get(name, 16), None, {"hidden": name in _NEEDED})
        sheet.write_string(0, column, name, head)
    for number, row in enumerate(rows, start=1):
        for column, name in enumerate(COLUMNS):
            cell = row[name]
            is_proposed = name in FIELDS and cell.startswith(PROPOSED)
            sheet.write_string(number, column, cell[:CELL_LIMIT], proposed if is_proposed else body)
    for name, choice in (("sensitivity", list(Label)), ("accept", ["yes"]), ("consent", ["yes", "no", NONE])):
        column = COLUMNS.index(name)
        sheet.data_validation(
            1,
            column,
            max(1, len(rows)),
            column,
            {"validate": "list", "source": [str(each) for each in choice], "error_title": "Not one of the choices"},
        )
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(1, len(rows)), len(COLUMNS) - 1)
    help_sheet = book.add_worksheet("how to")
    help_sheet.set_column(0, 0, 100)
    for number, line in enumerate(_HELP):
        help_sheet.write_string(number, 0, line)
    book.close()
    return buffer.getvalue()


_HELP = (
    "One row is one document. Change what is wrong, fill in what is missing, save, then: foretune review --in FILE",
    f"A cell that begins with {PROPOSED} is a proposal: remove the {PROPOSED} to take it, or write yes under "
    f"accept to take"
    " all of the row.",
    f"An empty cell changes nothing. {NONE} says that there is no such thing.",
    f"sensitivity is one of {', '.join(Label)}; date is a day (2021-03-04), a month (2021-03) or a year (2021).",
    "Leave the hidden columns id and version as they are: they say which document a row is about.",
)


# -- reading -------------------------------------------------------------------------------------------


@dataclass
class _Change:
    """What a row asks for."""

    row: int
    document: Document
    label: Label | None = None
    values: dict[str, str] = field(default_factory=dict)


def read_labels_sheet(vault: Vault, path: Path, *, reason: str = "", four_eyes: bool = False) -> SheetOutcome:
    """Take in a sheet that :func:`write_labels_sheet` wrote and a person changed.

    A sheet with a mistake in it changes nothing. Rows about documents that are gone, or that changed since the sheet
    was written, are set aside with the reason; the others hold as decisions with ``reason`` (the file's name if empty).
    With ``four_eyes``, a lower label for a restricted document waits for a second person, and a notice says so.

    Raises:
        InputError: the file cannot be read, a column was renamed or is missing, or a cell cannot be what it says.
    """
    reason = reason.strip() or f"filled in on the sheet {path.name}"
    table, notices = read_rows(path, sheet="labels", command="foretune review", cell=_cell)
    names, more = _columns(path, table[0] if table else [])
    notices += more
    changes, unchanged, aside = _changes(vault, path, names, table[1:])
    labelled: dict[Label, list[str]] = {}
    for change in changes:
        if change.label is not None:
            labelled.setdefault(change.label, []).append(change.document.id)
    # Labels first: they are no part of a document's version, so a sheet that was stopped here can be read again.
    for label, ids in sorted(labelled.items(), key=lambda item: item[0].rank):
        made_labels = decide(vault, ids, DecisionKind.RELABEL, reason=reason, label=label, four_eyes=four_eyes)
        notices += [
            f"The label {label} of {each.path} needs a second person: `foretune review confirm {each.id}`."
            for each in made_labels
            if each.kind is DecisionKind.DOWNGRADE
        ]
    described = [change for change in changes if change.values]
    made: set[str] = set()
    if described:
        values = {change.document.id: change.values for change in described}
        versions = {change.document.id: version(change.document) for change in described}
        made = {each.document_id for each in describe(vault, values, reason=reason, versions=versions)}
    late = [change for change in described if change.document.id not in made]
    aside += [SheetRow(change.row, change.document.path, _CHANGED) for change in late]
    changed = tuple(change.document.path for change in changes if change not in late)
    return SheetOutcome(changed, unchanged, tuple(aside), tuple(notices))


_GONE = "the document is no longer there, so the row was left out"
_CHANGED = "the document changed after the sheet was written: look at it again on a new sheet"


def _changes(
    vault: Vault, path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[_Change], int, list[SheetRow]]:
    present = {each.id: each for each in documents(vault)}
    changes: list[_Change] = []
    problems: list[str] = []
    aside: list[SheetRow] = []
    unchanged = 0
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows, start=2):
        if not any(cells):
            continue
        row = dict(zip(names, cells, strict=False))
        shown = row.get("document", "") or row.get("id", "")
        if not row.get("id"):
            problems.append(f"row {number} ({shown}) has no id: copy it from the sheet as it was written")
            continue
        if row["id"] in seen:
            problems.append(f"row {number} is about the same document as row {seen[row['id']]}: keep one of them")
            continue
        seen[row["id"]] = number
        each = present.get(row["id"])
        if each is None:
            aside.append(SheetRow(number, shown, _GONE))
            continue
        change = _change(number, each, row, problems)
        if change.label is None and not change.values:
            unchanged += 1
        elif row.get("version") != version(each):
            aside.append(SheetRow(number, each.path, _CHANGED))
        else:
            changes.append(change)
    if problems:
        more = f"; and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise InputError(f"{path.name} was not taken in: " + "; ".join(problems[:_SHOWN_PROBLEMS]) + more + ".")
    return changes, unchanged, aside


def _change(number: int, each: Document, row: Mapping[str, str], problems: list[str]) -> _Change:
    change = _Change(number, each)
    accepts = row.get("accept", "").lower() in _ACCEPTED
    for name in FIELDS:
        cell, present = row.get(name, ""), _line(known(each, name))
        if cell == present[:CELL_LIMIT]:
            continue
        if cell.startswith(PROPOSED):
            cell = cell.removeprefix(PROPOSED).strip() if accepts else ""
        if not cell or (cell == NONE and not present):
            continue
        value = "" if cell == NONE else cell
        if problem := _problem(name, value):
            problems.append(f"row {number} ({each.path}), {name}: {problem}")
        elif name == "sensitivity":
            change.label = Label(value.lower()) if value.lower() != each.label else None
        else:
            change.values[name] = iso_date(value) if name == "date" else value
    return change


def _problem(name: str, value: str) -> str:
    """What is wrong with a cell; empty where nothing is."""
    if name == "sensitivity" and value.lower() not in list(Label):
        return f"“{value[:40]}” is not one of {', '.join(Label)}"
    if name == "date" and value and not iso_date(value):
        return f"“{value[:40]}” is no date: write it as 2021-03-04"
    if len(value) > _VALUE_LIMIT:
        return f"{len(value):,} characters are too many: at most {_VALUE_LIMIT:,}"
    return ""


def _columns(path: Path, head: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of the columns, and what to tell about them."""
    names = [cell.strip().lower() for cell in head]
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise InputError(f"{path.name} has two columns called {' and '.join(repeated)}: keep one of each.")
    extra = [name for name in names if name and name not in COLUMNS]
    absent = [name for name in COLUMNS if name not in names]
    renamed = {name: next(iter(difflib.get_close_matches(name, absent, 1, 0.6)), "") for name in extra}
    needed = [name for name in _NEEDED if name in absent]
    if needed:
        raise InputError(
            f"{path.name} has no column {' and no column '.join(needed)}, so nothing says which documents its "
            f"rows are "
            "about: write a new sheet with --out and copy your changes into it."
        )
    fields = [name for name in absent if name in FIELDS]
    if extra and fields:
        guess = ", ".join(f"“{name}” may be “{meant}”" for name, meant in renamed.items() if meant)
        raise InputError(
            f"{path.name} was not taken in: it lacks the columns {', '.join(fields)} and has others called "
            f"{', '.join(extra)}{f' ({guess})' if guess else ''}: give them back their names, or delete the others."
        )
    notices = [f"Columns that are not ours were left out: {', '.join(extra)}."] if extra else []
    if fields:
        notices.append(f"The sheet has no columns {', '.join(fields)}: these stay as they are.")
    return names, notices


def _cell(value: str | float | bool | date | datetime | time | timedelta) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, date):
        return iso_date(value)
    return _line(str(value))


def _line(text: str) -> str:
    return " ".join(text.split())
