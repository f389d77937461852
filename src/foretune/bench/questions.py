"""The bench's questions: a CSV or JSON Lines file that opens in a spreadsheet or an editor.

Columns: ``id question answer kind`` and, optionally, ``aliases source evidence
paraphrase note``. In a CSV several aliases are separated by ``" | "``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select

from foretune.errors import InputError
from foretune.types import Question, digest
from foretune.vault import Vault
from foretune.vault import tables as t

__all__ = ["KINDS", "load_questions", "questions_digest", "read_questions", "stored_questions", "write_questions_csv"]

KINDS = ("number", "name", "yesno", "list", "free", "unanswerable")
_REQUIRED = ("id", "question", "answer", "kind")
_COLUMNS = (*_REQUIRED, "aliases", "source", "evidence", "paraphrase", "note")
_ALIASES = " | "


def read_questions(path: Path) -> list[Question]:
    """Read a questions file; the suffix decides how (``.csv``, ``.jsonl``).

    Raises:
        InputError: no such file, missing columns, an unknown kind, an empty or repeated id; with the line.
    """
    if not path.exists():
        raise InputError(
            f"There are no bench questions at {path}: write the file (columns {', '.join(_COLUMNS)}), "
            "or name another in foretune.toml under purpose.questions."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: save it as “CSV UTF-8” and try again.") from None
    rows = list(_jsonl(path, text) if path.suffix.lower() in (".jsonl", ".ndjson") else _csv(path, text))
    questions = [_question(path, line, row) for line, row in rows]
    seen: dict[str, int] = {}
    for (line, _), question in zip(rows, questions, strict=True):
        if question.id in seen:
            raise InputError(
                f"{path}, line {line}: the id {question.id} is also on line {seen[question.id]}: make it unique."
            )
        seen[question.id] = line
    if not questions:
        raise InputError(f"{path} holds no questions: add at least one row.")
    return questions


def _csv(path: Path, text: str) -> Iterable[tuple[int, dict[str, Any]]]:
    sample = text.split("\n", 1)[0]
    delimiter = ";" if sample.count(";") > sample.count(",") else ","  # spreadsheets of half of Europe write semicolons
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    _check_columns(path, reader.fieldnames or ())
    for row in reader:
        cells = {key.strip(): (value or "").strip() for key, value in row.items() if isinstance(key, str)}
        if any(cells.values()):
            aliases = cells.get("aliases", "")
            yield (
                reader.line_num,
                {**cells, "aliases": [a.strip() for a in aliases.split(_ALIASES.strip()) if a.strip()]},
            )


def _jsonl(path: Path, text: str) -> Iterable[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: this is not JSON ({error}).") from None
        if not isinstance(row, dict):
            raise InputError(
                f"{path}, line {number}: each line is to be a JSON object with the columns {', '.join(_COLUMNS)}."
            )
        _check_columns(path, row, line=number)
        yield number, row


def _check_columns(path: Path, columns: Iterable[str], *, line: int | None = None) -> None:
    have = {column.strip() for column in columns if column}
    if missing := [column for column in _REQUIRED if column not in have]:
        where = f", line {line}" if line else ""
        raise InputError(
            f"{path}{where} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}: "
            f"a questions file needs {', '.join(_REQUIRED)}."
        )


def _question(path: Path, line: int, row: Mapping[str, Any]) -> Question:
    text = {name: str(row.get(name) or "").strip() for name in _COLUMNS if name != "aliases"}
    for name in ("id", "question", "kind"):
        if not text[name]:
            raise InputError(f"{path}, line {line}: the column {name} is empty.")
    if text["kind"] not in KINDS:
        raise InputError(f"{path}, line {line}: the kind is {text['kind']!r}; it can be {', '.join(KINDS)}.")
    if text["kind"] != "unanswerable" and not text["answer"]:
        raise InputError(f"{path}, line {line}: the answer is empty; write it, or make the kind unanswerable.")
    aliases = row.get("aliases") or []
    if isinstance(aliases, str):
        aliases = [part.strip() for part in aliases.split(_ALIASES.strip())]
    return Question(aliases=tuple(str(alias) for alias in aliases if str(alias).strip()), **text)


def questions_digest(questions: Sequence[Question]) -> str:
    """Identity of a set of questions, in order."""
    return digest([_row(question) for question in questions])


def load_questions(vault: Vault, questions: Sequence[Question]) -> None:
    """Put the questions into the vault, in place of those there."""
    with vault.writing() as connection:
        connection.execute(delete(t.question))
        connection.execute(
            insert(t.question), [{**_row(question), "ordinal": number} for number, question in enumerate(questions)]
        )
        vault.record(connection, "questions.load", questions_digest(questions), {"count": len(questions)})


def stored_questions(vault: Vault) -> list[Question]:
    """The questions in the vault, in the file's order."""
    with vault.reading() as connection:
        rows = connection.execute(select(t.question).order_by(t.question.c.ordinal)).mappings().all()
    return [
        Question(aliases=tuple(row["aliases"]), **{name: row[name] for name in _COLUMNS if name != "aliases"})
        for row in rows
    ]


def write_questions_csv(path: Path, questions: Sequence[Question]) -> None:
    """Write a CSV that opens in a spreadsheet (UTF-8 with byte order mark)."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=_COLUMNS)
        writer.writeheader()
        for question in questions:
            writer.writerow({**_row(question), "aliases": _ALIASES.join(question.aliases)})


def _row(question: Question) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(question, name) for name in _COLUMNS}
    return {**row, "aliases": list(question.aliases)}
