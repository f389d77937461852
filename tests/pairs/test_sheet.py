"""Pairs go to people as a spreadsheet and come back as decisions that hold when they are written again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import update
from tests.pairs.written import by_prompt, write
from tests.retrieval.corpus import changed, written

from foretune.errors import InputError
from foretune.pairs import read_review, stored_pairs, write_review
from foretune.pairs.judge import agreement, kappa
from foretune.pairs.sheet import COLUMNS
from foretune.pairs.verdicts import decisions
from foretune.spreadsheets import CELL_LIMIT, csv_table, read_rows
from foretune.vault import Vault
from foretune.vault import tables as t

LEAVE = written("You can carry over a maximum of 240 annual leave hours.\nLeave must be approved by the café’s head.")
CARRY = "How many annual leave hours can you carry over?"
Rows = list[dict[str, str]]


def sheet(vault: Vault, folder: Path, change: Callable[[Rows], None], encoding: str = "utf-8-sig") -> Path:
    """A sheet that was written, changed in a spreadsheet, and saved again."""
    path = folder / "pairs.csv"
    write_review(vault, path)
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    change(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), restval="", delimiter=";" if encoding == "cp1252" else ",")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding, "replace"))
    return path


def row(rows: Rows, prompt: str = CARRY) -> dict[str, str]:
    return next(each for each in rows if each["prompt"] == prompt)


def having(vault: Vault, *responses: str) -> None:
    """Pairs of which the first have these responses."""
    write(vault, [LEAVE])
    pairs = stored_pairs(vault)
    with vault.writing() as connection:
        for pair, response in zip(pairs, responses, strict=False):
            connection.execute(update(t.pair).where(t.pair.c.id == pair.id).values(response=response))


def again(vault: Vault) -> None:
    """Every pair is written anew, as after a change of the plan; the page says the same."""
    write(vault, [LEAVE], recipes=["document"], min_characters=500)
    assert not stored_pairs(vault)
    write(vault, [LEAVE])


def test_rejecting_rating_and_rewriting_survive_writing_again(vault: Vault, tmp_path: Path) -> None:
    write(vault, [LEAVE])

    def fill_in(rows: Rows) -> None:
        row(rows).update(verdict="reject", note="nobody asks this")
        mine = "Up to how many annual leave hours can I take along?"
        rows[1].update(prompt=mine, rating="5")

    outcome = read_review(vault, sheet(vault, tmp_path, fill_in))
    assert (outcome.decided, outcome.rejected, outcome.rated, outcome.rewritten) == (2, 1, 1, 1)
    again(vault)
    pairs = by_prompt(vault)
    assert pairs[CARRY].state == "dropped"
    assert pairs[CARRY].reason == f"rejected by {vault.principal.name}: nobody asks this"
    mine_again = pairs["Up to how many annual leave hours can I take along?"]
    assert (mine_again.writer, mine_again.state, mine_again.provenance["rating"]) == ("person", "kept", 5)
    assert {each.actor for each in decisions(vault)} == {vault.principal.name}


def test_a_sheet_nobody_changed_changes_nothing(vault: Vault, tmp_path: Path) -> None:
    write(vault, [LEAVE])
    for name in ("pairs.csv", "pairs.xlsx"):
        count = write_review(vault, tmp_path / name)
        outcome = read_review(vault, tmp_path / name)
        assert (outcome.rows, outcome.unchanged, outcome.decided) == (count, count, 0)
    assert decisions(vault) == []


def test_a_sheet_saved_by_excel_in_windows_1252_is_read(vault: Vault, tmp_path: Path) -> None:
    write(vault, [LEAVE])
    path = sheet(vault, tmp_path, lambda rows: row(rows).update(verdict="keep", note="für uns"), encoding="cp1252")
    outcome = read_review(vault, path)
    assert (outcome.kept, outcome.decided, outcome.rewritten) == (1, 1, 0)
    assert "Windows-1252" in outcome.notices[0]
    assert [each.reason for each in decisions(vault)] == ["für uns"]


@pytest.mark.parametrize("marks", ["?", "??"], ids=["one for an emoji", "two, as Excel counts"])
def test_what_windows_1252_lacks_is_not_rewritten_to_question_marks(vault: Vault, tmp_path: Path, marks: str) -> None:
    having(vault, f"Carry over 240 hours → {'休' * 200} 🙂{'🙂' * 40}.", "Leave is approved by Ān, or “her” deputy.")

    def fill_in(rows: Rows) -> None:
        rows[0].update(verdict="keep", response=rows[0]["response"].replace("🙂", marks))
        rows[1].update(response="Leave is approved.")

    path = sheet(vault, tmp_path, fill_in, encoding="cp1252")
    outcome = read_review(vault, path)
    assert (outcome.kept, outcome.rewritten) == (1, 0)
    (aside,) = outcome.set_aside
    assert "Windows-1252 lacks" in aside.reason


def test_a_text_longer_than_a_cell_can_be_judged_and_is_never_shortened(vault: Vault, tmp_path: Path) -> None:
    having(vault, long := "You can carry over 240 hours of leave 🙂. " * 1000)
    for name in ("pairs.xlsx", "pairs.csv"):
        write_review(vault, tmp_path / name)
        table, _ = read_rows(tmp_path / name, sheet="pairs", command="", cell=str)
        response = COLUMNS.index("response")
        assert len(table[1][response].encode("utf-16-le")) // 2 < CELL_LIMIT
        assert table[1][response].endswith("[Cut here: a cell holds no more than 32,767 characters.]")
        assert "do not rewrite it" in table[1][COLUMNS.index("findings")]
        assert read_review(vault, tmp_path / name).unchanged == len(table) - 1
        for text in (table[1][response].replace("leave", "LEAVE", 1), "a" * CELL_LIMIT, "Short."):
            back = saved(tmp_path / name, table[0], [*table[1][:response], text, *table[1][response + 1 :]])
            (aside,) = read_review(vault, back).set_aside
            assert "longer than a cell holds" in aside.reason
        back = saved(tmp_path / name, table[0], ["reject", *table[1][1:]])
        assert read_review(vault, back).rejected == (name == "pairs.xlsx")  # once is enough
    assert stored_pairs(vault)[0].response == long
    assert [each.kind for each in decisions(vault)] == ["reject"]


def test_guards_against_formulas_that_excel_kept_in_a_workbook_are_no_rewriting(vault: Vault, tmp_path: Path) -> None:
    having(vault, "- Take your leave.\n- Ask the head.")
    written_csv, workbook = tmp_path / "pairs.csv", tmp_path / "pairs.xlsx"
    write_review(vault, written_csv)
    table = list(csv.reader(io.StringIO(written_csv.read_text(encoding="utf-8-sig"), newline="")))
    response = COLUMNS.index("response")
    assert table[1][response].startswith("'- Take")
    assert read_review(vault, saved(workbook, *table)).decided == 0
    table[1][response] += " And more."
    assert read_review(vault, saved(workbook, *table)).rewritten == 1
    assert decisions(vault)[0].response == "- Take your leave.\n- Ask the head. And more."


def saved(path: Path, *rows: list[str]) -> Path:
    """Such a file as a spreadsheet program saves it."""
    if path.suffix == ".csv":
        path.write_bytes(csv_table(rows[0], rows[1:]))
        return path
    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet_ = book.add_worksheet("pairs")
    for number, cells in enumerate(rows):
        sheet_.write_row(number, 0, cells)
    book.close()
    return path


def test_rows_of_pairs_that_are_gone_or_new_are_set_aside(vault: Vault, tmp_path: Path) -> None:
    write(vault, [LEAVE])
    path = sheet(vault, tmp_path, lambda rows: row(rows).update(verdict="reject"))
    write(vault, [changed(LEAVE, LEAVE.text.replace("240", "200"))])
    outcome = read_review(vault, path)
    assert outcome.rejected == 0
    assert {each.reason for each in outcome.set_aside} == {"the pair is no longer there"}
    assert outcome.rows == outcome.unchanged + len(outcome.set_aside)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: row(rows).update(verdict="maybe"), "“maybe” is neither keep nor reject"),
        (lambda rows: row(rows).update(rating="7"), "“7” is no number from 1 to 5"),
        (lambda rows: row(rows).update(response=""), "cannot be empty"),
        (lambda rows: [each.update(promt=each.pop("prompt")) for each in rows], "“promt” may be “prompt”"),
        (lambda rows: [each.pop("version") for each in rows], "has no column version"),
    ],
)
def test_a_sheet_with_a_mistake_changes_nothing_and_says_where_it_is(
    vault: Vault, tmp_path: Path, change: Callable[[Rows], None], says: str
) -> None:
    write(vault, [LEAVE])
    with pytest.raises(InputError, match=says):
        read_review(vault, sheet(vault, tmp_path, change))
    assert decisions(vault) == []


def test_an_extra_column_is_left_out_and_said(vault: Vault, tmp_path: Path) -> None:
    write(vault, [LEAVE])
    outcome = read_review(vault, sheet(vault, tmp_path, lambda rows: rows[0].update(todo="x")))
    assert outcome.notices == ("Columns that are not ours were left out: todo.",)


def test_every_column_is_there_and_no_cell_is_a_formula(vault: Vault, tmp_path: Path) -> None:
    write(vault, [written("=SUM(A1) is the formula that you can use for 12 sums.")])
    write_review(vault, tmp_path / "pairs.csv")
    head, *rows = csv.reader(io.StringIO((tmp_path / "pairs.csv").read_text(encoding="utf-8-sig"), newline=""))
    assert tuple(head) == COLUMNS
    assert rows
    assert not [cell for cells in rows for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_kappa_is_the_textbooks_and_nothing_where_one_always_said_the_same() -> None:
    both = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    value, error = kappa(both)
    assert value == pytest.approx(0.4)
    assert error == pytest.approx((0.7 * 0.3 / (50 * 0.25)) ** 0.5)
    assert kappa([(True, True)] * 5)[0] is None


def test_without_a_persons_word_the_judges_agreement_says_nothing(vault: Vault) -> None:
    write(vault, [LEAVE])
    found = agreement(vault)
    assert (found.both, found.low, found.high, found.kappa) == (0, 0.0, 1.0, None)
