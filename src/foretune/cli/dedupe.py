"""``foretune dedupe``: which documents are copies of each other, and which to keep; needs no project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from foretune.cli.inspect import Paths, Processes, Runner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foretune.governance.inspect import Duplicate

__all__ = ["dedupe"]

_SHOWN = 20
"""Groups that are shown to people."""


def dedupe(
    paths: Paths,
    threshold: Annotated[
        float,
        typer.Option("--threshold", min=0.05, max=1, help="Share of their runs of five words that copies have alike."),
    ] = 0.75,
    as_json: Annotated[bool, typer.Option("--json", help="One document a line, as JSON.")] = False,
    processes: Processes = 0,
    runner: Runner = "local",
) -> None:
    """Group copies and near-copies, and say which of each group to keep: the newest, else the longest."""
    from foretune.cli.inspect import nothing_kept, say_set_aside
    from foretune.cli.progress import terminal
    from foretune.cli.rows import print_row
    from foretune.governance.inspect import dedupe as deduped

    with nothing_kept():
        totals, rows = deduped(
            paths, threshold=threshold, processes=processes or None, runner=runner, progress=terminal()
        )
    if as_json:
        for row in rows:
            print_row(
                {
                    "document": row.document,
                    "cluster": row.cluster,
                    "keep": row.keep,
                    "similarity": row.similarity,
                    "of": row.of,
                }
            )
    else:
        _show(rows)
    say_set_aside(totals)


def _show(rows: Sequence[Duplicate]) -> None:
    from foretune.cli.review_tables import plain, terminal_console

    groups: dict[str, list[Duplicate]] = {}
    for row in rows:
        if row.cluster is not None:
            groups.setdefault(row.cluster, []).append(row)
    spare = sum(not row.keep for row in rows)
    console = terminal_console()
    console.print(f"{len(rows):,} documents: {len(groups):,} groups of copies, {spare:,} documents could go.")
    for members in list(groups.values())[:_SHOWN]:
        kept = next(each for each in members if each.keep)
        console.print()
        console.print(plain(f"keep {kept.document} ({kept.reason})"))
        for each in members:
            if not each.keep and each.similarity is not None:
                console.print(plain(f"  {each.similarity:>4.0%}  {each.document}"), style="dim")
    if len(groups) > _SHOWN:
        console.print(f"\nand {len(groups) - _SHOWN:,} more groups: --json lists all.", style="dim")
