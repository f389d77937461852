"""``foretune index``: passages and embeddings of what changed."""

from __future__ import annotations

import json
from typing import Annotated

import typer

__all__ = ["index"]


def index(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False) -> None:
    """Make the documents searchable: cut them into passages and embed what changed."""
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        summary = project.index(progress=terminal())
    if as_json:
        typer.echo(json.dumps(summary.as_json()))
        return
    typer.echo(f"documents  {summary.documents:>7,}  in {summary.passages:,} passages")
    typer.echo(f"indexed    {summary.indexed:>7,}  {summary.embedded:,} passages embedded in {summary.seconds:,.1f} s")
    typer.echo(f"unchanged  {summary.unchanged:>7,}")
    if summary.removed:
        typer.echo(f"removed    {summary.removed:>7,}")
