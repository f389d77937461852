"""Dated public facts, and whether an answer says one.

``facts.csv`` is built by ``scripts/probe_facts.py`` from records that packages ship; every row names its own.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import groupby
from pathlib import Path

from foretune.errors import InputError
from foretune.evidence import dates

__all__ = ["DatedFact", "chosen", "read_facts", "says"]

COLUMNS = ("date", "group", "question", "answer", "source")
"""Of a file of facts: the first day the answer could be known, what kind of record, and where it was read."""


@dataclass(frozen=True, slots=True)
class DatedFact:
    """A question whose answer could not be known before a day."""

    date: date
    group: str
    question: str
    answer: str
    """A name, or a day in ISO 8601."""
    source: str

    @property
    def quarter(self) -> int:
        """Quarters since year 0: neighbours differ by one."""
        return self.date.year * 4 + (self.date.month - 1) // 3

    @property
    def asks_for_day(self) -> bool:
        return _iso(self.answer) is not None


def read_facts(path: Path | None = None) -> tuple[DatedFact, ...]:
    """The facts of a file, oldest first; None takes the packaged one.

    Raises:
        InputError: the file cannot be read, lacks a column, or holds a date that is none; with its line.
    """
    if path is None:
        text = resources.files(__package__).joinpath("facts.csv").read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{path} cannot be read as text: check the path.") from None
    where = str(path or "facts.csv")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if missing := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise InputError(f"{where} lacks the column {missing[0]}: it needs {', '.join(COLUMNS)}.")
    found = []
    for row in reader:
        day = _iso(row["date"] or "")
        if day is None or not row["question"] or not row["answer"]:
            raise InputError(
                f"{where}, line {reader.line_num}: a fact needs its date as 2024-04-25, a question and an answer."
            )
        found.append(DatedFact(day, row["group"] or "", row["question"], row["answer"], row["source"] or ""))
    if not found:
        raise InputError(f"{where} holds no facts: write one a line under {', '.join(COLUMNS)}.")
    return tuple(sorted(found, key=lambda fact: (fact.date, fact.question)))


def chosen(facts: Sequence[DatedFact], *, each_quarter: int, today: date, years: int) -> tuple[DatedFact, ...]:
    """At most so many facts a quarter of the last ``years``, of as many kinds of record as there are.

    Names before days: a model that knows the name often does not know the day.
    """
    kept: list[DatedFact] = []
    recent = [fact for fact in facts if today.year - years <= fact.date.year and fact.date <= today]
    for _, group in groupby(recent, key=lambda fact: fact.quarter):
        by_kind: dict[str, list[DatedFact]] = {}
        for fact in sorted(group, key=lambda fact: (fact.asks_for_day, fact.group, fact.question)):
            by_kind.setdefault(fact.group, []).append(fact)
        rounds = [
            queue[turn]
            for turn in range(max(map(len, by_kind.values())))
            for queue in by_kind.values()
            if turn < len(queue)
        ]
        kept += rounds[:each_quarter]
    return tuple(kept)


def says(answer: str, fact: DatedFact) -> bool:
    """True where an answer names the fact: its day and no other, or its name.

    >>> fact = DatedFact(date(2024, 4, 25), "", "On which day?", "2024-04-25", "")
    >>> says("It was on April 25, 2024.", fact), says("April 2024", fact)
    (True, False)
    """
    wanted = _iso(fact.answer)
    if wanted is None:
        return " ".join(fact.answer.casefold().split()) in " ".join(answer.casefold().split())
    named = {found.iso for found in dates(answer) if found.day is not None and found.first_year is not None}
    return named == {wanted.isoformat()}


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
