"""``foretune plan``: what is decided, what is still open, and why it matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from foretune.plan import Config
    from foretune.plan.completeness import Completeness

__all__ = ["plan"]

_STYLES = {"given": "", "draft": "dim", "default": "dim", "missing": "yellow"}


def plan(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an entry.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The requirements document, for those who sign it.")
    ] = False,
) -> None:
    """Show the plan: what is decided, what is still open, and why it matters."""
    from foretune.plan import find, load
    from foretune.plan.completeness import completeness
    from foretune.plan.document import markdown

    config = load(find(Path.cwd()))
    if as_markdown:
        typer.echo(markdown(config), nl=False)
    elif as_json:
        for entry in completeness(config).entries:
            row = {name: getattr(entry, name) for name in ("key", "label", "value", "state", "why", "example")}
            typer.echo(json.dumps(row, ensure_ascii=False))
    else:
        _show(config, completeness(config))


def _show(config: Config, entries: Completeness) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from foretune.plan.document import story_sentence
    from foretune.plan.questions import CHAPTERS

    console = Console(highlight=False)
    console.print(f"[bold]{escape(story_sentence(config))}[/]")
    for chapter in CHAPTERS:
        console.print(f"\n[bold]{chapter.title}[/]")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(width=24)
        for entry in entries.entries:
            if entry.section == chapter.section:
                style = _STYLES[entry.state]
                note = f" [dim]({entry.state})[/]" if entry.value and entry.state != "given" else ""
                value = f"[{style}]{escape(entry.value)}[/]" if style else escape(entry.value)
                table.add_row(entry.label, value + note if entry.value else "[yellow]missing[/]")
        console.print(table)
    if entries.missing:
        console.print("\n[bold]Missing, and why it matters[/]")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(width=24)
        for entry in entries.missing:
            table.add_row(entry.key, f"{escape(entry.why)} [dim]For example: {escape(entry.example)}.[/]")
        console.print(table)
    decided, total = len(entries.given), len(entries.entries)
    console.print(f"\n{decided} of {total} entries decided, {len(entries.unconfirmed)} as drafted or by default.")
