"""``foretune pairs export | import | validate | formats``: training files for others, and theirs for us."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.types import Label

if TYPE_CHECKING:
    from foretune.pairs.formats import Export, FormatFinding

__all__ = ["register"]

_SHOWN = 10
"""Findings, and rows set aside, that are shown to people."""

Tokenizer = Annotated[
    str,
    typer.Option(
        "--tokenizer",
        help="Counts tokens: a tokenizer.json, a GGUF model, tiktoken:o200k_base. An estimate without it.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export")(export)
    app.command("import")(import_)
    app.command("validate")(validate)
    app.command("formats")(formats)


def export(
    names: Annotated[
        str,
        typer.Option(
            "--format",
            help="Names of `foretune pairs formats`, separated by commas; xlsx,csv,jsonl by default.",
            show_default=False,
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Folder; the project's reports folder by default.")] = None,
    tokenizer: Tokenizer = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Write the pairs as spreadsheets (xlsx, csv, jsonl) or as a training file for someone else, with a manifest."""
    from foretune.pairs import export_pairs, stored_pairs
    from foretune.pairs.export import EXPORTERS
    from foretune.pairs.formats import export_format, find_format, token_counter
    from foretune.project import Project

    chosen = [name.strip() for name in names.split(",") if name.strip()]
    tables = [name for name in chosen if name in EXPORTERS]
    consumers = [find_format(name) for name in chosen if name not in EXPORTERS]
    counter = token_counter(tokenizer)
    with Project.open() as project:
        pairs, folder = stored_pairs(project.vault), out or project.folder / "reports"
    written = export_pairs(pairs, folder, formats=tables) if tables or not chosen else []
    exports = [export_format(pairs, folder, form, counter=counter) for form in consumers]
    rows = [(each.path, each.format, each.rows, each.sha256) for each in written]
    rows += [(file.path, each.format.name, file.rows, file.sha256) for each in exports for file in each.files]
    for path, form, count, sha256 in rows:
        row = {"file": str(path), "format": form, "rows": count, "sha256": sha256}
        typer.echo(json.dumps(row, ensure_ascii=False) if as_json else str(path))
    for notice in filter(None, (each.notice for each in written)):
        typer.echo(notice, err=True)
    for each in exports:
        _say_export(each)


def _say_export(export: Export) -> None:
    """On standard error: what was left out, what the consumer will object to, and how to load it there."""
    form = export.format
    if export.set_aside:
        typer.echo(
            f"{form.title}: {len(export.set_aside):,} of {export.kept:,} pairs set aside (see manifest.json):", err=True
        )
        for pair, reason in export.set_aside[:_SHOWN]:
            typer.echo(f"  {pair}: {reason}", err=True)
    if export.findings:
        typer.echo(f"{form.title} will object:", err=True)
        for finding in export.findings[:_SHOWN]:
            typer.echo(f"  {_sentence(finding)}", err=True)
        if len(export.findings) > _SHOWN:
            typer.echo(
                f"  and {len(export.findings) - _SHOWN:,} more: foretune pairs validate {export.folder}", err=True
            )
    typer.echo(f"{form.title}: {form.load}", err=True)


def _sentence(finding: FormatFinding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line is not None else finding.file
    return f"{place}: {finding.severity}: {finding.message}"


def validate(
    path: Annotated[Path, typer.Argument(help="A training file, or a folder that `pairs export` wrote.")],
    name: Annotated[
        str, typer.Option("--format", help="Whom it is for; an exported folder knows.", show_default=False)
    ] = "",
    tokenizer: Tokenizer = "",
    cutoff: Annotated[
        int | None,
        typer.Option("--cutoff", min=1, help="Tokens of a row, where you set them otherwise.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a training file by the rules of whom it is for. Needs no project; exit code 1 where it would be refused."""
    from foretune.cli.rows import print_row
    from foretune.pairs.formats import exported_format, find_format, token_counter
    from foretune.pairs.formats import validate as validated

    form = find_format(name) if name else exported_format(path)
    errors = warnings = 0
    for finding in validated(path, form, counter=token_counter(tokenizer), cutoff=cutoff):
        errors += finding.severity == "error"
        warnings += finding.severity == "warning"
        if as_json:
            print_row(finding.as_json())
        else:
            typer.echo(_sentence(finding))
    if not as_json:
        verdict = "would not be taken as it is" if errors else "is as it should be"
        typer.echo(f"{path} {verdict} for {form.title}: {errors:,} errors, {warnings:,} warnings.")
    if errors:
        raise typer.Exit(1)


def import_(
    path: Annotated[
        Path, typer.Argument(help="A training file (.jsonl, .json, .csv, .xlsx, .parquet, .txt) or a folder.")
    ],
    name: Annotated[
        str, typer.Option("--format", help="What it was made for; seen from its rows by default.", show_default=False)
    ] = "",
    label: Annotated[Label | None, typer.Option("--label", help="How sensitive it is.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Take pairs from a training file: checked as documents are, then curated with the other pairs."""
    from foretune.cli.progress import terminal
    from foretune.cli.rows import print_row
    from foretune.project import Project

    with Project.open() as project:
        files, summary = project.import_pairs(path, form=name, label=label, progress=terminal())
    for file in files:
        if as_json:
            print_row(file.as_json())
            continue
        typer.echo(
            f"{file.path} ({file.shape}): {file.rows:,} rows, {file.added:,} new, {file.unchanged:,} known, "
            f"{len(file.set_aside):,} set aside."
        )
        for row in file.set_aside[:_SHOWN]:
            typer.echo(f"  line {row.line}: {row.reason}")
        if len(file.set_aside) > _SHOWN:
            typer.echo(f"  and {len(file.set_aside) - _SHOWN:,} more: --json lists them")
    if not as_json:
        typer.echo(
            f"Now {summary.kept:,} pairs: {summary.train:,} to train on, {summary.evaluation:,} kept for evaluation; "
            f"{summary.dropped:,} dropped. What governance holds back is in `foretune review standing`."
        )


def formats(as_json: AsJson = False) -> None:
    """Say which formats there are, how each is loaded where it goes, and what people trip over there."""
    from foretune.cli.rows import print_row
    from foretune.pairs.formats import FORMATS

    for form in FORMATS.values():
        if as_json:
            row = {"format": form.name, "consumer": form.title, "files": list(form.data_files), "load": form.load}
            print_row({**row, "rules": list(form.notes), "sources": list(form.sources)})
            continue
        typer.echo(f"{form.name}: {form.title}\n  {form.load}")
        for note in form.notes:
            typer.echo(f"  - {note}")
    if not as_json:
        typer.echo("xlsx, csv, jsonl: all pairs for people, and the kept ones with where they came from.")
