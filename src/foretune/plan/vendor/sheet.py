"""The questionnaire as a spreadsheet: sent out, filled in, read back.

Whoever fills it in may add columns, move them and rename them a little; rows are
matched by their id, or where that is gone by the wording of the question. What
cannot be matched beyond doubt is said, not guessed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from foretune.errors import InputError
from foretune.files import replacing
from foretune.plan.vendor.questionnaire import VendorQuestion
from foretune.spreadsheets import CELL_LIMIT, csv_table, merged_rows, read_rows, spreadsheet_suffix

__all__ = ["COLUMNS", "OUR_COLUMNS", "VendorAnswer", "read_sheet", "write_sheet"]

SHEET = "questions"
COLUMNS = ("id", "area", "question", "besides", "answer")
"""Of the sheet that vendors fill in. Why we ask, what is good and what a red flag is would tell them what to write."""
OUR_COLUMNS = (*COLUMNS[:4], "why it matters", "a good answer", "a red flag", "answer", "grade", "note")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "no", "nr", "number", "ref", "reference", "question id"),
    "question": ("question", "questions", "requirement", "ask"),
    "answer": (
        "answer",
        "answers",
        "response",
        "responses",
        "reply",
        "vendor answer",
        "vendor response",
        "your answer",
    ),
    "grade": ("grade", "score", "points", "rating"),
    "note": ("note", "notes", "remark", "remarks"),
}
_SPOKEN_OF: Mapping[str, re.Pattern[str]] = {
    "question": re.compile(r"\b(?:questions?|requirements?)\b"),
    "answer": re.compile(r"\b(?:answers?|responses?|reply|replies)\b"),
}
"""What a column that was called something else has in its name."""
_LONGEST_NAME = 5
"""Words of a column's name; what is longer is an instruction."""
_WIDTHS = {"id": 16, "grade": 8}
_WIDTH = 40
_HEADS_WITHIN = 15
"""Rows in which the head may stand: logos and instructions are put above it."""
ALIKE = 0.9
"""How alike two wordings must be to be one question."""


@dataclass(frozen=True, slots=True)
class VendorAnswer:
    """What stands beside one question."""

    question: str
    """Its id."""
    text: str
    grade: int | None = None
    """0 to 3, by a person; None where nobody has graded it."""
    note: str = ""


