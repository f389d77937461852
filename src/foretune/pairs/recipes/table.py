"""Table and CRM rows: what a row says of what it is about, asked cell by cell.

As table-to-text and its inverse (ToTTo: Parikh et al. 2020, https://arxiv.org/abs/2004.14373): the cell is known, its
row and its column make the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.governance.markup import prose
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.units import Unit
from foretune.types import GovernedDocument

__all__ = ["Row", "rows", "table"]

_RECORD_TYPES = ("text/csv", "spreadsheet", "excel", "tab-separated")
_FIELD = re.compile(r"^(?P<name>[^\s:|][^:|\n]{0,58}):[ \t]+(?P<value>\S.*)$")
_BAR_ROW = re.compile(r"^[ \t]*\|(?P<cells>.+)\|[ \t]*$")
_RULE_ROW = re.compile(r"^[ \t]*\|?[ \t:|-]+\|[ \t:|-]*$")
_LONGEST_KEY = 60
_MOST_CELLS = 8
"""Of a row: who asks wants a few of them, not all forty columns of an export."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: names of the columns and cells, with where it stands."""

    cells: tuple[tuple[str, str], ...]
    start: int
    end: int


@recipe("table")
def table(documents: Sequence[GovernedDocument], _making: Making) -> Iterator[Slot]:
    """The cell of a row, asked for by the row's first cell and the column's name."""
    for document in documents:
        for row in rows(document):
            (first, key), *others = row.cells
            if not key or len(key) > _LONGEST_KEY:
                continue
            unit = Unit(document, "table", row.start, row.end, ())
            for number, (name, value) in enumerate(others[:_MOST_CELLS]):
                prompt = f"What is the {_small(name)} of {_small(first)} {key}?"
                response = f"The {_small(name)} of {_small(first)} {key} is {value.rstrip('.')}."
                yield Slot("table", unit, key=f"cell {number}", rule=Draft(prompt, response), family=unit.id)


def _small(name: str) -> str:
    return name if name.isupper() else name[:1].lower() + name[1:]


def rows(document: GovernedDocument) -> Iterator[Row]:
    """Rows of tables in Markdown, and of documents that are tables (a paragraph of ``column: value`` lines a row)."""
    if any(kind in document.media_type for kind in _RECORD_TYPES):
        yield from _records(document.text)
    else:
        yield from _bars(document.text)


def _records(text: str) -> Iterator[Row]:
    for match in re.finditer(r"(?:^.+(?:\n|\Z))+", text, re.MULTILINE):
        cells = [
            (found["name"], found["value"].strip()) for line in match[0].splitlines() if (found := _FIELD.match(line))
        ]
        if len(cells) >= 2:
            yield Row(tuple(cells), match.start(), match.end())


def _bars(text: str) -> Iterator[Row]:
    header: list[str] = []
    place, before = 0, ""
    for line in text.splitlines(keepends=True):
        bare = line.rstrip("\n")
        if _RULE_ROW.match(bare) and "-" in bare and _BAR_ROW.match(before):
            header = _cells(before)
        elif header and _BAR_ROW.match(bare):
            cells = _cells(bare)
            named = [(name, cell) for name, cell in zip(header, cells, strict=False) if name and cell]
            if len(cells) == len(header) and len(named) >= 2 and named[0] == (header[0], cells[0]):
                yield Row(tuple(named), place, place + len(bare))
        elif not _BAR_ROW.match(bare):
            header = []
        place, before = place + len(line), bare


def _cells(line: str) -> list[str]:
    return [prose(cell) for cell in line.strip().strip("|").split("|")]
