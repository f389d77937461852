"""How what would change, and what rules decide, look at the terminal, and as rows for other programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from foretune.cli.review_tables import plain, terminal_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foretune.governance import Change, Decision, RuleEffect, RulesPreview

__all__ = ["CHANGE_COLUMNS", "RULE_COLUMNS", "change_row", "rule_row", "show_changes", "show_edits", "show_rules"]


_DIFF = 300
"""Characters of a place that are shown before and after a change."""


def show_changes(changes: Sequence[Change], *, what: str, limit: int = 20) -> None:
    """How many documents would change and how, then which; ``what`` says by what."""
    from rich.table import Table

    console = terminal_console()
    console.print(f"{what} would change {len(changes):,} document{'' if len(changes) == 1 else 's'}.")
    for step, count in Counter(map(_step, changes)).most_common():
        console.print(plain(f"  {count:,}: {step}"))
    if not changes:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("document", overflow="fold")
    for name in ("now", "then", "why"):
        table.add_column(name)
    for each in changes[:limit]:
        table.add_row(plain(each.before.path), each.before.state, each.after.state, plain(each.after.reason))
    console.print()
    console.print(table)
    if len(changes) > limit:
        console.print(f"\nand {len(changes) - limit:,} more: --html FILE or --csv FILE for all.", style="dim")


def show_edits(made: Sequence[Decision], *, limit: int = 20) -> None:
    """What redactions or repairs would write for what, the same change once; nothing where they name no place."""
    from foretune.cli.review_tables import excerpt

    console = terminal_console()
    changes = Counter((each.text, each.replacement) for each in made if each.text)
    for (text, replacement), count in changes.most_common(limit):
        console.print(f"\n{count:,} time{'' if count == 1 else 's'}:", style="dim")
        console.print("[red]-[/]", excerpt(text, most=_DIFF))
        if replacement:
            console.print("[green]+[/]", excerpt(replacement, most=_DIFF))
    if len(changes) > limit:
        console.print(f"\nand {len(changes) - limit:,} other changes.", style="dim")


def _step(change: Change) -> str:
    before, after = change.before, change.after
    if before.state != after.state:
        return f"{before.state} → {after.state}"
    if before.label != after.label:
        return f"label {before.label} → {after.label}"
    if before.use != after.use:
        return f"for {before.use} → for {after.use}"
    if (before.redactions, before.repairs) != (after.redactions, after.repairs):
        return f"still {after.state}, with other redactions or repairs"
    return f"still {after.state}, for another reason"


def show_rules(preview: RulesPreview) -> None:
    """A line for each rule; what it is about and what it decides."""
    from rich.table import Table

    console = terminal_console()
    if not preview.rules:
        console.print("foretune.toml has no rules: docs/review.md says how to write some.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", justify="right")
    table.add_column("rule", overflow="fold")
    for name in ("findings", "documents", "decides"):
        table.add_column(name, justify="right")
    for each in preview.rules:
        name = each.name if each.holds else f"{each.name} (its last day is over)"
        table.add_row(str(each.number), plain(name), f"{each.findings:,}", f"{each.documents:,}", f"{each.decides:,}")
    console.print(table)


# -- rows for other programs ----------------------------------------------------------------------------

CHANGE_COLUMNS = (
    "document",
    "change",
    "state_now",
    "state_then",
    "use_now",
    "use_then",
    "label_now",
    "label_then",
    "redactions_now",
    "redactions_then",
    "by",
    "reason",
    "rule",
)
RULE_COLUMNS = (
    "number",
    "rule",
    "reason",
    "holds",
    "findings",
    "documents",
    "decides",
)


def change_row(each: Change) -> dict[str, Any]:
    """What would change for a document."""
    return {
        "document": each.before.path,
        "change": _step(each),
        "state_now": each.before.state,
        "state_then": each.after.state,
        "use_now": each.before.use,
        "use_then": each.after.use,
        "label_now": each.before.label,
        "label_then": each.after.label,
        "redactions_now": each.before.redactions,
        "redactions_then": each.after.redactions,
        "by": each.after.by,
        "reason": each.after.reason,
        "rule": each.after.rule,
    }


def rule_row(each: RuleEffect) -> dict[str, Any]:
    """What a rule comes to."""
    return {
        "number": each.number,
        "rule": each.name,
        "reason": each.reason,
        "holds": each.holds,
        "findings": each.findings,
        "documents": each.documents,
        "decides": each.decides,
    }
