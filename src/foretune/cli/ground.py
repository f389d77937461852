"""``foretune ground``: is each response supported by its context? Rows in, verdicts out; needs no project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from foretune.cli.rows import Row

__all__ = ["ground"]


def ground(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="JSON Lines: id, context, response, and question if there is one. Standard input by default.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines; the only form there is.")] = True,  # noqa: ARG001
) -> None:
    """Check responses against contexts, sentence by sentence: one JSON line a row, in order.

    A line has id, verdict (supported, unsupported or contradicted), score (0 to 1) and spans
    (start, end, verdict, score, why; offsets are code points of the response). A row that
    cannot be judged has the verdict not_scored, no score, and a why.
    """
    from collections import Counter

    from foretune.cli.rows import print_row, read_rows

    counts: Counter[str] = Counter()
    for row in read_rows(file):
        verdict = _judged(row)
        counts[verdict["verdict"]] += 1
        print_row(verdict)
    shown = ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in sorted(counts.items()))
    typer.echo(f"{counts.total()} rows{': ' + shown if shown else ''}", err=True)


def _judged(row: Row) -> dict[str, Any]:
    from foretune.cli.rows import text_of
    from foretune.evidence import ground as check

    name = row.values.get("id")
    try:
        if row.problem:
            raise ValueError(row.problem)
        context, response = text_of(row.values, "context"), text_of(row.values, "response")
        question = text_of(row.values, "question") if "question" in row.values else ""
    except ValueError as error:
        return {"id": name, "verdict": "not_scored", "score": None, "spans": [], "why": str(error)}
    found = check(context, response, question=question)
    spans = [
        {"start": s.start, "end": s.end, "verdict": s.verdict, "score": round(s.score, 4), "why": s.why}
        for s in found.spans
    ]
    return {"id": name, "verdict": found.verdict, "score": round(found.score, 4), "spans": spans}
