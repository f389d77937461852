"""``foretune advise``: retrieval or tuning, and every vote behind it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
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
        bool,
        typer.Option(
            "--check", help="Exit code 1 where the plan is for another arm, or the bench missed it or contradicts."
        ),
    ] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Only the inputs, flipped one at a time, and what each does.")
    ] = False,
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Another plan than the project's.", show_default=False),
    ] = None,
    facts_file: Annotated[
        Path | None,
        typer.Option("--facts", metavar="FILE", help="Facts about documents that are not here.", show_default=False),
    ] = None,
) -> None:
    """Say whether retrieval, tuning, both or neither fits, why, what it costs and what would change it."""
    advice = _advice(plan_file, facts_file)
    if as_json:
        for row in advice.changes if sensitivity else ():
            typer.echo(json.dumps(asdict(row), ensure_ascii=False))
        if not sensitivity:
            typer.echo(json.dumps(advice.as_json(), ensure_ascii=False))
    elif sensitivity:
        _sensitivity(advice)
    else:
        _show(advice)
    if check:
        _check(advice)


def _advice(plan_file: Path | None, facts_file: Path | None) -> Advice:
    from foretune.plan import read_answers, settle
    from foretune.plan.advice import advise, read_facts
    from foretune.plan.contradictions import require_consistent

    config = settle(read_answers(plan_file)) if plan_file else None
    if config and facts_file:
        require_consistent(config)
        return advise(config, read_facts(facts_file))
    from foretune.project import Project

    with Project.open() as project:
        require_consistent(config or project.config)
        return project.advice(config=config, facts=read_facts(facts_file) if facts_file else None)


def _check(advice: Advice) -> None:
    from foretune.plan.advice import Verdict

    if advice.planned_arm is not advice.arm:
        raise ThresholdMissed(
            f"The plan's thresholds are for the arm {advice.planned_arm}, the advice is the arm {advice.arm}: "
            "change performance.arm in foretune.toml, or what the advice rests on."
        )
    if advice.review and advice.review.verdict is Verdict.WRONG:
        raise ThresholdMissed(advice.review.sentence)
    if advice.missed:
        raise ThresholdMissed(" ".join(advice.missed))


def _sensitivity(advice: Advice) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("input", "now", "then", "advice"):
        table.add_column(name)
    for change in advice.changes:
        cells = (change.input, change.now, change.then, change.recommendation if change.flips else "the same")
        table.add_row(*(Text(cell, style="bold" if change.flips else "dim") for cell in cells))
    console = Console(highlight=False)
    console.print(Text(advice.headline, style="bold"), "", table, sep="\n")


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
    for sentence in advice.missed:
        console.print(f"[yellow]{escape(sentence)}[/]")
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
        text = f"{escape(reason.fact)} {escape(reason.principle)}\n[dim]{escape(str(reason.source))}[/]"
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
