"""``foretune bench``: the arms compared on questions whose answers are known."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from foretune.types import Arm

__all__ = ["bench"]


def bench(
    arms: Annotated[str, typer.Option("--arms", help="Comma-separated; all of the plan's by default.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One row an answer.")] = False,
) -> None:
    """Ask every question of every arm; exit code 1 where the plan's thresholds are missed."""
    from foretune.bench import answers
    from foretune.cli.progress import terminal
    from foretune.errors import InputError, ThresholdMissed
    from foretune.plan.asked import whom_to_ask
    from foretune.project import Project

    try:
        chosen = [Arm(name.strip()) for name in arms.split(",") if name.strip()]
    except ValueError:
        raise InputError(f"--arms knows {', '.join(Arm)}; it was given {arms!r}.") from None
    with Project.open() as project:
        summary = project.bench(arms=chosen or None, progress=terminal())
        shown = {arm.arm for arm in summary.arms}
        rows = [row for row in answers(project.vault, summary.run_id) if row.arm in shown] if as_json else []
        config, performance = project.config, project.config.performance
    if as_json:
        for row in rows:
            typer.echo(
                json.dumps(
                    {
                        "id": row.question_id,
                        "arm": row.arm,
                        "response": row.response,
                        "outcome": row.outcome,
                        "why": row.why,
                        "scorer": row.scorer,
                        "seconds": round(row.seconds, 3),
                        "tokens_in": row.tokens_in,
                        "tokens_out": row.tokens_out,
                    },
                    ensure_ascii=False,
                )
            )
    else:
        from rich.console import Console
        from rich.table import Table

        console = Console(highlight=False)
        table = Table(box=None, pad_edge=False)
        for name, justify in (("arm", "left"), ("right", "left"), ("refused", "left"), ("median", "right")):
            table.add_column(name, justify=justify)  # type: ignore[arg-type]
        for arm in summary.arms:
            table.add_row(arm.arm, str(arm.correct), str(arm.refused), f"{arm.median_seconds:.2f} s")
        console.print(table)
        console.print(
            "[dim]right: of the answerable questions, with 95 % interval; refused: of the unanswerable ones[/]"
        )
        for comparison in summary.comparisons:
            console.print(f"  {comparison.verdict}")
    measured = summary.arm(performance.arm)
    if measured is None:
        return
    missed = []
    if measured.correct.total and measured.correct.count / measured.correct.total < performance.min_correct:
        missed.append(
            f"answered {measured.correct.count} of {measured.correct.total} right "
            f"({performance.min_correct:.0%} wanted)"
        )
    if measured.refused.total and measured.refused.count / measured.refused.total < performance.min_refused:
        missed.append(
            f"refused {measured.refused.count} of {measured.refused.total} ({performance.min_refused:.0%} wanted)"
        )
    if missed:
        asked = whom_to_ask(config, "owner")
        raise ThresholdMissed(f"Below the plan's thresholds: the arm {performance.arm} {' and '.join(missed)}.{asked}")
