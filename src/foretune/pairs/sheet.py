"""Pairs as a spreadsheet for people: written with what they need to judge, and taken in again as decisions.

One row a pair. ``verdict`` is *keep* or *reject*, ``rating`` 1 to 5; a changed prompt or response is a rewriting. An
empty verdict or rating changes nothing. Rows are matched by ``id``, and only while the pair is what it was
(``version``). What a spreadsheet program cannot hold is no change: a text that is longer than a cell shows its
beginning and can be judged but not rewritten.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foretune.errors import InputError
from foretune.files import replacing
from foretune.pairs.store import stored_pairs
from foretune.pairs.verdicts import PairDecision, PairDecisionKind, decide, pair_hash, place_of, standing
from foretune.spreadsheets import (
    csv_table,
    guarded,
    in_cell,
    is_windows_1252,
    may_be_cut,
    read_rows,
    spreadsheet_suffix,
    unguarded,
)
from foretune.types import Pair
from foretune.vault import Vault

__all__ = ["COLUMNS", "ReviewOutcome", "ReviewRow", "read_review", "write_review"]

COLUMNS = (
    "verdict",
    "rating",
    "prompt",
    "response",
    "note",
    "source",
    "headings",
    "recipe",
    "writer",
    "findings",
    "state",
    "split",
    "id",
    "version",
)
_TEXTS = ("prompt", "response")
_FILLED_IN = ("verdict", "rating", "prompt", "response", "note")
_NEEDED = ("id", "version")
_VERDICTS = {"keep": PairDecisionKind.KEEP, "reject": PairDecisionKind.REJECT}
_RATINGS = ("1", "2", "3", "4", "5")
_WIDTHS = {"prompt": 50, "response": 80, "note": 30, "source": 36, "headings": 30, "findings": 44}


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A row that was not taken in, and why."""

    row: int
    """As the spreadsheet numbers it; the head is row 1."""
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What came of a sheet: rows = decided + unchanged + set aside."""

    kept: int = 0
    rejected: int = 0
    rated: int = 0
    rewritten: int = 0
    decided: int = 0
    """Rows with at least one decision."""
    unchanged: int = 0
    set_aside: tuple[ReviewRow, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return self.decided + self.unchanged + len(self.set_aside)

    def as_json(self) -> dict[str, Any]:
        names = ("kept", "rejected", "rated", "rewritten", "decided", "unchanged")
        aside = [{"row": each.row, "source": each.source, "reason": each.reason} for each in self.set_aside]
        return {"rows": self.rows, **{name: getattr(self, name) for name in names}, "set_aside": aside}


# -- writing -------------------------------------------------------------------------------------------


def write_review(vault: Vault, path: Path) -> int:
    """Write every pair of a document that the reader may see to an ``.xlsx`` or ``.csv``; returns how many.

    Raises:
        InputError: another suffix, or a folder there is not.
    """
    suffix = spreadsheet_suffix(path)
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}: make it first, or write the sheet somewhere else.")
    held = standing(vault)
    rows = []
    for pair in _reviewable(vault):
        verdict = held[place_of(pair)].verdict if place_of(pair) in held else None
        row = _row(pair, verdict.kind.value if verdict else "")
        rows.append({name: in_cell(text) for name, text in row.items()})
    content = (
        _xlsx(rows) if suffix == ".xlsx" else csv_table(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    )
    with replacing(path) as draft:
        draft.write_bytes(content)
    return len(rows)


def _reviewable(vault: Vault) -> list[Pair]:
    return [pair for pair in stored_pairs(vault) if pair.document_id and pair.state != "set_aside"]


def _row(pair: Pair, verdict: str) -> dict[str, str]:
    start, end = pair.provenance.get("start", 0), pair.provenance.get("end", 0)
    found = [*pair.provenance.get("findings", ()), *([pair.reason] if pair.reason else [])]
    if pair.provenance.get("judge") == "no":
        found.append(f"the judge: {pair.provenance.get('judge_why', '')}")
    if any(in_cell(text) != text for text in (pair.prompt, pair.response)):
        found.append("longer than a cell holds, so only its beginning is here: judge it, but do not rewrite it")
    return {
        "verdict": verdict,
        "rating": str(pair.provenance.get("rating", "")),
        "prompt": pair.prompt,
        "response": pair.response,
        "note": "",
        "source": f"{pair.path} ({start}-{end})",
        "headings": " > ".join(pair.provenance.get("headings", ())),
        "recipe": pair.recipe,
        "writer": pair.writer,
        "findings": "; ".join(dict.fromkeys(found)),
        "state": pair.state,
        "split": pair.split,
        "id": place_of(pair),
        "version": pair_hash(pair.prompt, pair.response),
    }


def _xlsx(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Cells as text, so that nothing becomes a formula; drop-down lists where there is a choice."""
    import xlsxwriter

    buffer = io.BytesIO()
    # in_memory: the library would otherwise write the texts to files in the temporary folder
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("pairs")
    head = book.add_format({"bold": True, "bottom": 1})
    ours = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top", "font_color": "#555555"})
    theirs = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top", "bg_color": "#FFFBEA"})
    for column, name in enumerate(COLUMNS):
        sheet.set_column(column, column, _WIDTHS.get(name, 11), None, {"hidden": name in _NEEDED})
        sheet.write_string(0, column, name, head)
    for number, row in enumerate(rows, start=1):
        for column, name in enumerate(COLUMNS):
            sheet.write_string(number, column, row[name], theirs if name in _FILLED_IN else ours)
    for name, choice in (("verdict", list(_VERDICTS)), ("rating", list(_RATINGS))):
        column = COLUMNS.index(name)
        rule = {"validate": "list", "source": choice, "error_title": "Not one of the choices"}
        sheet.data_validation(1, column, max(1, len(rows)), column, rule)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(1, len(rows)), len(COLUMNS) - 1)
    book.close()
    return buffer.getvalue()


