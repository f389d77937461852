"""``foretune pairs``: the spreadsheet of prompts whose answers are the documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from foretune.cli import pairs_formats
from foretune.cli.pairs_review import judge, leaks, recipes, review, variety

__all__ = ["app"]

app = typer.Typer(help="Write the prompt for which each document is the answer.")
pairs_formats.register(app)


@app.callback(invoke_without_command=True)
def pairs(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON.")] = False,
) -> None:
    """Write pairs for what changed, and the spreadsheet of all of them."""
    if context.invoked_subcommand:
        return
    from rich.console import Console

    from foretune.cli.progress import terminal
    from foretune.pairs import export_pairs, stored_pairs
    from foretune.project import Project

    with Project.open() as project:
        summary = project.write_pairs(progress=terminal())
        exported = export_pairs(stored_pairs(project.vault), project.folder / "reports")
    files = [each.path for each in exported]
    if as_json:
        typer.echo(json.dumps({**summary.as_json(), "files": [str(path) for path in files]}, ensure_ascii=False))
        return
    console = Console(highlight=False)
    console.print(
        f"{summary.kept} pairs: {summary.train} to train on, {summary.evaluation} kept for evaluation; "
        f"{summary.written} written now, {summary.dropped} dropped."
    )
    if len(summary.recipes) > 1:
        console.print("  kept: " + ", ".join(f"{count} {recipe}" for recipe, count in summary.recipes.items()))
    for reason, count in summary.reasons.items():
        console.print(f"  dropped: {count} × {reason}", markup=False)
    if summary.set_aside:
        console.print(f"  set aside: {summary.set_aside} that the engine could not write")
    if not summary.evaluation and summary.train:
        console.print(
            "[yellow]Nothing is left for evaluation: add documents that are not near-duplicates of each other, or "
            "raise pairs.evaluation_fraction.[/]"
        )
    if summary.template_share > 0.2:
        console.print(
            f"[yellow]{summary.template_share:.0%} of the prompts are the template's, because the engine's own failed "
            "the checks: a larger model (engine.model) writes better ones.[/]"
        )
    for notice in filter(None, (each.notice for each in exported)):
        console.print(notice, markup=False)
    console.print(
        "Written: "
        + ", ".join(
            str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path) for path in files
        )
    )


for verb in (review, leaks, variety, judge, recipes):
    app.command(verb.__name__)(verb)
