"""``foretune advise``: retrieval or tuning, and every vote behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.errors import ThresholdMissed

if TYPE_CHECKING:
    from rich.console import Console

    from foretune.plan.advice import Advice

__all__ = ["advise"]


def advise(
    as_json: Annotated[bool, typer.Option("--json", help="The advice as one JSON object.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 where the plan is for another arm, or the bench contradicts.")
    ] = False,
) -> None:
    """Say whether retrieval, tuning, both or neither fits, why, what it costs and what would change it."""
    from foretune.project import Project

    with Project.open() as project:
        advice = project.advice()
    if as_json:
        typer.echo(json.dumps(advice.as_json(), ensure_ascii=False))
    else:
        _show(advice)
    if check:
        _check(advice)


def _check(advice: Advice) -> None:
    from foretune.plan.advice import Verdict

    if advice.planned_arm is not advice.arm:
        raise ThresholdMissed(
            f"The plan's thresholds are for the arm {advice.planned_arm}, the advice is the arm {advice.arm}: "
            "change performance.arm in foretune.toml, or what the advice rests on."
        )
    if advice.review and advice.review.verdict is Verdict.WRONG:
        raise ThresholdMissed(advice.review.sentence)


def _show(advice: Advice) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"[bold]{escape(advice.headline)}[/]")
    if advice.close:
        console.print("[yellow]A close call: one more reason either way would turn it.[/]")
    if advice.review:
        console.print(f"\n[bold]After the bench: {advice.review.verdict}.[/] {escape(advice.review.sentence)}")
        for sentence in advice.review.comparisons:
            console.print(f"  [dim]{escape(sentence)}[/]")
    _votes(console, advice)
    if advice.tradeoffs:
        _tradeoffs(console, advice)
    console.print("\n[bold]What would change it[/]")
    for change in advice.what_would_change:
        console.print(f"  {escape(str(change))}")
    same = dict.fromkeys(change.input for change in advice.changes)
    for change in advice.what_would_change:
        same.pop(change.input, None)
    if same:
        console.print(f"  [dim]Alone, these would not: {escape(', '.join(same))}.[/]")
    if advice.unknown:
        console.print(f"\n[dim]Not known, and not counted: {escape(', '.join(advice.unknown))}.[/]")


def _votes(console: Console, advice: Advice) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Why")
    table.add_column("retrieval", justify="right", no_wrap=True)
    table.add_column("tuning", justify="right", no_wrap=True)
    for reason in advice.reasons:
        text = f"{escape(reason.fact)} {escape(reason.principle)}\n[dim]{escape(reason.source.title)}[/]"
        table.add_row(
            text,
            "ruled out" if "retrieval" in reason.blocks else _points(reason.retrieval),
            "ruled out" if "tuning" in reason.blocks else _points(reason.tuning),
        )
    totals = (advice.retrieval, "retrieval"), (advice.tuning, "tuning")
    table.add_row(
        f"[bold]Together[/] [dim](recommended from {advice.threshold:g})[/]",
        *(
            "[bold]ruled out[/]" if name in advice.blocked else f"[bold]{_points(points) or 0}[/]"
            for points, name in totals
        ),
    )
    console.print()
    console.print(table)


def _points(points: float) -> str:
    return f"{points:+g}" if points else ""


def _tradeoffs(console: Console, advice: Advice) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", "a prompt", "retrieval", "tuning", "both"):
        table.add_column(name)
    for row in advice.tradeoffs:
        table.add_row(Text(row.aspect, style="bold"), *map(Text, (row.prompt, row.retrieval, row.tuning, row.both)))
    console.print()
    console.print(table)
