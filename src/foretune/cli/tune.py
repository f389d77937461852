"""``foretune tune``: an adapter that learned the pairs, what it came to, and its way to other programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from foretune.cli import tune_jobs
from foretune.cli.views import AsJson, CsvFile, HtmlFile, View, show

if TYPE_CHECKING:
    from foretune.progress import Progress
    from foretune.project import Project
    from foretune.project.adapters import StoredAdapter

__all__ = ["app"]

app = typer.Typer(help="Train an adapter on the pairs, check it, and export it.")
tune_jobs.register(app)

Runner = Literal["local", "ray"]
Name = Annotated[
    str, typer.Argument(help="Name or id, or how it begins; the one that answers by default.", show_default=False)
]


@app.callback(invoke_without_command=True)
def tune(
    context: typer.Context,
    pilot: Annotated[bool, typer.Option("--pilot", help="Ten pairs: proves the plumbing within minutes.")] = False,
    curve: Annotated[
        bool, typer.Option("--curve", help="Train on 10, 50, 200 and all pairs: would more data help?")
    ] = False,
    runner: Annotated[Runner, typer.Option("--runner", help="Where it trains: in this process, or on Ray.")] = "local",
    workers: Annotated[int, typer.Option("--workers", min=1, help="Of a Ray cluster, to train together.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Train a LoRA adapter on the pairs; an interrupted training goes on at its last epoch."""
    if context.invoked_subcommand is not None:
        return
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        if curve:
            _curve(project, terminal(), as_json=as_json)
            return
        adapter = _trained(project, terminal(), pilot=pilot, workers=workers if runner == "ray" else 0)
        found = project.pilot_answers(adapter, terminal()) if pilot else {}
        truth = _truth(project, adapter)
    if as_json:
        row = {"id": adapter.id, "name": adapter.name, "folder": str(adapter.folder), "metrics": dict(adapter.metrics)}
        typer.echo(json.dumps({**row, "pilot": found} if pilot else row, ensure_ascii=False))
        return
    metrics = adapter.metrics
    losses = metrics["losses"]
    typer.echo(
        f"{adapter.name}: {metrics['examples']} examples, {metrics['epochs']} epochs in {metrics['seconds']:.0f} s; "
        f"loss {losses[0]:.2f} → {losses[-1]:.2f}."
    )
    if metrics.get("stopped"):
        typer.echo(f"It ended after epoch {metrics['kept_epoch']}: {metrics['stopped']}.")
    if metrics.get("dev_right"):
        before, after = metrics["dev_right"][0], metrics["dev_right"][metrics["kept_epoch"]]
        typer.echo(
            f"Of {len(metrics['dev_questions'])} bench questions asked while training it answers {after} right, "
            f"{before} before; it was chosen by them, so the bench proves nothing by them."
        )
    if metrics.get("dropped"):
        typer.echo(f"{len(metrics['dropped'])} examples set aside as too long: raise tuning.max_tokens to use them.")
    for sentence in found.get("sentences", []):
        typer.echo(sentence)
    if truth:
        typer.echo(truth)
    if pilot:
        typer.echo(
            "This was the pilot: it proves that tuning works here, not that it helps. `foretune tune` uses all pairs."
        )


def _trained(project: Project, progress: Progress, *, pilot: bool, workers: int) -> StoredAdapter:
    """Train; where it does not fit into memory, offer the settings that may."""
    from foretune.project.pilot import expected
    from foretune.tuning.memory import OutOfMemoryError

    if not pilot and (sentence := expected(project)):
        typer.echo(sentence, err=True)
    try:
        return project.tune(pilot=pilot, workers=workers, progress=progress)
    except OutOfMemoryError as error:
        if not error.smaller or not sys.stdin.isatty():
            raise
        typer.echo(str(error), err=True)
        if not typer.confirm("Try with these settings now?", default=True):
            raise
        settings = project.config.tuning.model_copy(update=dict(error.smaller))
        project.config = project.config.model_copy(update={"tuning": settings})
        return project.tune(pilot=pilot, workers=workers, progress=progress)


def _truth(project: Project, adapter: StoredAdapter) -> str:
    from foretune.project.pilot import told_truth

    return told_truth(project, adapter)


def _curve(project: Project, progress: Progress, *, as_json: bool) -> None:
    from foretune.project.curve import curve_expected

    typer.echo(curve_expected(project), err=True)
    found = project.learning_curve(progress=progress)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for point in found["curve"]["points"]:
        bench = found["sizes"][str(point["examples"])]["bench"]
        answered = (
            f"; bench {bench['right']} of {bench['total']} (95 %: {bench['low']:.0%} to {bench['high']:.0%})"
            if bench
            else ""
        )
        typer.echo(
            f"{point['examples']:>6} examples: evaluation loss {point['loss']:.3f} "
            f"(95 %: {point['low']:.3f} to {point['high']:.3f}){answered}"
        )
    typer.echo(found["curve"]["sentence"])