# -- reading -------------------------------------------------------------------------------------------


def read_review(vault: Vault, path: Path, *, reason: str = "") -> ReviewOutcome:
    """Take in a sheet that :func:`write_review` wrote and a person filled in; what changed is a decision by them.

    A sheet with a mistake in it changes nothing. Rows of pairs that are gone or were written anew are set aside.

    Raises:
        InputError: the file cannot be read, a column was renamed or is missing, or a cell cannot be what it says.
    """
    reason = reason.strip() or f"filled in on the sheet {path.name}"
    table, notices = read_rows(path, sheet="pairs", command="foretune pairs review", cell=_cell)
    lossy = is_windows_1252(path)
    names = _columns(path, table[0] if table else [], notices)
    present = {place_of(pair): pair for pair in _reviewable(vault)}
    held = standing(vault)
    made: list[PairDecision] = []
    aside: list[ReviewRow] = []
    problems: list[str] = []
    decided = unchanged = 0
    for number, cells in enumerate(table[1:], start=2):
        row = dict(zip(names, [*cells, *[""] * len(names)], strict=False))
        if not any(cells):
            continue
        pair = present.get(row["id"])
        if pair is None:
            aside.append(ReviewRow(number, row.get("source", ""), "the pair is no longer there"))
            continue
        if row["version"] != pair_hash(pair.prompt, pair.response):
            why = "the pair was written anew after the sheet: look at it again on a new one"
            aside.append(ReviewRow(number, row.get("source", ""), why))
            continue
        row |= {name: _typed(row[name], getattr(pair, name), lossy=lossy) for name in _TEXTS if name in row}
        if why := next((why for name in _TEXTS if (why := _not_whole(name, row, pair, lossy=lossy))), ""):
            aside.append(ReviewRow(number, row.get("source", ""), why))
            continue
        if problem := _problem(row):
            problems.append(f"row {number} ({row.get('source', '')}), {problem}")
            continue
        known = held[row["id"]].verdict if row["id"] in held else None
        new = list(_decisions(row, pair, known.kind if known else None, reason))
        made += new
        decided, unchanged = decided + bool(new), unchanged + (not new)
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise InputError(f"{path.name} was not taken in: {'; '.join(problems[:5])}{more}.")
    decide(vault, made)
    count = {kind: sum(each.kind is kind for each in made) for kind in PairDecisionKind}
    return ReviewOutcome(
        count[PairDecisionKind.KEEP],
        count[PairDecisionKind.REJECT],
        count[PairDecisionKind.RATE],
        count[PairDecisionKind.REWRITE],
        decided,
        unchanged,
        tuple(aside),
        tuple(notices),
    )


