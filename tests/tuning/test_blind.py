"""The blind sheet: nobody can tell from it who wrote what, and what people fill in is counted right."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import load_workbook

from foretune.errors import InputError
from foretune.tuning.blind import BlindPair, Preference, make_sheet, read_choices, score_sheet, write_sheet

PAIRS = [BlindPair(f"prompt {n}", f"tuned {n}", f"=other {n}") for n in range(9)]


def filled_in(path: Path, choices: list[str]) -> Path:
    """The sheet as people send it back: the same cells, and their choices."""
    rows = load_workbook(str(path)).get_sheet_by_index(0).to_python()
    out = path.with_name("back.xlsx")
    with xlsxwriter.Workbook(str(out), {"strings_to_formulas": False}) as book:
        page = book.add_worksheet()
        for line, row in enumerate(rows):
            if line >= 2:
                row[4] = choices[line - 2]
            page.write_row(line, 0, row)
    return out


def test_the_order_is_shuffled_by_seed_and_evened_out() -> None:
    sheet = make_sheet(PAIRS, seed=1)
    assert sheet == make_sheet(PAIRS, seed=1)
    assert sheet != make_sheet(PAIRS, seed=2)
    assert sorted(prompt for prompt, _, _ in sheet.rows) == [pair.prompt for pair in PAIRS]
    assert abs(sheet.key.count("A") - sheet.key.count("B")) == 1
    for (_, first, second), letter in zip(sheet.rows, sheet.key, strict=True):
        assert (first if letter == "A" else second).startswith("tuned")


def test_the_file_holds_no_key_and_no_formula(tmp_path: Path) -> None:
    sheet = make_sheet(PAIRS, seed=1)
    write_sheet(sheet, tmp_path / "sheet.xlsx", question="which?")
    cells = [
        str(cell)
        for row in load_workbook(str(tmp_path / "sheet.xlsx")).get_sheet_by_index(0).to_python()
        for cell in row
    ]
    assert sheet.key not in " ".join(cells)
    assert "=other 3" in cells


def test_choices_come_back_as_they_were_made(tmp_path: Path) -> None:
    sheet = make_sheet(PAIRS, seed=1)
    write_sheet(sheet, tmp_path / "sheet.xlsx", question="which?")
    right = [letter.lower() for letter in sheet.key]
    wrong = {"A": "B", "B": "A"}[sheet.key[1]]
    back = filled_in(tmp_path / "sheet.xlsx", [right[0], wrong, "same", "", *right[4:]])
    identity, choices = read_choices(back)
    assert identity == sheet.id
    assert score_sheet(sheet.key, choices) == Preference(tuned=6, other=1, same=1, blank=1)


def test_another_word_is_refused_with_its_line(tmp_path: Path) -> None:
    write_sheet(make_sheet(PAIRS, seed=1), tmp_path / "sheet.xlsx", question="which?")
    back = filled_in(tmp_path / "sheet.xlsx", ["A", "perhaps", *[""] * 7])
    with pytest.raises(InputError, match=r"Line 4 .*'perhaps'.*A, B or same"):
        read_choices(back)


def test_another_spreadsheet_is_refused(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "other.xlsx")) as book:
        book.add_worksheet().write(0, 0, "budget")
    with pytest.raises(InputError, match="not a blind sheet"):
        read_choices(tmp_path / "other.xlsx")
    (tmp_path / "text.xlsx").write_text("no spreadsheet")
    with pytest.raises(InputError, match="cannot be read as a spreadsheet"):
        read_choices(tmp_path / "text.xlsx")