def write_sheet(
    questions: Sequence[VendorQuestion],
    path: Path,
    *,
    ours: bool = False,
    answers: Mapping[str, VendorAnswer] | None = None,
) -> int:
    """Write the questionnaire as ``.xlsx`` or ``.csv``; returns how many questions it holds.

    Args:
        ours: for the buyer: with what we answer about them, why each question matters, and room for grades.
        answers: what is known, by the question's id.

    Raises:
        InputError: another suffix, a folder there is not, or the path of a folder.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a file in it.")
    suffix = spreadsheet_suffix(path)
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}: make it first, or write the sheet somewhere else.")
    columns = OUR_COLUMNS if ours else COLUMNS
    asked = [each for each in questions if ours or each.by == "them"]
    known = answers or {}
    rows = [[_cells_of(each, known.get(each.id))[name] for name in columns] for each in asked]
    content = _xlsx(columns, rows) if suffix == ".xlsx" else csv_table(columns, rows)
    with replacing(path) as draft:
        draft.write_bytes(content)
    return len(asked)


def _cells_of(question: VendorQuestion, answer: VendorAnswer | None) -> Mapping[str, str]:
    graded = answer is not None and answer.grade is not None
    return {
        "id": question.id,
        "area": question.area,
        "question": question.ask,
        "besides": " ".join(question.besides),
        "why it matters": question.why,
        "a good answer": question.good,
        "a red flag": question.red_flag,
        "answer": answer.text if answer else "",
        "grade": str(answer.grade) if answer and graded else "",
        "note": answer.note if answer else "",
    }


def _xlsx(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(SHEET)
    head = book.add_format({"bold": True, "bottom": 1})
    body = book.add_format({"text_wrap": True, "valign": "top"})
    for column, name in enumerate(columns):
        sheet.set_column(column, column, _WIDTHS.get(name, _WIDTH))
        sheet.write_string(0, column, name, head)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, cell[:CELL_LIMIT], body)
    sheet.freeze_panes(1, 3)
    book.close()
    return buffer.getvalue()


def read_sheet(
    path: Path, questions: Sequence[VendorQuestion], *, graded: bool = False
) -> tuple[tuple[VendorAnswer, ...], tuple[str, ...]]:
    """The answers in a filled-in sheet, and what was left aside; a sentence each.

    Args:
        graded: take its grades and notes too, which are ours then; a vendor's own are left aside.

    Raises:
        InputError: no such file, no spreadsheet, no column of answers, or cells merged over several questions.
    """
    rows, aside = read_rows(path, sheet=SHEET, command="foretune vendor new", cell=_text)
    head, columns = _head(rows, path)
    _refuse_merged(rows, head, columns["answer"], path)
    answers: dict[str, VendorAnswer] = {}
    own_grades = False
    for number, cells in enumerate(rows[head + 1 :], start=head + 2):
        values = {name: cells[column] if column < len(cells) else "" for name, column in columns.items()}
        if not any(values.values()):
            continue
        question = _match(values, questions)
        if question is None:
            if values["answer"]:
                aside.append(f"Row {number} answers no question of this questionnaire and was left aside.")
            continue
        grade, problem = _grade(values.get("grade", "")) if graded else (None, "")
        own_grades = own_grades or (not graded and bool(values.get("grade")))
        if problem:
            aside.append(f"Row {number}: {problem}")
        if question.id in answers:
            if values["answer"]:
                aside.append(f"Row {number} answers {question.id} a second time; the first answer stands.")
            continue
        if values["answer"] or grade is not None:
            note = values.get("note", "") if graded else ""
            answers[question.id] = VendorAnswer(question.id, values["answer"], grade, note)
    if own_grades:
        aside.append("The grades in it were left aside: add --graded where they are yours and not the vendor's.")
    return tuple(answers.values()), tuple(aside)


def _refuse_merged(rows: Sequence[Sequence[str]], head: int, column: int, path: Path) -> None:
    """One answer over several questions belongs to none of them for certain.

    Raises:
        InputError: there is one.
    """
    for start, end in merged_rows(path, sheet=SHEET, column=column):
        covered = [row + 1 for row in range(max(start, head + 1), min(end + 1, len(rows))) if any(rows[row])]
        if len(covered) > 1:
            raise InputError(
                f"{path.name}: rows {covered[0]} to {covered[-1]} of the column of answers are merged, so one answer "
                "stands for several questions: unmerge them and write the answer beside each."
            )


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _head(rows: Sequence[Sequence[str]], path: Path) -> tuple[int, dict[str, int]]:
    """The row of the head, and where each column we need stands."""
    best: tuple[int, dict[str, int]] = (0, {})
    for number, cells in enumerate(rows[:_HEADS_WITHIN]):
        found = _columns(cells)
        if len(found) > len(best[1]):
            best = number, found
    number, found = best
    if "answer" not in found or not {"id", "question"} & set(found):
        there = ", ".join(cell for cell in (rows[number] if rows else []) if cell)[:200] or "nothing"
        lacks = "answer" if "answer" not in found else "id or question"
        raise InputError(
            f"{path.name} has no column “{lacks}” (its head reads: {there}): call the columns {', '.join(COLUMNS)}."
        )
    return number, found


def _columns(cells: Sequence[str]) -> dict[str, int]:
    """Which of our columns stands where, by its name, or by the one other name that speaks of it."""
    names = [" ".join(cell.casefold().replace("_", " ").strip(" :*.").split()) for cell in cells]
    found: dict[str, int] = {}
    for column, name in enumerate(names):
        for ours, theirs in _NAMES.items():
            if name in theirs and ours not in found:
                found[ours] = column
    for ours, spoken_of in _SPOKEN_OF.items():
        free = [column for column in range(len(names)) if column not in found.values()]
        named = [column for column in free if spoken_of.search(names[column])]
        if ours not in found and len(named) == 1 and len(names[named[0]].split()) <= _LONGEST_NAME:
            found[ours] = named[0]
    return found


def _match(values: Mapping[str, str], questions: Sequence[VendorQuestion]) -> VendorQuestion | None:
    by_id = {each.id.casefold(): each for each in questions}
    if (found := by_id.get(values.get("id", "").casefold())) is not None:
        return found
    asked = values.get("question", "").casefold()
    if not asked:
        return None
    likeness = {each.id: SequenceMatcher(None, each.ask.casefold(), asked).ratio() for each in questions}
    best = max(questions, key=lambda each: likeness[each.id])
    return best if likeness[best.id] >= ALIKE else None


def _grade(text: str) -> tuple[int | None, str]:
    if not text:
        return None, ""
    if text in ("0", "1", "2", "3"):
        return int(text), ""
    return None, f"the grade is {text[:20]!r} and has to be 0, 1, 2 or 3; it was left out."
