"""A view of the review, for wherever it is read: JSON Lines, a spreadsheet, one page for a browser, or the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from foretune.pages import templates

__all__ = ["AsJson", "CsvFile", "HtmlFile", "View", "show"]

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
CsvFile = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write it as a table for a spreadsheet.", dir_okay=False)
]
HtmlFile = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page for a browser.", dir_okay=False)
]

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """Rows with a title; ``columns`` are the keys of every row, in order."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str = ""
    """A sentence that says what it comes to."""


def show(
    view: Callable[[], View],
    on_terminal: Callable[[], None],
    *,
    as_json: bool,
    csv_file: Path | None,
    html_file: Path | None,
) -> None:
    """Print or write the view in the form that was asked for; without one, on the terminal."""
    if csv_file is None and html_file is None and not as_json:
        on_terminal()
        return
    made = view()
    if as_json:
        for row in made.rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
    for file, encode in ((csv_file, _csv), (html_file, _html)):
        if file is not None:
            _write(file, encode(made))
            typer.echo(f"Wrote {len(made.rows):,} row{'' if len(made.rows) == 1 else 's'} to {file}", err=as_json)


def _write(file: Path, content: bytes) -> None:
    from foretune.errors import InputError
    from foretune.files import replacing

    try:
        with replacing(file) as draft:
            draft.write_bytes(content)
    except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError) as error:
        raise InputError(f"{file} cannot be written ({error.strerror}): choose a file in another folder.") from None


def _csv(view: View) -> bytes:
    from foretune.spreadsheets import csv_table

    return csv_table(view.columns, ([_cell(row[column]) for column in view.columns] for row in view.rows))


def _cell(value: Any) -> str | float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else _words(value)


def _words(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_words, value))
    return str(value)


def _for_people(column: str, value: Any) -> str:
    return str(value or "")[:16].replace("T", " ") if column == "at" else _words(value)


def _html(view: View) -> bytes:
    environment = templates("foretune.cli")
    used = [column for column in view.columns if any(_words(row[column]) for row in view.rows)]
    return (
        environment.get_template("view.html.j2")
        .render(
            title=view.title,
            note=view.note,
            columns=used or view.columns,
            rows=[[_for_people(column, row[column]) for column in used] for row in view.rows],
        )
        .encode("utf-8", "replace")
    )
