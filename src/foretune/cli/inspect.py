"""``foretune inspect``: what is wrong with files and rows, without a project; nothing is kept."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foretune.governance.inspect import Inspection, Totals
    from foretune.plan.config import Config

__all__ = ["Paths", "Processes", "Runner", "inspect", "nothing_kept", "say_set_aside"]

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH...",
        help="Files, folders, or rows with a text (and id, title, author, date …) in .jsonl or .parquet; "
        "of an object store as s3://bucket/folder.",
        show_default=False,
    ),
]
Processes = Annotated[
    int, typer.Option("--processes", min=0, help="Processes that share the work; 0: one a core.", show_default=False)
]
Runner = Annotated[
    str, typer.Option("--runner", help="Who does the work: local, or ray (a cluster: see docs/inspect.md).")
]
_SHOWN = 3
"""Findings of each check that are shown to people."""
_OF_ALL = 10
"""... and of what is said about all documents together."""


def inspect(
    paths: Paths,
    checks: Annotated[
        str, typer.Option("--checks", help="Names, separated by commas; all by default.", show_default=False)
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One finding a line, as JSON.")] = False,
    clean: Annotated[
        Path | None,
        typer.Option(
            "--clean", help="Write repaired documents here, one of each group of copies: .jsonl, .parquet or a folder."
        ),
    ] = None,
    set_aside: Annotated[
        Path | None, typer.Option("--set-aside", help="Write the others here, with reasons: .jsonl or .parquet.")
    ] = None,
    without_boilerplate: Annotated[
        bool,
        typer.Option(
            "--without-boilerplate", help="Leave lines that repeat across documents out of what --clean writes."
        ),
    ] = False,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", help="Use the settings of this foretune.toml; the options below come before it."),
    ] = None,
    languages: Annotated[
        str, typer.Option("--languages", help="Languages you expect (en,de); en by default.", show_default=False)
    ] = "",
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="What the documents have to cover; repeatable (sufficiency).")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option("--questions", help="Questions that they should answer: .csv or .jsonl (sufficiency)."),
    ] = None,
    withdrawn: Annotated[
        list[str] | None,
        typer.Option("--withdrawn", help="Name of what is no longer offered or allowed; repeatable (stale)."),
    ] = None,
    today: Annotated[
        datetime | None,
        typer.Option(
            "--today", formats=["%Y-%m-%d"], help="The day that dates are held against; today by default (stale)."
        ),
    ] = None,
    processes: Processes = 0,
    runner: Runner = "local",
) -> None:
    """Find what is wrong with documents where they lie. Needs no project and keeps nothing."""
    import sys

    from foretune.cli.progress import terminal
    from foretune.governance.checks import notices
    from foretune.governance.inspect import inspect as inspected
    from foretune.governance.inspect import settings_of

    settings = settings_of(
        _plan(plan),
        languages=[code.strip().lower() for code in languages.split(",") if code.strip()],
        topics=topics or (),
        withdrawn=withdrawn or (),
        questions=_questions(questions),
        today=today.date() if today else None,
    )
    chosen = [name.strip() for name in checks.split(",") if name.strip()] or None
    with nothing_kept():
        inspection = inspected(
            paths,
            checks=chosen,
            settings=settings,
            clean=clean,
            set_aside=set_aside,
            without_boilerplate=without_boilerplate,
            processes=processes or None,
            runner=runner,
            progress=terminal(),
        )
    if as_json:
        write = sys.stdout.buffer.write
        for line in inspection.lines():
            write(line)
            write(b"\n")
        sys.stdout.buffer.flush()
    else:
        _show(inspection)
    say_set_aside(inspection.totals)
    for notice in notices(inspection.checks):
        typer.echo(notice, err=True)
    if written := inspection.written:
        typer.echo(
            f"{written.clean:,} clean ({written.repaired:,} texts repaired), "
            f"{written.duplicates:,} left out as copies, {written.unreadable:,} could not be read.",
            err=True,
        )


def _plan(path: Path | None) -> Config | None:
    from foretune.plan.toml import PLAN, load

    return None if path is None else load(path / PLAN if path.is_dir() else path)


def _questions(path: Path | None) -> list[str]:
    from foretune.bench.questions import read_questions

    return [] if path is None else [each.question for each in read_questions(path) if each.kind != "unanswerable"]


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Say what Ctrl-C came to."""
    from foretune.errors import Stopped

    try:
        yield
    except KeyboardInterrupt:
        raise Stopped("Stopped: nothing was written; run the command again to start over.") from None


def say_set_aside(totals: Totals) -> None:
    """On standard error: what was not read, and why."""
    if not totals.set_aside:
        return
    from foretune.cli.review_tables import plain

    typer.echo(f"{totals.set_aside:,} set aside:", err=True)
    for reason, count in totals.reasons.most_common(5):
        example = next((name for name, why in totals.examples if why == reason), "")
        typer.echo(f"  {count:,}: {reason}{f' ({plain(example)})' if example else ''}", err=True)


def _show(inspection: Inspection) -> None:
    import json
    from itertools import islice

    from rich.table import Table

    from foretune.cli.review_tables import EXCERPT, QUOTE, excerpt, plain, severity_shown, terminal_console

    console = terminal_console()
    totals = inspection.totals
    found = totals.findings.total()
    console.print(f"{totals.documents:,} documents, {totals.characters:,} characters: {found:,} findings.\n")
    for check in inspection.checks:
        counts = {kind: n for (name, kind, _), n in totals.findings.most_common() if name == check}
        if not counts:
            console.print(f"[green]✓[/] [bold]{check}[/]: nothing found")
            continue
        kinds = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in counts.items())
        console.print(f"[bold]{check}[/]: {kinds}")
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=1)
        rows = enumerate(map(json.loads, islice(inspection.lines(check), _OF_ALL)))
        for row in (row for number, row in rows if number < _SHOWN or row["document"] is None):
            document = row["document"] or "all documents"
            place = f"{document}:{row['start']}" if row["start"] is not None else document
            table.add_row(severity_shown(row["severity"]), plain(place))
            table.add_row("", plain(row["message"]))
            if row["text"]:
                table.add_row("", excerpt(row["text"], most=QUOTE if row["related"] else EXCERPT))
            for other in row["related"]:
                if other["text"]:
                    table.add_row("", plain(other["document"]))
                    table.add_row("", excerpt(other["text"], most=QUOTE))
        console.print(table)
    if found:
        console.print("\nAll of them: --json. Of some checks only: --checks a,b.", style="dim")