def _problem(row: Mapping[str, str]) -> str:
    verdict, rating = row.get("verdict", "").casefold(), row.get("rating", "")
    if verdict and verdict not in _VERDICTS:
        return f"verdict: “{verdict[:40]}” is neither keep nor reject"
    if rating and rating not in _RATINGS:
        return f"rating: “{rating[:40]}” is no number from 1 to 5"
    if not row.get("prompt", "x") or not row.get("response", "x"):
        return "prompt and response cannot be empty: to leave the pair out, write reject under verdict"
    return ""


def _decisions(
    row: Mapping[str, str], pair: Pair, known: PairDecisionKind | None, reason: str
) -> Iterator[PairDecision]:
    """What the row changes."""
    because = row.get("note", "").strip() or reason
    place, prompt, response = place_of(pair), row.get("prompt", pair.prompt), row.get("response", pair.response)
    if (prompt, response) != (pair.prompt, pair.response):
        version = pair_hash(pair.prompt, pair.response)
        yield PairDecision(
            pair.document_id, place, PairDecisionKind.REWRITE, because, version, prompt.strip(), response.strip()
        )
        prompt, response = prompt.strip(), response.strip()
    version = pair_hash(prompt, response)
    verdict = _VERDICTS.get(row.get("verdict", "").casefold())
    if verdict is not None and verdict is not known:
        yield PairDecision(pair.document_id, place, verdict, because, version)
    rating = row.get("rating", "")
    if rating and rating != str(pair.provenance.get("rating", "")):
        yield PairDecision(pair.document_id, place, PairDecisionKind.RATE, because, version, rating=int(rating))


def _typed(cell: str, text: str, *, lossy: bool) -> str:
    """What a person made of the text; the text itself where only a spreadsheet program has been at it."""
    shown = _line_ends(in_cell(text))
    # A CSV that Excel saved as a workbook still has its guards.
    if _line_ends(cell) in (shown, _line_ends(guarded(text))) or (lossy and _same_but_lost(_line_ends(cell), shown)):
        return text
    return cell if text.startswith("'") or guarded(text) == text else unguarded(cell)


def _not_whole(name: str, row: Mapping[str, str], pair: Pair, *, lossy: bool) -> str:
    """Why a text that a person changed cannot be taken in; empty where it can be."""
    text: str = getattr(pair, name)
    cell = row.get(name, text)
    if cell == text:
        return ""
    if may_be_cut(cell) or in_cell(text) != text:
        return (
            f"its {name} is longer than a cell holds, so nobody can say what was changed: write the sheet anew and "
            "leave this cell as it is, or change the document"
        )
    if lossy and not _in_windows_1252(text):
        return (
            f"its {name} has characters that Windows-1252 lacks, and Excel has replaced them: save the sheet as .xlsx "
            "or as “CSV UTF-8”"
        )
    return ""


def _same_but_lost(cell: str, text: str) -> bool:
    """Whether they differ only where the text has what Windows-1252 lacks, whatever stands there instead.

    Excel counts in units of UTF-16, so that two characters stand for one beyond U+FFFF; others write one.
    """
    for beyond in (2, 1):
        kept = [
            each if _in_windows_1252(each) else "" for each in text for _ in range(beyond if each > "\uffff" else 1)
        ]
        if len(kept) == len(cell) and all(one in ("", other) for one, other in zip(kept, cell, strict=True)):
            return True
    return False


def _in_windows_1252(text: str) -> bool:
    return text == text.encode("cp1252", "replace").decode("cp1252", "replace")


def _line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _columns(path: Path, head: Sequence[str], notices: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in head]
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise InputError(f"{path.name} has two columns called {' and '.join(repeated)}: keep one of each.")
    extra = [name for name in names if name and name not in COLUMNS]
    absent = [name for name in COLUMNS if name not in names]
    if needed := [name for name in _NEEDED if name in absent]:
        raise InputError(
            f"{path.name} has no column {' and no column '.join(needed)}, so nothing says which pairs its rows are "
            "about: write a new sheet with --out and copy your changes into it."
        )
    guesses = {name: next(iter(difflib.get_close_matches(name, absent, 1, 0.6)), "") for name in extra}
    renamed = [f"“{name}” may be “{meant}”" for name, meant in guesses.items() if meant]
    if renamed:
        raise InputError(
            f"{path.name} was not taken in, because a column seems to be renamed ({', '.join(renamed)}): give it back "
            "its name, or delete it."
        )
    if extra:
        notices.append(f"Columns that are not ours were left out: {', '.join(extra)}.")
    return names


def _cell(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
