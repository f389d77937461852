"""How checks, comparisons and probes of models look: on a terminal, and as one page with pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foretune.plan.probe import Probe
    from foretune.plan.suitability import Suitability

__all__ = ["comparison_page", "show_check", "show_comparison", "show_probe"]

_STYLES = {"refused": "red", "warning": "yellow", "unknown": "dim", "good": "green"}
_COLUMNS = ("verdict", "parameters", "context", "quantisation", "licence", "root", "domain", "runs at", "tuned by")


def show_check(found: Suitability) -> None:
    """The verdict and every remark."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text.assemble((found.model.name, "bold"), f": {found.verdict}"), "")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column()
    table.add_column(overflow="fold")  # an address is of use only whole
    for remark in found.remarks:
        text = Text(remark.sentence)
        if remark.source:
            text.append(f"\n{remark.source}", style="dim")
        table.add_row(Text(remark.grade, style=_STYLES[remark.grade]), Text(remark.about), text)
    console.print(table)


def show_comparison(found: Sequence[Suitability]) -> None:
    """One column a model."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    for each in found:
        table.add_column(Text(each.model.name))
    cells = [_cells(each) for each in found]
    for name in _COLUMNS:
        table.add_row(Text(name, style="bold"), *(Text(row[name]) for row in cells))
    for about in _topics(found):
        table.add_row(Text(about, style="bold"), *(_remark(each, about) for each in found))
    Console(highlight=False).print(table)


def _remark(found: Suitability, about: str) -> str:
    from rich.markup import escape

    remark = next((remark for remark in found.remarks if remark.about == about), None)
    return f"[{_STYLES[remark.grade]}]{escape(remark.sentence)}[/]" if remark else ""


def _topics(found: Sequence[Suitability]) -> list[str]:
    return list(dict.fromkeys(remark.about for each in found for remark in each.remarks))


def _cells(found: Suitability) -> dict[str, str]:
    model = found.model
    return {
        "verdict": found.verdict,
        "parameters": f"{model.parameters / 1e6:,.0f} M" if model.parameters else "unknown",
        "context": f"{model.context:,}" if model.context else "unknown",
        "quantisation": model.quantisation or "unknown",
        "licence": model.licence or "unknown",
        "root": f"{found.root} ({found.root_released})" if found.root else "unknown",
        "domain": found.domain or "general",
        "runs at": found.runs_at or "unknown",
        "tuned by": ", ".join(found.trains) or "not here",
    }


def comparison_page(found: Sequence[Suitability]) -> str:
    """One HTML page: what speaks against each, sizes as pictures, every remark."""
    from foretune.charts import bar_chart
    from foretune.pages import templates

    sizes = {each.model.name: each.model.parameters / 1e9 for each in found if each.model.parameters}
    windows = {each.model.name: float(each.model.context) for each in found if each.model.context}
    charts = [
        bar_chart(values, title=title, y=unit)
        for title, unit, values in (
            ("How large they are", "billion parameters", {name: round(size, 3) for name, size in sizes.items()}),
            ("How much they can read at once", "tokens", windows),
        )
        if values
    ]
    environment = templates("foretune.cli")
    return environment.get_template("models.html.j2").render(
        found=found,
        columns=_COLUMNS,
        cells=[_cells(each) for each in found],
        topics=_topics(found),
        remarks=[{remark.about: remark for remark in each.remarks} for each in found],
        charts=charts,
    )


def show_probe(found: Probe) -> None:
    """By year, with intervals; then a sentence on each matter."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from foretune.intervals import wilson

    console = Console(highlight=False)
    console.print(Text(found.model, style="bold"))
    if found.facts:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("year", "known", "asked", "95 %"):
            table.add_column(name, justify="right")
        for year, (known, asked) in found.years.items():
            low, high = wilson(known, asked)
            table.add_row(str(year), str(known), str(asked), f"{low:.0%} to {high:.0%}")
        console.print(table)
    console.print(Text(found.sentence))
    for topic in found.topics:
        console.print(Text(f"\n{topic.sentence}"))
        console.print(Text(topic.answer, style="dim"))
    for text in found.quoted:
        console.print(Text(f"\n{text.sentence}"))
