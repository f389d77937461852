"""``foretune tune submit | status | fetch``: training elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.cli.views import AsJson

if TYPE_CHECKING:
    from foretune.project.jobs import StoredJob
    from foretune.tuning.services import Progressed

__all__ = ["register"]

Job = Annotated[str, typer.Argument(help="How its id begins; the newest by default.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("submit")(submit)
    app.command("status")(status)
    app.command("fetch")(fetch)


def submit(
    service: Annotated[str, typer.Argument(help="openai, together, axolotl, llama-factory or text-generation-webui.")],
    model: Annotated[
        str, typer.Option("--model", help="What the service calls the model to tune.", show_default=False)
    ] = "",
    url: Annotated[str, typer.Option("--url", help="Its address, if not the vendor's.", show_default=False)] = "",
    key_variable: Annotated[
        str,
        typer.Option("--key-variable", help="Environment variable that holds the key.", show_default=False),
    ] = "",
    out: Annotated[
        Path, typer.Option("--out", help="Where to make the folder of a job that you start yourself.")
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Hand the pairs to a service or another trainer; the same command goes on where it was cut short."""
    from foretune.project import Project

    with Project.open() as project:
        job, said = project.submit_tuning(service, model=model, url=url, key_variable=key_variable, folder=out)
    if as_json:
        typer.echo(json.dumps(_row(job), ensure_ascii=False))
        return
    typer.echo(f"Job {job.id} at {job.service}: {len(job.trained)} pairs to learn. {said}")


def status(name: Job = "", as_json: AsJson = False) -> None:
    """Say how far the jobs are: all of them, or one."""
    from foretune.project import Project

    with Project.open() as project:
        found = project.tuning_jobs(name)
    if not found and not as_json:
        typer.echo("No job was submitted yet: `foretune tune submit SERVICE` does it.")
    for job, progressed in found:
        if as_json:
            row = _row(job) | {"said": progressed.said, "tokens": progressed.tokens}
            typer.echo(json.dumps(row | {"seconds_left": progressed.seconds_left}, ensure_ascii=False))
        else:
            typer.echo(_sentence(job, progressed))


def _sentence(job: StoredJob, progressed: Progressed) -> str:
    from foretune.progress import duration

    told = [progressed.said] if progressed.said else []
    if progressed.seconds_left is not None:
        told.append(f"about {duration(progressed.seconds_left)} left")
    if job.erased:
        told.append(f"it learned from what was erased (receipt {job.erased}): delete it there")
    if progressed.tokens:
        told.append(f"{progressed.tokens:,} tokens trained on")
    return f"{job.id} at {job.service}, {job.at[:16].replace('T', ' ')}: {progressed.state}" + "".join(
        f"; {each}" for each in told
    )


def fetch(
    name: Job = "",
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="PEFT folder, if it is not where the trainer was told to put it."),
    ] = None,
    hosted: Annotated[
        bool, typer.Option("--hosted", help="Leave the weights there and answer with the model the service serves.")
    ] = False,
    use: Annotated[
        bool, typer.Option("--use", help="Write a model that is served there into the plan as its engine.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the result: an adapter, checked against the plan's model, or a model the service answers with."""
    from foretune.project import Project

    with Project.open() as project:
        fetched = project.fetch_tuning(name, folder=folder, hosted=hosted, use=use)
    if as_json:
        served = fetched.hosted
        row = _row(fetched.job) | {
            "adapter": fetched.adapter.name if fetched.adapter else None,
            "engine": {"kind": served.kind, "url": served.url, "model": served.model} if served else None,
        }
        typer.echo(json.dumps(row, ensure_ascii=False))
    elif fetched.adapter is not None:
        typer.echo(f"{fetched.adapter.name}: fetched from {fetched.job.service}, label {fetched.adapter.label}.")
    elif fetched.hosted is not None:
        engine = fetched.hosted
        settings = f'kind = "{engine.kind}", model = "{engine.model}"' + (
            f', url = "{engine.url}"' if engine.url else ""
        )
        typer.echo(
            f"{engine.model} is ready at {fetched.job.service}. "
            + (
                f"The plan answers with it now: [engine] {settings}."
                if use
                else f"To answer with it: [engine] {settings}."
            )
        )


def _row(job: StoredJob) -> dict[str, object]:
    return {
        "job": job.id,
        "service": job.service,
        "model": job.model,
        "state": job.state,
        "pairs": len(job.trained),
        "label": job.label,
        "at": job.at,
        "result": job.result,
        "known": dict(job.known),
        "erased": job.erased,
    }