@app.command("list")
def list_(as_json: AsJson = False, csv_file: CsvFile = None, html_file: HtmlFile = None) -> None:
    """Every adapter of the project: what it was made from and what was found about it."""
    from foretune.project import Project

    with Project.open() as project:
        rows = [_row(adapter) for adapter in project.adapters()]

    def on_terminal() -> None:
        if not rows:
            typer.echo("There is no adapter yet: `foretune tune --pilot` trains one.")
        for row in rows:
            typer.echo(
                f"{row['name']}\n  {row['examples']} examples, loss {row['loss']}, label {row['label']}, {row['at']}"
            )
            for sentence in row["checks"]:
                typer.echo(f"  {sentence}")

    columns = (
        "name",
        "id",
        "kind",
        "at",
        "examples",
        "loss",
        "evaluation_loss",
        "label",
        "base_hash",
        "hash",
        "checks",
    )
    show(lambda: View("Adapters", columns, rows), on_terminal, as_json=as_json, csv_file=csv_file, html_file=html_file)


def _row(adapter: StoredAdapter) -> Mapping[str, Any]:
    from foretune.project.adapter_checks import checks_of

    metrics = adapter.metrics
    evaluation = metrics["evaluation_losses"]
    return {
        "name": adapter.name,
        "id": adapter.id,
        "kind": adapter.kind,
        "at": adapter.at[:16].replace("T", " "),
        "examples": metrics["examples"],
        "loss": round(metrics["losses"][-1], 4) if metrics["losses"] else None,
        "evaluation_loss": round(min(evaluation[1:], default=evaluation[0]), 4) if evaluation else None,
        "label": adapter.label,
        "base_hash": adapter.base_hash,
        "hash": adapter.hash,
        "checks": [f"{name}: {found['sentence']}" for name, found in checks_of(adapter).items()],
    }


@app.command("card")
def card(name: Name = "") -> None:
    """The model card, in Markdown."""
    from foretune.project import Project
    from foretune.project.adapter_files import card_of
    from foretune.project.adapters import named_adapter

    with Project.open() as project:
        typer.echo(card_of(project, named_adapter(project, name)))


@app.command("export")
def export(
    name: Name = "",
    formats: Annotated[
        str,
        typer.Option(
            "--format",
            help="Comma-separated: peft, gguf, merged-f32, merged-f16, merged-q8_0, merged-q4_k_m, ollama.",
        ),
    ] = "peft,gguf",
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path("adapters"),
    as_json: AsJson = False,
) -> None:
    """Write an adapter for other programs, its model card beside it."""
    from foretune.project import Project

    with Project.open() as project:
        chosen = [each.strip() for each in formats.split(",") if each.strip()]
        paths = project.export_adapter(name, chosen, out)
    for format_, path in zip(chosen, paths, strict=True):
        typer.echo(json.dumps({"format": format_, "path": str(path)}) if as_json else str(path))


@app.command("check")
def check(
    name: Name = "",
    checks: Annotated[
        str, typer.Option("--checks", help="Comma-separated: forgetting, memorisation, voice; all by default.")
    ] = "",
    others: Annotated[
        Path | None, typer.Option("--others", help="Folder of texts by other people, to calibrate the voice on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask an adapter what it forgot, what it knows by heart, and whose voice it has; kept beside it."""
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        adapter, found = project.check_adapter(
            name,
            checks=[each.strip() for each in checks.split(",") if each.strip()],
            others=others,
            progress=terminal(),
        )
    for each, result in found.items():
        if as_json:
            typer.echo(json.dumps({"adapter": adapter.name, "check": each, **result}, ensure_ascii=False))
        else:
            typer.echo(f"{each}: {result['sentence']}")


@app.command("sheet")
def sheet(
    name: Name = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write the blind sheet to this .xlsx.")] = None,
    taken: Annotated[Path | None, typer.Option("--in", help="Count such a sheet that was filled in.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the order.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Let people judge: two answers to each prompt, with the adapter and without, and nobody sees which is which."""
    from foretune.cli.progress import terminal
    from foretune.errors import InputError
    from foretune.project import Project
    from foretune.project.adapter_files import read_sheet, write_sheet

    if (out is None) == (taken is None):
        raise InputError("Say where the sheet goes (--out FILE.xlsx), or which one comes back (--in FILE.xlsx).")
    with Project.open() as project:
        if out is not None:
            rows = write_sheet(project, name, out, seed=seed, progress=terminal())
            result: dict[str, Any] = {"file": str(out), "rows": rows}
            sentence = f"Wrote {rows} rows to {out}; who wrote what stays in the vault."
        else:
            assert taken is not None
            result = read_sheet(project, taken)
            sentence = str(result["sentence"])
    typer.echo(json.dumps(result, ensure_ascii=False) if as_json else sentence)
