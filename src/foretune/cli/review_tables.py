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

__all__ = [
    "EXCERPT",
    "FINDING_COLUMNS",
    "QUOTE",
    "corpus_finding_row",
    "excerpt",
    "finding_row",
    "plain",
    "printable",
    "severity_shown",
    "show_corpus",
    "show_findings",
    "show_overview",
    "terminal_console",
]

_COLOURS = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_QUESTIONS = 5
"""Open questions of the bench that are shown one by one."""
EXCERPT = 60
"""Characters of a document that are shown with a finding."""
QUOTE = 240
"""Of each of two places that are to be compared."""


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
    show_corpus(summary.corpus)
    _show_counts(console, project.standing())


def show_corpus(found: Sequence[Finding]) -> None:
    """What is said about all documents together, the most important first."""
    if not found:
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    questions = [each for each in found if each.type == "question"]
    shown = [each for each in found if each.type != "question"] + questions[:_QUESTIONS]
    for each in sorted(shown, key=lambda one: (one.type == "next", -one.severity)):
        table.add_row(_severity(each.severity), each.type.replace("_", " "), plain(each.message))
    console = terminal_console()
    console.print("\nAll documents together:", style="bold")
    console.print(table)
    if len(questions) > _QUESTIONS:
        console.print(f"and {len(questions) - _QUESTIONS:,} more questions: --json for all.", style="dim")


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
            most = QUOTE if each.related else EXCERPT
            table.add_row("", "", excerpt(each.text, each.evidence.get("repair"), most=most))
        for other in each.related:
            if other.text:
                table.add_row(
                    "", "", plain(other.document if other.start is None else f"{other.document}:{other.start}")
                )
                table.add_row("", "", excerpt(other.text, most=QUOTE))
    console.print(table)
    if more:
        console.print("\nThere are more: --limit 0 shows all, --json for other programs.", style="dim")


def excerpt(text: str, repair: object = None, *, most: int = EXCERPT) -> Text:
    """The first words of ``text`` in quotation marks, and what they become."""
    from rich.text import Text

    def cut(words: str) -> str:
        return words if len(words) <= most else words[: most - 1] + "…"

    shown = Text.assemble(("“", "dim"), plain(cut(text)), ("”", "dim"))
    if repair is not None:
        shown = Text.assemble(shown, (" → “", "dim"), plain(cut(str(repair))), ("”", "dim"))
    return shown


def severity_shown(name: str) -> str:
    """The name of a severity in its colour."""
    return f"[{_COLOURS[name]}]{name}[/]"


def _severity(severity: Severity) -> str:
    return severity_shown(severity.name.lower())


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


def corpus_finding_row(each: Finding) -> dict[str, Any]:
    """The keys of :func:`finding_row`, for what is about no single document."""
    from foretune.governance import ListedFinding

    return {**finding_row(ListedFinding("", each)), "document": None}
