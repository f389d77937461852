"""``foretune sync``: the sources that the plan declares, and what became of each file, message or row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from foretune.corpus import AddOutcome

__all__ = ["sync"]


def sync(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these sources.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")] = False,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Remove all of a source that has nothing any more.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, message or row.")] = False,
) -> None:
    """Bring the documents up to date with the sources of the plan: folders, mailboxes, tables, Git, mail servers.

    Only what changed is read. What is gone there goes here, with all that was made from it; a source that cannot be
    reached loses nothing.
    """
    from foretune.cli.add import as_row, show_outcomes
    from foretune.cli.progress import terminal
    from foretune.project import Project

    outcomes: list[AddOutcome] = []
    try:
        with Project.open() as project:
            for outcome in project.sync(names or [], dry_run=dry_run, allow_empty=allow_empty, progress=terminal()):
                if as_json:
                    typer.echo(as_row(outcome))
                else:
                    outcomes.append(outcome)
    finally:
        if outcomes:
            show_outcomes(outcomes)
    if dry_run and not as_json:
        typer.echo("Nothing was changed: this was a dry run.")
