"""Asking vendors: the questions, the sheet out and in, grades with reasons, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from foretune.cli.vendor import app
from foretune.errors import InputError
from foretune.plan import Config, settle, update, write
from foretune.plan.vendor import VendorAnswer, questionnaire, read_sheet, score_vendor, write_sheet
from foretune.project.vendors import known_vendors, questions_here, scores, take_answers, vendor_file

CLINIC = settle({"story.want": "questions of nurses answered from patient records", "platform.where": "offline"})
AREAS = 15


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "foretune.toml", CLINIC)
    return tmp_path


def graded(question: str, text: str) -> tuple[int, bool, str]:
    questions = questionnaire(CLINIC)
    score = score_vendor("x", questions, {question: VendorAnswer(question, text)})
    found = next(each for each in score.answers if each.question == question)
    return found.grade, found.red_flag, found.reason


def book(path: Path, rows: list[list[str]], merged: tuple[int, int, int, int] | None = None) -> Path:
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("Sheet1")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if merged:
            sheet.merge_range(*merged, "one for all")
    return path


def test_every_question_says_why_it_is_asked_and_what_is_good_and_bad() -> None:
    questions = questionnaire(CLINIC)
    assert len({each.area for each in questions}) >= AREAS
    assert all(each.why and each.good and each.red_flag and each.good_signs and each.bad_signs for each in questions)
    assert not any("{" in each.ask for each in questions)


def test_questions_are_tied_to_what_the_plan_says() -> None:
    tied = " ".join(text for each in questionnaire(CLINIC) for text in each.besides)
    assert "HIPAA" in tied
    assert "leave the building" in tied
    assert "HIPAA" not in " ".join(text for each in questionnaire(Config()) for text in each.besides)


def test_the_sheet_for_vendors_does_not_give_the_trick_away(tmp_path: Path) -> None:
    write_sheet(questionnaire(CLINIC), tmp_path / "out.xlsx")
    cells = " ".join(
        str(cell)
        for row in CalamineWorkbook.from_path(tmp_path / "out.xlsx").get_sheet_by_index(0).to_python()
        for cell in row
    )
    assert "does not exist" not in cells
    assert "red flag" not in cells
    write_sheet(questionnaire(CLINIC), tmp_path / "ours.csv", ours=True)
    assert "does not exist" in (tmp_path / "ours.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_answers_come_back_from_the_sheet_as_they_were_given(tmp_path: Path, suffix: str) -> None:
    questions = questionnaire(CLINIC)
    given_answers = {
        "model-which": VendorAnswer("model-which", "=Llama 3.1 8B,\nrevision 0e9e39f", 2, "ask again"),
        "cost-all": VendorAnswer("cost-all", "1200 EUR a month; “cap” at 2000"),
    }
    write_sheet(questions, tmp_path / f"s{suffix}", ours=True, answers=given_answers)
    found, aside = read_sheet(tmp_path / f"s{suffix}", questions, graded=True)
    assert {each.question: each for each in found} == given_answers
    assert not aside


def test_a_vendor_cannot_grade_itself(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", [["id", "answer", "grade"], ["cost-all", "contact sales", "3"]])
    (answer,), aside = read_sheet(path, questionnaire(CLINIC))
    assert answer.grade is None
    assert "--graded" in aside[0]


def test_rows_are_found_by_their_wording_where_the_ids_are_gone(tmp_path: Path) -> None:
    question = questionnaire(CLINIC)[0]
    rows = [["Acme Inc."], [], ["Requirement", "Your answer"], [question.ask.upper(), "Acme Inc., Delaware"]]
    (answer,), _ = read_sheet(book(tmp_path / "a.xlsx", rows), questionnaire(CLINIC))
    assert (answer.question, answer.text) == (question.id, "Acme Inc., Delaware")


@pytest.mark.parametrize(
    "head", [["Requirement text", "Our answer"], ["The question", "Supplier's response (free text)"]]
)
def test_columns_may_be_called_something_else_while_it_is_plain_which_is_meant(tmp_path: Path, head: list[str]) -> None:
    question = questionnaire(CLINIC)[0]
    rows = [["Please answer every question below in the column for it"], head, [question.ask, "Acme Inc., Delaware"]]
    (answer,), _ = read_sheet(book(tmp_path / "a.xlsx", rows), questionnaire(CLINIC))
    assert (answer.question, answer.text) == (question.id, "Acme Inc., Delaware")
    rows[1] = [head[0], "Answer of A", "Answer of B"]
    with pytest.raises(InputError, match="no column “answer”"):
        read_sheet(book(tmp_path / "b.xlsx", rows), questionnaire(CLINIC))


def test_an_answer_merged_over_several_questions_is_refused_by_its_rows(tmp_path: Path) -> None:
    rows = [["id", "answer"], ["cost-all", ""], ["exit-take", ""], ["exit-swap", "yes"]]
    with pytest.raises(InputError, match=r"rows 2 to 3 .* unmerge"):
        read_sheet(book(tmp_path / "a.xlsx", rows, (1, 1, 2, 1)), questionnaire(CLINIC))


def test_cells_merged_within_one_row_are_read(tmp_path: Path) -> None:
    rows = [["id", "answer"], ["cost-all", ""], ["exit-swap", "yes"]]
    found, _ = read_sheet(book(tmp_path / "a.xlsx", rows, (1, 1, 1, 3)), questionnaire(CLINIC))
    assert {each.question: each.text for each in found} == {"cost-all": "one for all", "exit-swap": "yes"}


def test_whoever_uses_the_model_that_does_not_exist_gets_a_red_flag() -> None:
    assert graded("trick-model", "Yes, we support it and our model outperforms it.")[:2] == (0, True)
    assert graded("trick-model", "We have not heard of it. Can you point us to it?")[0] >= 2


def test_a_vendor_that_never_asked_for_the_story_gets_a_red_flag() -> None:
    assert graded("trick-story", "no")[1]
    assert graded("trick-story", "yes, in the first call")[0] == 3


def test_the_name_of_the_invented_model_stays_when_the_story_is_edited(folder: Path) -> None:
    def asked() -> str:
        from foretune.plan import load

        questions = questions_here(folder, load(folder / "foretune.toml"))
        return next(each.ask for each in questions if each.id == "trick-model")

    before = asked()
    update(folder / "foretune.toml", {"story.want": "something else altogether from another archive"})
    assert asked() == before


@given(st.lists(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40), min_size=2))
def test_two_vendors_never_share_a_file(names: list[str]) -> None:
    folded = {" ".join(name.split()).casefold() for name in names if name.split() and name.isprintable()}
    files = {vendor_file(Path("p"), name) for name in folded}
    assert len(files) == len(folded)
    assert all(file.parent == Path("p/vendors") for file in files)


def test_nothing_is_kept_where_one_answer_cannot_be_used(folder: Path) -> None:
    sheet = book(folder / "a.xlsx", [["id", "answer"], ["cost-all", "9 EUR per person"]])
    with pytest.raises(InputError, match="'nosuch'"):
        take_answers(folder, CLINIC, "Acme", sheet=sheet, single=[VendorAnswer("nosuch", "x")])
    assert not known_vendors(folder)
    assert CliRunner().invoke(app, ["answer", "Acme", "a.xlsx", "--grade", "cost-all=7"]).exit_code
    assert not known_vendors(folder)


def test_a_sheet_that_nobody_filled_in_is_said_to_be_one(folder: Path) -> None:
    assert CliRunner().invoke(app, ["new", "--out", "q.xlsx"]).exit_code == 0
    assert "No answer stands beside a question in q.xlsx" in CliRunner().invoke(app, ["answer", "A", "q.xlsx"]).output


def test_a_grade_of_ours_stays_when_the_vendor_sends_the_same_sheet_again(folder: Path) -> None:
    sheet = book(folder / "a.xlsx", [["id", "answer"], ["cost-all", "contact sales"]])
    take_answers(folder, CLINIC, "Acme", sheet=sheet, grades={"cost-all": 2}, note="told us by telephone")
    take_answers(folder, CLINIC, "acme", sheet=sheet)
    (score,) = scores(folder, CLINIC)
    found = next(each for each in score.answers if each.question == "cost-all")
    assert (found.grade, found.reason) == (2, "Graded by a person: told us by telephone")


def test_vendors_are_compared_the_best_first_with_what_is_unanswered(folder: Path) -> None:
    take_answers(folder, CLINIC, "Vague", single=[VendorAnswer("data-retention", "As long as necessary.")])
    take_answers(
        folder, CLINIC, "Exact", single=[VendorAnswer("data-retention", "Logs: 30 days in Ireland, two admins.")]
    )
    exact, vague = scores(folder, CLINIC)
    assert (exact.vendor, vague.vendor) == ("Exact", "Vague")
    assert [each.question for each in vague.red_flags] == ["data-retention"]
    assert len(exact.unanswered) == len(exact.answers) - 1
    result = CliRunner().invoke(app, ["report"])
    page = (folder / "reports" / "vendors.html").read_text(encoding="utf-8")
    assert result.exit_code == 0
    assert "red flag" in page
    assert "Exact" in page


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["new", "--out", "."], "is a folder"),
        (["new", "--out", "no/q.xlsx"], "There is no folder no"),
        (["new", "--out", "q.pdf"], "neither .xlsx nor .csv"),
        (["answer", "Acme", "no.xlsx"], "There is no sheet no.xlsx"),
        (["answer", "Acme", "broken.xlsx"], "cannot be read as an Excel file"),
        (["answer", "\x07", "--set", "cost-all=1"], "no name for a vendor"),
        (["answer", "Acme"], "nothing to take"),
        (["answer", "Acme", "--grade", "cost-all=good"], "0, 1, 2 or 3"),
        (["score"], "no answers yet"),
        (["report", "--html", "."], "is a folder"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(folder: Path, arguments: list[str], sentence: str) -> None:
    (folder / "broken.xlsx").write_bytes(b"PK\x03\x04 not a book")
    error = CliRunner().invoke(app, arguments).exception
    assert isinstance(error, InputError)
    assert sentence in str(error)
