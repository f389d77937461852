"""Labels as a spreadsheet: written, filled in, taken in; and everything a person can do to it meanwhile."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, select
from tests.governance.pages import put

from foretune.errors import InputError
from foretune.governance import DecisionKind, decide, decisions, review, undo
from foretune.governance.labels_sheet import COLUMNS, read_labels_sheet, write_labels_sheet
from foretune.plan.config import GovernanceSettings
from foretune.types import Label
from foretune.vault import Vault
from foretune.vault.tables import document

PAGES = {
    "leave/annual.md": "# Annual leave\n\n**Owner:** People Operations\n\nEverybody has twenty-four days.",
    "leave/sick.md": "# Sick leave\n\nPrivate and confidential\n\nCall in before nine.",
    "=cmd.md": "# =1+1\n\nA page with a hostile name.",
}
Rows = list[dict[str, str]]


@pytest.fixture
def sheet(vault: Vault, tmp_path: Path) -> Path:
    put(vault, PAGES)
    path = tmp_path / "labels.csv"
    assert write_labels_sheet(vault, path) == 3
    return path


def edit(path: Path, change: Callable[[Rows], object], *, encoding: str = "utf-8-sig", delimiter: str = ",") -> None:
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    change(rows)
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(dict.fromkeys(name for row in rows for name in row)), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))


def of(rows: Rows, path: str) -> dict[str, str]:
    return next(row for row in rows if row["document"].lstrip("'") == path)


def fields(vault: Vault, path: str) -> tuple[str, dict[str, object], str]:
    with vault.reading() as connection:
        row = connection.execute(select(document).where(document.c.path == path)).one()
    return row.author, row.properties, row.label


def test_a_sheet_that_nobody_changed_changes_nothing(vault: Vault, sheet: Path) -> None:
    outcome = read_labels_sheet(vault, sheet)
    assert (outcome.rows, outcome.unchanged, outcome.changed) == (3, 3, ())
    excel = sheet.with_suffix(".xlsx")
    write_labels_sheet(vault, excel)
    assert read_labels_sheet(vault, excel).unchanged == 3
    assert decisions(vault) == []


def test_what_a_person_fills_in_holds_and_survives_the_next_reading(vault: Vault, sheet: Path) -> None:
    def change(rows: Rows) -> None:
        of(rows, "leave/annual.md").update(author="M. Lindqvist", licence="CC0-1.0", keywords="leave, holidays")
        of(rows, "leave/sick.md").update(sensitivity="restricted")

    edit(sheet, change)
    outcome = read_labels_sheet(vault, sheet, reason="asked the team")
    assert outcome.changed == ("leave/annual.md", "leave/sick.md")
    assert fields(vault, "leave/annual.md")[:2] == ("M. Lindqvist", {"licence": "CC0-1.0"})
    assert fields(vault, "leave/sick.md")[2] == "restricted"
    assert {(each.kind, each.reason) for each in decisions(vault)} == {
        (DecisionKind.DESCRIBE, "asked the team"),
        (DecisionKind.RELABEL, "asked the team"),
    }
    put(vault, {"leave/annual.md": PAGES["leave/annual.md"] + " More."})  # read again: the source knows no author
    assert fields(vault, "leave/annual.md")[0] == ""
    review(vault, GovernanceSettings(), checks=["short"])
    assert fields(vault, "leave/annual.md")[:2] == ("M. Lindqvist", {"licence": "CC0-1.0"})


def test_proposals_count_only_when_they_are_accepted(vault: Vault, sheet: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")))
    assert of(rows, "leave/annual.md")["owner"] == "? People Operations"
    assert of(rows, "leave/sick.md")["sensitivity"] == "? confidential"
    edit(sheet, lambda rows: of(rows, "leave/annual.md").update(accept="yes"))
    assert read_labels_sheet(vault, sheet).changed == ("leave/annual.md",)
    assert fields(vault, "leave/annual.md")[1]["owner"] == "People Operations"
    assert fields(vault, "leave/sick.md")[2] == "internal"


def test_none_takes_a_value_away_and_an_empty_cell_does_not(vault: Vault, tmp_path: Path) -> None:
    put(vault, {"a.md": "text", "b.md": "text"}, author="Scanner 3000")
    path = tmp_path / "labels.csv"
    write_labels_sheet(vault, path)

    def change(rows: Rows) -> None:
        of(rows, "a.md")["author"] = "(none)"
        of(rows, "b.md")["author"] = ""

    edit(path, change)
    assert read_labels_sheet(vault, path).changed == ("a.md",)
    assert fields(vault, "a.md")[0] == ""
    assert fields(vault, "b.md")[0] == "Scanner 3000"


def test_rows_about_documents_that_changed_or_went_are_set_aside(vault: Vault, sheet: Path) -> None:
    edit(sheet, lambda rows: [row.update(author="Somebody") for row in rows])
    put(vault, {"leave/annual.md": "Rewritten."})
    with vault.writing() as connection:
        connection.execute(delete(document).where(document.c.path == "leave/sick.md"))
    outcome = read_labels_sheet(vault, sheet)
    assert outcome.changed == ("=cmd.md",)
    assert {each.document: each.reason.split(":")[0] for each in outcome.set_aside} == {
        "leave/annual.md": "the document changed after the sheet was written",
        "leave/sick.md": "the document is no longer there, so the row was left out",
    }
    assert outcome.rows == 3


def rename(old: str, new: str) -> Callable[[Rows], object]:
    return lambda rows: [row.update({new: row.pop(old)}) for row in rows]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (rename("licence", "License"), "“license” may be “licence”"),
        (rename("version", "v"), "no column version"),
        (lambda rows: rows.append(dict(rows[0])), "same document as row 2"),
        (lambda rows: rows[0].update(sensitivity="secret", author="A"), "not one of public, internal"),
        (lambda rows: rows[0].update(date="03/04/2021", author="A"), "is no date"),
        (lambda rows: rows[0].update(id="", author="A"), "has no id"),
    ],
)
def test_a_sheet_with_a_mistake_changes_nothing(
    vault: Vault, sheet: Path, change: Callable[[Rows], object], said: str
) -> None:
    def both(rows: Rows) -> None:
        rows[-1]["author"] = "Would be taken in"
        change(rows)

    edit(sheet, both)
    with pytest.raises(InputError, match=said):
        read_labels_sheet(vault, sheet)
    assert decisions(vault) == []


def test_extra_or_missing_columns_are_told_and_the_rest_is_taken_in(vault: Vault, sheet: Path) -> None:
    edit(sheet, lambda rows: [row.update(author="A", remark="x") for row in rows])
    outcome = read_labels_sheet(vault, sheet)
    assert len(outcome.changed) == 3
    assert outcome.notices == ("Columns that are not ours were left out: remark.",)
    write_labels_sheet(vault, sheet)
    edit(sheet, lambda rows: [row.pop("licence") for row in rows])
    assert read_labels_sheet(vault, sheet).notices == ("The sheet has no columns licence: these stay as they are.",)


def test_a_sheet_saved_by_excel_as_windows_1252_with_semicolons_is_read(vault: Vault, sheet: Path) -> None:
    def change(rows: Rows) -> None:
        of(rows, "leave/annual.md")["author"] = "Zoë Müller"

    edit(sheet, change, encoding="cp1252", delimiter=";")
    outcome = read_labels_sheet(vault, sheet)
    assert fields(vault, "leave/annual.md")[0] == "Zoë Müller"
    assert "Windows-1252" in outcome.notices[0]


def test_nothing_in_the_sheet_runs_as_a_formula(vault: Vault, sheet: Path) -> None:
    cells = [cell for row in csv.reader(io.StringIO(sheet.read_text("utf-8-sig"), newline="")) for cell in row]
    assert "'=cmd.md" in cells
    assert not any(cell.startswith(("=", "@", "+")) for cell in cells)
    excel = sheet.with_suffix(".xlsx")
    write_labels_sheet(vault, excel)
    rows = CalamineWorkbook.from_path(excel).get_sheet_by_name("labels").to_python()
    assert rows[0] == list(COLUMNS)
    assert "=cmd.md" in [row[0] for row in rows]


def test_what_is_no_spreadsheet_is_refused_in_a_sentence(vault: Vault, tmp_path: Path) -> None:
    broken = tmp_path / "labels.xlsx"
    broken.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match=r"cannot be read as an Excel file"):
        read_labels_sheet(vault, broken)
    with pytest.raises(InputError, match=r"There is no sheet"):
        read_labels_sheet(vault, tmp_path / "absent.csv")
    with pytest.raises(InputError, match=r"neither \.xlsx nor \.csv"):
        write_labels_sheet(vault, tmp_path / "labels.docx")


def test_a_lower_label_for_a_restricted_document_waits_for_a_second_person(vault: Vault, sheet: Path) -> None:
    decide(vault, ["leave/annual.md"], DecisionKind.RELABEL, reason="about illness", label=Label.RESTRICTED)
    write_labels_sheet(vault, sheet)
    edit(sheet, lambda rows: of(rows, "leave/annual.md").update(sensitivity="internal"))
    outcome = read_labels_sheet(vault, sheet, four_eyes=True)
    assert any("needs a second person" in notice for notice in outcome.notices)
    assert fields(vault, "leave/annual.md")[2] == "restricted"


def test_what_a_sheet_said_cannot_be_undone_blindly(vault: Vault, sheet: Path) -> None:
    edit(sheet, lambda rows: of(rows, "leave/annual.md").update(author="M. Lindqvist"))
    read_labels_sheet(vault, sheet)
    with pytest.raises(InputError, match="was not kept"):
        undo(vault, reason="a mistake")
