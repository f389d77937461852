"""``foretune score``: is each response right? Rows in, verdicts out; needs no project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from foretune.cli.rows import Row
    from foretune.types import Question

__all__ = ["score"]


def score(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="JSON Lines: id, question, answer, aliases, kind, response. Standard input by default.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines; the only form there is.")] = True,  # noqa: ARG001
) -> None:
    """Judge responses against known answers: one JSON line a row (id, outcome, why, scorer), in order.

    Outcomes: correct, incorrect, not_attempted (the response declines) and not_scored (the
    row cannot be judged; why says so). Kinds: number, name, yesno, list, free, unanswerable;
    without one it is taken from answer and question.
    """
    from collections import Counter

    from foretune.cli.rows import print_row, read_rows

    counts: Counter[str] = Counter()
    for row in read_rows(file):
        verdict = _judged(row)
        counts[verdict["outcome"]] += 1
        print_row(verdict)
    shown = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in sorted(counts.items()))
    typer.echo(f"{counts.total()} rows{': ' + shown if shown else ''}", err=True)


def _judged(row: Row) -> dict[str, Any]:
    from foretune.cli.rows import text_of
    from foretune.evidence import score as judge
    from foretune.types import Outcome

    name = row.values.get("id")
    if row.problem:
        return {"id": name, "outcome": Outcome.NOT_SCORED, "why": row.problem, "scorer": ""}
    try:
        question, response = _question(row), text_of(row.values, "response")
    except ValueError as error:
        return {"id": name, "outcome": Outcome.NOT_SCORED, "why": str(error), "scorer": ""}
    verdict = judge(question, response)
    return {"id": name, "outcome": verdict.outcome, "why": verdict.why, "scorer": verdict.scorer}


def _question(row: Row) -> Question:
    from foretune.cli.rows import text_of
    from foretune.evidence import infer_kind
    from foretune.types import Question

    question, answer = text_of(row.values, "question"), text_of(row.values, "answer")
    aliases = row.values.get("aliases") or []
    if isinstance(aliases, str):
        aliases = [aliases]
    if not isinstance(aliases, list):
        raise ValueError("'aliases' is not a list.")
    forms = tuple(text_of({"aliases": alias}, "aliases") for alias in aliases)
    kind = text_of(row.values, "kind") if row.values.get("kind") else infer_kind(question, answer)
    evidence = text_of(row.values, "evidence") if "evidence" in row.values else ""
    return Question(str(row.values.get("id", row.number)), question, answer, kind, aliases=forms, evidence=evidence)
