"""``foretune run``, ``status`` and ``report``: the whole road, as far as it is stale."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foretune.project.stages import StageState

__all__ = ["report", "run", "status"]

_MARKS = {"done": "[green]done[/]", "stale": "[yellow]stale[/]", "new": "[yellow]new[/]", "skipped": "[dim]skipped[/]"}


def run(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a stage.")] = False) -> None:
    """Do every stage that is stale, in order, and write the report."""
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        stages = project.run(progress=terminal())
        path = project.folder / "reports" / "report.html"
    _show(stages, as_json=as_json)
    if not as_json:
        typer.echo(f"The report: {path}")


def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a stage.")] = False) -> None:
    """What is up to date and what is stale."""
    from foretune.project import Project

    with Project.open() as project:
        _show(project.status(), as_json=as_json)


def report() -> None:
    """Write the report: one HTML file with everything in it."""
    from foretune.project import Project

    with Project.open() as project:
        typer.echo(str(project.report()))


def _show(stages: Sequence[StageState], *, as_json: bool) -> None:
    if as_json:
        for stage in stages:
            typer.echo(json.dumps({"stage": stage.name, "state": stage.state, "why": stage.why}, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    for stage in stages:
        table.add_row(stage.name, _MARKS[stage.state], f"[dim]{escape(stage.why)}[/]")
    Console(highlight=False).print(table)
