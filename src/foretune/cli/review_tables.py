"""How findings and the overview look at the terminal, and as rows for other programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from foretune.types import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from foretune.governance import ListedFinding, ReviewSummary, Standing
    from foretune.project import Project
    from foretune.types import Finding

__all__ = ["FINDING_COLUMNS", "finding_row", "plain", "printable", "show_findings", "show_overview", "terminal_console"]

_COLOURS = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_EXCERPT = 60
"""Characters of a document that are shown with a finding."""


def terminal_console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def printable(text: str) -> str:
    """Without control characters, which a terminal would obey: paths and texts come from anywhere."""
    return "".join(each if each.isprintable() else " " for each in text)


def plain(text: str) -> Text:
    """Words of a document as they are: no markup, no control characters."""
    from rich.text import Text

    return Text(printable(text))


def show_overview(project: Project, summary: ReviewSummary, limit: int) -> None:
    """By check, by document, and where the documents stand."""
    from rich.table import Table

    console = terminal_console()
    checked = f", {summary.checked:,} checked now" if summary.checked else ""
    console.print(f"{summary.documents:,} documents{checked}: {summary.total:,} findings.\n")
    if summary.findings:
        table = Table("check", "finding", "severity", box=None, pad_edge=False, header_style="bold")
        table.add_column("count", justify="right")
        for (check, kind, severity), count in sorted(
            summary.findings.items(), key=lambda each: (-each[0][2], each[0][0], each[0][1])
        ):
            table.add_row(check, kind, _severity(severity), f"{count:,}")
        console.print(table)
        _show_documents(console, project, limit)
    _show_counts(console, project.standing())


def _show_documents(console: Console, project: Project, limit: int) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("document", overflow="fold")
    worst_first = sorted(Severity, reverse=True)
    for severity in worst_first:
        table.add_column(severity.name.lower(), justify="right", style=_COLOURS[severity.name.lower()])
    for path, counts in project.findings_by_document(limit=limit or None):
        table.add_row(plain(path), *(str(counts.get(severity, "")) for severity in worst_first))
    console.print()
    console.print(table)


def _show_counts(console: Console, standings: Sequence[Standing]) -> None:
    counts = Counter(each.state.value for each in standings)
    console.print(
        f"\n{counts['included']:,} included, {counts['redacted']:,} redacted, {counts['excluded']:,} excluded, "
        f"{counts['waiting']:,} waiting."
    )
    reasons = Counter((each.state.value, each.reason) for each in standings if not each.state.goes_on)
    for (state, reason), count in reasons.most_common(5):
        console.print(plain(f"  {count:,} {state}: {reason}"), style="dim")
    console.print(
        "\nMore: --check NAME, --document PATH, --html FILE. Decide: foretune review exclude PATH --reason WHY",
        style="dim",
    )


def show_findings(listed: Sequence[ListedFinding], limit: int) -> None:
    """One after the other, with the words they are about; ``limit`` 0 shows all."""
    from rich.table import Table

    console = terminal_console()
    if not listed:
        console.print("There are no such findings.")
        return
    more = bool(limit) and len(listed) > limit
    shown = listed[:limit] if limit else listed
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    for path, each in shown:
        place = f"{path}:{each.start}" if each.start is not None else path
        table.add_row(_severity(each.severity), f"{each.check}/{each.type}", plain(place))
        table.add_row("", f"[dim]{each.id}[/]", plain(each.message))
        if each.text:
            table.add_row("", "", _excerpt(each))
    console.print(table)
    if more:
        console.print("\nThere are more: --limit 0 shows all, --json for other programs.", style="dim")


def _excerpt(each: Finding) -> Text:
    from rich.text import Text

    def cut(text: str) -> str:
        return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"

    text = Text.assemble(("“", "dim"), plain(cut(each.text)), ("”", "dim"))
    if "repair" in each.evidence:
        text = Text.assemble(text, (" → “", "dim"), plain(cut(str(each.evidence["repair"]))), ("”", "dim"))
    return text


def _severity(severity: Severity) -> str:
    name = severity.name.lower()
    return f"[{_COLOURS[name]}]{name}[/]"


FINDING_COLUMNS = (
    "document",
    "check",
    "type",
    "severity",
    "start",
    "end",
    "text",
    "score",
    "message",
    "related",
    "id",
    "evidence",
)


def finding_row(listed: ListedFinding) -> dict[str, Any]:
    """The keys of ``foretune inspect``, with the finding's id and its evidence."""
    each = listed.finding
    return {
        "document": listed.path,
        "check": each.check,
        "type": each.type,
        "severity": each.severity.name.lower(),
        "start": each.start,
        "end": each.end,
        "text": each.text,
        "score": each.score,
        "message": each.message,
        "related": [
            {"document": other.document, "start": other.start, "end": other.end, "text": other.text}
            for other in each.related
        ],
        "id": each.id,
        "evidence": dict(each.evidence),
    }
