"""A sheet for people: two answers to each prompt, in an order nobody knows, and which of them sounds right.

The key stays behind. What people fill in is read again, checked against the sheet that was given out, and counted.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foretune.errors import InputError
from foretune.files import replacing
from foretune.types import digest

__all__ = ["BlindPair", "Preference", "Sheet", "make_sheet", "read_choices", "score_sheet", "write_sheet"]

_COLUMNS = ("number", "prompt", "A", "B", "choice")
_CHOICES = ("A", "B", "same")


@dataclass(frozen=True, slots=True)
class BlindPair:
    """Two answers to one prompt."""

    prompt: str
    tuned: str
    other: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What people see, and apart from it what they must not."""

    id: str
    rows: tuple[tuple[str, str, str], ...]
    """Prompt, A, B."""
    key: str
    """For each row the letter behind which the tuned answer is: ``ABBA…``."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What people preferred."""

    tuned: int
    other: int
    same: int
    blank: int


def make_sheet(pairs: Sequence[BlindPair], *, seed: int) -> Sheet:
    """Shuffle the rows and, for each, which answer is A; the same pairs and seed give the same sheet."""
    dice = random.Random(f"blind/{seed}")  # noqa: S311
    order = list(pairs)
    dice.shuffle(order)
    # Half of the rows each way: a reader who always prefers A must come out even.
    letters = [*"AB"] * -(-len(order) // 2)
    letters = letters[: len(order)]
    dice.shuffle(letters)
    rows = tuple(
        (pair.prompt, pair.tuned, pair.other) if letter == "A" else (pair.prompt, pair.other, pair.tuned)
        for pair, letter in zip(order, letters, strict=True)
    )
    return Sheet(digest(rows)[:12], rows, "".join(letters))


def write_sheet(sheet: Sheet, path: Path, *, question: str) -> None:
    """Write the XLSX people fill in; ``question`` is what they are asked about each row."""
    import xlsxwriter

    with replacing(path) as draft:
        # Text stays text: an answer that begins with = is no formula.
        options = {"strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(draft), options) as book:
            page = book.add_worksheet("blind")
            wrapped = book.add_format({"text_wrap": True, "valign": "top"})
            bold = book.add_format({"bold": True})
            page.write_string(0, 0, f"sheet {sheet.id}: {question} Write A, B or same into the last column.", bold)
            page.write_row(1, 0, _COLUMNS, bold)
            for number, (prompt, first, second) in enumerate(sheet.rows, start=1):
                page.write_number(number + 1, 0, number, wrapped)
                for column, text in enumerate((prompt, first, second), start=1):
                    page.write_string(number + 1, column, text[:32_000], wrapped)
            page.set_column(0, 0, 8)
            page.set_column(1, 1, 36)
            page.set_column(2, 3, 70)
            page.set_column(4, 4, 10)
            if sheet.rows:
                page.data_validation(
                    2, 4, len(sheet.rows) + 1, 4, {"validate": "list", "source": list(_CHOICES), "ignore_blank": True}
                )
            page.freeze_panes(2, 1)


def read_choices(path: Path) -> tuple[str, dict[int, str]]:
    """The sheet's id and the choice of each row that has one.

    Raises:
        InputError: the file is no such sheet, or says something else than A, B or same.
    """
    from python_calamine import CalamineError, load_workbook

    try:
        rows = load_workbook(str(path)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError, IndexError):
        raise InputError(f"{path} cannot be read as a spreadsheet: give the .xlsx that was filled in.") from None
    head = str(rows[0][0]) if rows and rows[0] else ""
    if not head.startswith("sheet ") or len(rows) < 2 or tuple(map(str, rows[1][:5])) != _COLUMNS:
        raise InputError(f"{path} is not a blind sheet of `foretune tune sheet`: give the .xlsx that was filled in.")
    choices: dict[int, str] = {}
    known = {choice.casefold(): choice for choice in _CHOICES}
    for line, row in enumerate(rows[2:], start=3):
        said = str(row[4]).strip()
        if not said:
            continue
        if said.casefold() not in known:
            raise InputError(f"Line {line} of {path} says {said!r}: write A, B or same.")
        choices[int(float(str(row[0])))] = known[said.casefold()]
    return head.removeprefix("sheet ").partition(":")[0], choices


def score_sheet(key: str, choices: Mapping[int, str]) -> Preference:
    """Count what was preferred; ``choices`` by row number, from 1."""
    said = [choices.get(number, "") for number in range(1, len(key) + 1)]
    tuned = sum(choice == letter for choice, letter in zip(said, key, strict=True))
    same, blank = said.count("same"), said.count("")
    return Preference(tuned, len(key) - tuned - same - blank, same, blank)
