"""``foretune size``: tokens, memory, time and money of training and of running."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from foretune.plan.sizing import Sizing

__all__ = ["size"]


def size(
    hardware: Annotated[
        str, typer.Option("--hardware", metavar="NAME", help="Where it runs; --list names what is known.")
    ] = "this machine",
    hardware_file: Annotated[
        Path | None,
        typer.Option("--hardware-file", metavar="FILE", help="Your own hardware and prices.", show_default=False),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", metavar="MODEL", help="Another model than the plan's: id, file or folder.")
    ] = "",
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Another plan than the project's.", show_default=False),
    ] = None,
    facts_file: Annotated[
        Path | None,
        typer.Option("--facts", metavar="FILE", help="Facts about documents that are not here.", show_default=False),
    ] = None,
    list_hardware: Annotated[bool, typer.Option("--list", help="The hardware that is known, and its prices.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say what training and running the model takes: tokens, memory, time, and money where a price is known."""
    from foretune.plan import read_answers, settle
    from foretune.plan.advice import read_facts
    from foretune.plan.sizing import known_hardware
    from foretune.project import Project
    from foretune.project.sizing import size_of

    known = known_hardware(hardware_file)
    if list_hardware:
        for entry in known.values():
            price = f"{entry.price_per_hour:g} {entry.currency} an hour" if entry.price_per_hour is not None else ""
            dated = f" ({entry.price_date}, {entry.price_source})" if price else "no price"
            typer.echo(f"{entry.name}: {entry.memory / 1e9:.0f} GB, {price}{dated}. {entry.cited}")
        return
    if plan_file and facts_file:
        config, facts = settle(read_answers(plan_file)), read_facts(facts_file)
    else:
        with Project.open() as project:
            config = settle(read_answers(plan_file)) if plan_file else project.config
            facts = read_facts(facts_file) if facts_file else project.facts()
    sizing = size_of(config, facts, model=model, hardware=hardware, known=known)
    if as_json:
        typer.echo(json.dumps(sizing.as_json(), ensure_ascii=False, default=str))
    else:
        _show(sizing)


def _show(sizing: Sizing) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"[bold]{sizing.model}[/], {sizing.parameters / 1e6:,.0f} M parameters, on [bold]{sizing.hardware}[/] "
        f"({'; '.join(filter(None, (_gb(sizing.memory), sizing.source)))})",
        soft_wrap=True,
    )
    if sizing.corpus_tokens:
        console.print(f"The documents hold about {sizing.corpus_tokens:,} tokens.\n")
    else:
        console.print("No document is included yet: how long training takes cannot be told.\n")
    table = _table(Table, "training", "tokens", "memory", "fits", "time", "money")
    for row in sizing.training:
        seconds, spent = (row.seconds, row.money) if row.tokens else (None, None)
        time = row.note or _duration(seconds)
        money = _money(spent, sizing.currency)
        table.add_row(row.method, f"{row.tokens:,}", _gb(row.memory), _yes(row.fits), time, money)
    console.print(table, "")
    table = _table(Table, "running", "weights", "memory", "fits", "tokens a second")
    for each in sizing.inference:
        speed = f"{each.tokens_per_second:,.0f}" if each.tokens_per_second else "missing"
        table.add_row(each.quantisation, _gb(each.weights), _gb(each.memory), _yes(each.fits), speed)
    console.print(table, "")
    table = _table(Table, "1,000 answers", "tokens read", "written", "time", "money")
    for cost in sizing.answers:
        time = "as fast as the service" if cost.elsewhere else _duration(cost.seconds)
        money = _money(cost.money, sizing.currency)
        table.add_row(cost.arm, f"{cost.tokens_read:,}", f"{cost.tokens_written:,}", time, money)
    console.print(table)
    if sizing.price_per_hour is not None:
        price = f"{sizing.price_per_hour:g} {sizing.currency} an hour, {sizing.price_date}, {sizing.price_source}"
        console.print(f"\n[dim]Price: {price}. Replace it by yours: --hardware-file.[/]", soft_wrap=True)


def _table(kind: type[Table], *headings: str) -> Table:
    table = kind(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for position, heading in enumerate(headings):
        table.add_column(heading, justify="right" if position else "left")
    return table


def _gb(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"


def _yes(fits: bool) -> str:
    return "yes" if fits else "[yellow]no[/]"


def _money(money: float | None, currency: str) -> str:
    return "missing" if money is None else f"{money:,.2f} {currency}".strip()


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "missing"
    for unit, length in (("days", 86_400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.0f} s"


if TYPE_CHECKING:
    from rich.table import Table
