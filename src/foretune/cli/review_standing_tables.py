"""How standings and decisions look at the terminal, and as rows for other programs."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from foretune.cli.review_tables import plain, printable, terminal_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from foretune.governance import Decision, DecisionKind, Standing

__all__ = [
    "DECISION_COLUMNS",
    "STANDING_COLUMNS",
    "decision_row",
    "said",
    "show_decisions",
    "show_standings",
    "standing_row",
]

_DONE = {
    "include": "Included",
    "exclude": "Excluded",
    "supersede": "Superseded",
    "wait": "Waiting",
    "redact": "Redacted",
    "repair": "Repaired",
    "relabel": "Relabelled",
    "confirm": "Confirmed",
    "undo": "Taken back",
}
_SHOWN = 10
"""Documents that are listed after a decision."""


def show_standings(standings: Sequence[Standing], limit: int) -> None:
    """A line for each document, ``limit`` at most; 0 shows all."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("document", overflow="fold")
    for name in ("state", "for", "by", "why"):
        table.add_column(name)
    console = terminal_console()
    for each in standings[: limit or None]:
        by = f"{each.by}, {each.confirmed_by}" if each.confirmed_by else each.by
        table.add_row(plain(each.path), each.state, each.use or "", plain(by), plain(_why(each)))
    console.print(table)
    _say_more(console, len(standings), limit)


def _say_more(console: Console, count: int, limit: int) -> None:
    if limit and count > limit:
        more = f"\nand {count - limit:,} more: --limit 0 shows all, --html FILE and --csv FILE write them."
        console.print(more, style="dim")


def _why(each: Standing) -> str:
    reason = each.reason
    if each.redactions and each.state.goes_on:
        reason += f" ({each.redactions:,} place{'' if each.redactions == 1 else 's'} masked)"
    if each.older_version:
        reason += " (decided on an older version)"
    if each.pending_label:
        reason += f" (label {each.pending_label} needs a second person: `foretune review confirm {each.needs}`)"
    return reason


def said(kind: DecisionKind, made: Sequence[Decision]) -> list[str]:
    """A line for each document, ten at most, then what needs somebody else or took somebody's place."""
    by_path = {each.path: each for each in made if not each.pending}
    detail = next((each.use or each.label or "" for each in made if each.kind == kind), "")
    what = f"{_DONE[kind]}{f' ({detail})' if detail else ''}"
    lines = [f"{what}: {printable(path)}" for path in list(by_path)[:_SHOWN]]
    if len(by_path) > _SHOWN:
        lines.append(f"and {len(by_path) - _SHOWN:,} more")
    waiting = [each for each in made if each.pending]
    lines += [
        f"Needs a second person: {printable(each.path)} (`foretune review confirm {each.id} --reason …`)"
        for each in waiting[:_SHOWN]
    ]
    if len(waiting) > _SHOWN:
        lines.append(f"and {len(waiting) - _SHOWN:,} more: `foretune review standing --state waiting` lists them")
    overriding = [each for each in made if each.overrides]
    lines += [printable(f"{each.path}: {each.overrides}. Your decision holds now.") for each in overriding[:_SHOWN]]
    return lines


def show_decisions(made: Sequence[Decision], limit: int) -> None:
    """A line for what was decided of a document in one go, the newest ``limit`` at most; 0 shows all."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("id", justify="right", no_wrap=True)
    for name in ("when", "who", "decision"):
        table.add_column(name, no_wrap=True)
    table.add_column("document", overflow="fold")
    table.add_column("why")
    groups = [list(group) for _, group in groupby(made, key=lambda each: (each.at, each.kind, each.document_id))]
    for group in groups[-limit:]:
        first, last = group[0], group[-1]
        ids = str(first.id) if first is last else f"{first.id}-{last.id}"
        when = first.at[:16].replace("T", " ")
        table.add_row(ids, when, plain(first.actor), plain(_decided(group)), plain(first.path), plain(first.reason))
    console = terminal_console()
    console.print(table)
    _say_more(console, len(groups), limit)


def _decided(group: Sequence[Decision]) -> str:
    """``exclude``, ``include (retrieval)``, ``redact (3 places)``, ``undo (12)``."""
    first = group[0]
    detail = first.about or first.use or first.label or first.replacement
    if len(group) > 1:
        detail = f"{len(group)} places"
    return f"{first.kind}{f' ({detail})' if detail and first.kind != 'supersede' else ''}"


# -- rows for other programs ----------------------------------------------------------------------------

STANDING_COLUMNS = (
    "document",
    "state",
    "use",
    "label",
    "by",
    "reason",
    "at",
    "rule",
    "redactions",
    "repairs",
    "older_version",
    "confirmed_by",
    "needs_confirmation",
    "pending_label",
)
DECISION_COLUMNS = (
    "id",
    "document",
    "decision",
    "reason",
    "by",
    "at",
    "use",
    "label",
    "finding",
    "start",
    "end",
    "replacement",
    "about",
    "overrides",
    "needs_confirmation",
)


def standing_row(each: Standing) -> dict[str, Any]:
    """Where a document stands."""
    return {
        "document": each.path,
        "state": each.state,
        "use": each.use,
        "label": each.label,
        "by": each.by,
        "reason": each.reason,
        "at": each.at,
        "rule": each.rule,
        "redactions": each.redactions,
        "repairs": each.repairs,
        "older_version": each.older_version,
        "confirmed_by": each.confirmed_by,
        "needs_confirmation": each.needs,
        "pending_label": each.pending_label,
    }


def decision_row(each: Decision) -> dict[str, Any]:
    """A decision, without the words it masks."""
    return {
        "id": each.id,
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
        "about": each.about,
        "overrides": each.overrides,
        "needs_confirmation": each.pending,
    }
