"""How findings, standings and decisions look: tables for people, rows for other programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from foretune.types import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from foretune.governance import Decision, DecisionKind, ListedFinding, ReviewSummary, Standing
    from foretune.governance.labels_sheet import SheetOutcome
    from foretune.project import Project
    from foretune.types import Finding

__all__ = [
    "corpus_finding_row",
    "decision_row",
    "finding_row",
    "said",
    "show_corpus",
    "show_decisions",
    "show_findings",
    "show_overview",
    "show_sheet",
    "show_standings",
    "standing_row",
]

_COLOURS = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}
_EXCERPT = 60
"""Characters of a document that are shown with a finding."""


def terminal_console() -> Console:
    from rich.console import Console

    return Console(highlight=False)


def _printable(text: str) -> str:
    """Without control characters, which a terminal would obey: paths and texts come from anywhere."""
    return "".join(each if each.isprintable() else " " for each in text)


def plain(text: str) -> Text:
    """Words of a document as they are: no markup, no control characters."""
    from rich.text import Text

    return Text(_printable(text))


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
    for each in sorted(found, key=lambda one: (one.type == "next", -one.severity)):
        table.add_row(_severity(each.severity), each.type.replace("_", " "), plain(each.message))
    console = terminal_console()
    console.print("\nAll documents together:", style="bold")
    console.print(table)


def show_sheet(outcome: SheetOutcome) -> None:
    """What came of a sheet of labels."""
    console = terminal_console()
    for notice in outcome.notices:
        console.print(plain(notice))
    console.print(
        f"{outcome.rows:,} rows: {len(outcome.changed):,} changed, {outcome.unchanged:,} as they were, "
        f"{len(outcome.set_aside):,} set aside."
    )
    for each in outcome.set_aside:
        console.print(plain(f"  row {each.row}, {each.document}: {each.reason}."))


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
        f"\n{counts['included']:,} included, {counts['excluded']:,} excluded, {counts['undecided']:,} undecided."
    )
    reasons = Counter((each.state.value, each.reason) for each in standings if each.state != "included")
    for (state, reason), count in reasons.most_common(5):
        console.print(plain(f"  {count:,} {state}: {reason}"), style="dim")
    console.print(
        "\nMore: --check NAME, --document PATH, --json. Decide: foretune review exclude PATH --reason WHY", style="dim"
    )


def show_standings(standings: Sequence[Standing]) -> None:
    """A line for each document."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("document", overflow="fold")
    for name in ("state", "for", "by", "why"):
        table.add_column(name)
    for each in standings:
        reason = each.reason + (" (decided on an older version)" if each.older_version else "")
        table.add_row(plain(each.path), each.state, each.use or "", plain(each.by), plain(reason))
    terminal_console().print(table)


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


def said(kind: DecisionKind, made: Sequence[Decision]) -> list[str]:
    """A line for each document, ten at most."""
    done = {
        "include": "Included",
        "exclude": "Excluded",
        "supersede": "Superseded",
        "redact": "Redacted",
        "repair": "Repaired",
        "relabel": "Relabelled",
        "describe": "Described",
    }[kind]
    paths = list(dict.fromkeys(_printable(each.path) for each in made))
    detail = made[0].use or made[0].label or ""
    shown = [f"{done}{f' ({detail})' if detail else ''}: {path}" for path in paths[:10]]
    return [*shown, *([f"and {len(paths) - 10:,} more"] if len(paths) > 10 else [])]


def show_decisions(made: Sequence[Decision]) -> None:
    """A line for each decision."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("when", "who", "decision"):
        table.add_column(name, no_wrap=True)
    table.add_column("document", overflow="fold")
    table.add_column("why")
    for each in made:
        detail = each.use or each.label or each.replacement
        what = f"{each.kind}{f' ({detail})' if detail and each.kind != 'supersede' else ''}"
        table.add_row(
            each.at[:16].replace("T", " "), plain(each.actor), plain(what), plain(each.path), plain(each.reason)
        )
    terminal_console().print(table)


# -- rows for other programs ----------------------------------------------------------------------------


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


def standing_row(each: Standing) -> dict[str, Any]:
    """Where a document stands."""
    return {
        "document": each.path,
        "state": each.state,
        "use": each.use,
        "label": each.label,
        "by": each.by,
        "reason": each.reason,
        "rule": each.rule,
        "redactions": each.redactions,
        "repairs": each.repairs,
        "older_version": each.older_version,
    }


def decision_row(each: Decision) -> dict[str, Any]:
    """A decision, without the words it masks."""
    return {
        "document": each.path,
        "decision": each.kind,
        "reason": each.reason,
        "by": each.actor,
        "at": each.at,
        "use": each.use,
        "label": each.label,
        "finding": each.finding_id or None,
        "start": each.start,
        "end": each.end,
        "replacement": each.replacement,
    }
