"""``foretune review standing``, ``history``, ``rules``, ``reveal`` and ``card``: what holds, and what it comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretune.cli import review_rule_tables as rule_tables
from foretune.cli import review_standing_tables as tables
from foretune.cli.review_tables import printable
from foretune.cli.views import AsJson, CsvFile, HtmlFile, View, show

__all__ = ["register"]


Limit = Annotated[int, typer.Option("--limit", min=0, help="Show at most this many; 0 for all.")]


def register(app: typer.Typer) -> None:
    """Add the commands that show what holds."""
    app.command("standing")(standing)
    app.command("history")(history)
    app.command("rules")(rules)
    app.command("reveal")(reveal)
    app.command("card")(card)


def standing(
    state: Annotated[str, typer.Option("--state", help="included, redacted, excluded or waiting; empty for all.")] = "",
    limit: Limit = 100,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Where each document stands, by whom, since when, and why."""
    from foretune.errors import InputError
    from foretune.governance import State
    from foretune.project import Project

    if state and state not in list(State):
        raise InputError(f"There is no state {state!r}: choose from {', '.join(State)}.")
    with Project.open() as project:
        shown = [each for each in project.standing() if state in ("", each.state)]

    def view() -> View:
        counts = ", ".join(f"{sum(each.state is one for each in shown):,} {one}" for one in State)
        rows = [tables.standing_row(each) for each in shown]
        return View("Where the documents stand", tables.STANDING_COLUMNS, rows, counts)

    show(view, lambda: tables.show_standings(shown, limit), as_json=as_json, csv_file=csv_file, html_file=html_file)


def history(
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Documents; all by default.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """What people decided, oldest first."""
    from foretune.project import Project

    with Project.open() as project:
        made = project.decisions(paths or ())

    def view() -> View:
        rows = [tables.decision_row(each) for each in made]
        return View("What people decided", tables.DECISION_COLUMNS, rows, f"{len(rows):,} decisions, oldest first.")

    show(view, lambda: tables.show_decisions(made, limit), as_json=as_json, csv_file=csv_file, html_file=html_file)


def rules(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and record nothing; show what changes against the last review.")
    ] = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """What each rule of foretune.toml decides; with --dry-run, what a changed rule would change."""
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        if not dry_run:
            project.review(progress=terminal())
        preview = project.preview_rules()

    def view() -> View:
        if dry_run:
            rows = [rule_tables.change_row(each) for each in preview.changes]
            return View(
                "What the changed rules would change", rule_tables.CHANGE_COLUMNS, rows, f"{len(rows):,} documents."
            )
        rows = [rule_tables.rule_row(each) for each in preview.rules]
        return View("What the rules decide", rule_tables.RULE_COLUMNS, rows, f"{len(rows):,} rules, first match wins.")

    def on_terminal() -> None:
        rule_tables.show_rules(preview)
        if not dry_run:
            return
        typer.echo()
        if preview.reviewed:
            rule_tables.show_changes(preview.changes, what="Against the last review, foretune.toml as it is now")
        else:
            typer.echo("There was no review yet to compare with: `foretune review` does one.")

    show(view, on_terminal, as_json=as_json, csv_file=csv_file, html_file=html_file)


def reveal(
    pseudonym: Annotated[str, typer.Argument(help="As it stands in the text: [PERSON-7f3a9c1e].")],
    as_json: AsJson = False,
) -> None:
    """Say what a pseudonym stands for; needs the vault's key and leaves an event."""
    import json

    from foretune.errors import NothingToDoError
    from foretune.governance import reveal as revealed
    from foretune.project import Project

    with Project.open() as project:
        found = revealed(project.vault, pseudonym)
    if as_json:
        typer.echo(json.dumps({"pseudonym": pseudonym, "stands_for": found}, ensure_ascii=False))
    elif not found:
        raise NothingToDoError(
            f"Nothing in this vault has the pseudonym {pseudonym}: it was erased, or has changed since."
        )
    else:
        for text in found:
            typer.echo(printable(text))


def card(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Where to; reports/card by default.", file_okay=False)
    ] = None,
) -> None:
    """Write the data card: what is in, what is out and why, without a word of the documents."""
    from foretune.project import Project

    with Project.open() as project:
        written = project.data_card(out)
    for path in written:
        typer.echo(f"Wrote {path}")
