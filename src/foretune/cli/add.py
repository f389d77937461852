"""``foretune add``: files and folders into the vault, and what became of each."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.errors import InputError
from foretune.types import Label

if TYPE_CHECKING:
    from foretune.corpus import AddOutcome

__all__ = ["add", "as_row", "show_outcomes"]

_SHOWN = 8
"""Files named under one reason; the others are counted (``--json`` names all)."""


def add(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders.", show_default=False)],
    label: Annotated[
        Label | None, typer.Option(help="How sensitive they are; without it, corpus.label of foretune.toml.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was erased before.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and read and index every change as it happens.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Read documents; a second time, only what changed, and notice what is gone.

    What cannot be read is set aside with the reason. Hidden files, what corpus.exclude names and the project's own
    files are passed over.
    """
    from foretune.cli.progress import terminal
    from foretune.project import Project

    if watch:
        if again:
            raise InputError("What was erased is read again once, not watched for: leave out --again or --watch.")
        _watch(paths, label, as_json=as_json)
        return
    outcomes: list[AddOutcome] = []
    with Project.open() as project:
        for outcome in project.add(paths, label=label, again=again, progress=terminal()):
            if as_json:
                typer.echo(as_row(outcome))
            else:
                outcomes.append(outcome)
    if not as_json:
        show_outcomes(outcomes)


def _watch(paths: list[Path], label: Label | None, *, as_json: bool) -> None:
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        for fresh in project.watch(paths, label=label, progress=terminal()):
            one = fresh.outcome
            if one is None:
                typer.echo("Watching. Press Ctrl-C to stop.", err=True)
            elif as_json:
                typer.echo(as_row(one))
            elif one.outcome != "unchanged":
                standing = f", {fresh.standing}" if fresh.standing else ""
                typer.echo(
                    f"{one.outcome.replace('_', ' '):<10} {one.path}{standing}"
                    + (f" ({one.reason})" if one.reason else "")
                )
            sys.stdout.flush()


def as_row(outcome: AddOutcome) -> str:
    """What became of a file as a line of JSON."""
    row = {"path": outcome.path, "outcome": outcome.outcome, "reason": outcome.reason, "source": outcome.source}
    return json.dumps(row, ensure_ascii=False)


def show_outcomes(outcomes: Sequence[AddOutcome]) -> None:
    """Counts of outcomes, and the reasons of those that were set aside or read in part."""
    from rich.console import Console
    from rich.markup import escape
    from rich.padding import Padding

    console = Console(highlight=False)
    counts = Counter(outcome.outcome for outcome in outcomes)
    for name in ("added", "changed", "unchanged", "removed", "set_aside"):
        if counts[name] or name == "added":
            console.print(f"{name.replace('_', ' '):<10} {counts[name]:>7,}")
    for title, chosen in (
        ("Set aside", [outcome for outcome in outcomes if outcome.outcome == "set_aside"]),
        ("Read, but", [outcome for outcome in outcomes if outcome.outcome in ("added", "changed") and outcome.reason]),
    ):
        reasons = defaultdict(list)
        for outcome in chosen:
            reasons[outcome.reason].append(outcome.path)
        if reasons:
            console.print(f"\n[bold]{title}[/]")
        for reason, files in sorted(reasons.items(), key=lambda item: -len(item[1])):
            console.print(Padding(f"[yellow]{escape(reason)}[/]", (0, 0, 0, 2), expand=False))
            named = [*files[:_SHOWN], *([f"and {len(files) - _SHOWN:,} more"] if len(files) > _SHOWN else [])]
            for file in named:
                console.print(Padding(f"[dim]{escape(file)}[/]", (0, 0, 0, 6), expand=False))
    if not any(counts[name] for name in ("added", "changed", "unchanged")):
        console.print("\nThere is no document in it.")
