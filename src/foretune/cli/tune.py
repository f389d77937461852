"""``foretune tune``: an adapter that learned the pairs."""

from __future__ import annotations

import json
from typing import Annotated

import typer

__all__ = ["tune"]


def tune(
    pilot: Annotated[bool, typer.Option("--pilot", help="Ten pairs: proves the plumbing within minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The adapter as JSON.")] = False,
) -> None:
    """Train a LoRA adapter on the pairs; an interrupted training goes on at its last epoch."""
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        adapter = project.tune(pilot=pilot, progress=terminal())
    if as_json:
        typer.echo(
            json.dumps(
                {"id": adapter.id, "name": adapter.name, "path": str(adapter.path), "metrics": dict(adapter.metrics)},
                ensure_ascii=False,
            )
        )
        return
    metrics = adapter.metrics
    losses = metrics["losses"]
    typer.echo(
        f"{adapter.name}: {metrics['examples']} examples, {metrics['epochs']} epochs in {metrics['seconds']:.0f} s; "
        f"loss {losses[0]:.2f} → {losses[-1]:.2f}."
    )
    if metrics.get("dropped"):
        typer.echo(f"{len(metrics['dropped'])} examples set aside as too long: raise tuning.max_tokens to use them.")
    if pilot:
        typer.echo(
            "This was the pilot: it proves that tuning works here, not that it helps. `foretune tune` uses all pairs."
        )
