"""``foretune review --out`` and ``--in``: the labels of all documents as a spreadsheet, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from foretune.cli.review_tables import plain, terminal_console

if TYPE_CHECKING:
    from foretune.governance.labels_sheet import SheetOutcome

__all__ = ["exchange"]


def exchange(out: Path | None, taken: Path | None, reason: str, *, as_json: bool) -> None:
    """Write the sheet, or take one in.

    Raises:
        InputError: both were asked for.
    """
    from foretune.errors import InputError
    from foretune.project import Project

    if out is not None and taken is not None:
        raise InputError("Give either --out, to write a sheet, or --in, to take one in.")
    with Project.open() as project:
        if out is not None:
            count = project.write_labels(out)
            typer.echo(f"Wrote {out}: {count:,} documents. Fill it in, then: foretune review --in {out}", err=as_json)
        elif taken is not None:
            outcome = project.read_labels(taken, reason=reason)
            if as_json:
                for row in outcome.as_json():
                    typer.echo(json.dumps(row, ensure_ascii=False))
            else:
                _show(outcome)


def _show(outcome: SheetOutcome) -> None:
    console = terminal_console()
    for notice in outcome.notices:
        console.print(plain(notice))
    console.print(
        f"{outcome.rows:,} rows: {len(outcome.changed):,} changed, {outcome.unchanged:,} as they were, "
        f"{len(outcome.set_aside):,} set aside."
    )
    for each in outcome.set_aside:
        console.print(plain(f"  row {each.row}, {each.document}: {each.reason}."))
