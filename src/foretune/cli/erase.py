"""``foretune erase``: a document, a folder or a source goes, with everything made from it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.errors import InputError

if TYPE_CHECKING:
    from foretune.project.erasing import Receipt

__all__ = ["erase"]


_BARRED = "can no longer be promoted"
_BECAME = {
    "remove": ("was removed: `foretune run` trains another", _BARRED),
    "retrain": ("lost its weights: `foretune run` trains another", _BARRED),
    "block": ("is marked and no longer used", _BARRED),
    "warn": ("is marked, and still in use", "goes on answering, marked"),
}
"""What became of an adapter and of a release with it, by ``erasure.adapters`` of the plan."""


def erase(
    names: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Documents, folders or patterns, as added or as listed."),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The receipt as one JSON object.")] = False,
) -> None:
    """Erase documents and all that was made from them, look for what is left, and give a signed receipt.

    The files they were added from stay where they are, and are not read again. The receipt names things by hash.
    """
    from foretune.governance import documents_matching
    from foretune.project import Project

    with Project.open() as project:
        if not yes:
            _confirm(len(documents_matching(project.vault, names)))
        receipt = project.erase(names)
    if as_json:
        typer.echo(json.dumps(receipt.statement, ensure_ascii=False))
    else:
        _show(receipt)
    if not receipt.clean:
        raise InputError(
            f"{receipt.statement['verified']['pieces_found']} pieces of the text are still in the vault's file: "
            "end every other program that uses this project and erase again."
        )


def _confirm(count: int) -> None:
    if not sys.stdin.isatty():
        raise InputError("There is no terminal to ask on: add --yes to erase.")
    documents = "1 document" if count == 1 else f"{count} documents"
    if not typer.confirm(f"Erase {documents} and everything made from them? This cannot be undone"):
        raise InputError("Nothing was erased.")


def _show(receipt: Receipt) -> None:
    statement = receipt.statement
    for name, count in statement["removed"].items():
        if count:
            typer.echo(f"{name.replace('_', ' '):<14} {count:>7,} removed")
    became, release_became = _BECAME[statement["policy"]]
    for adapter in statement["adapters"]:
        typer.echo(f"adapter        {adapter['id']} learned from them and {became}")
    for release in statement["releases"]:
        typer.echo(f"release        {release['name']} answers with such an adapter and {release_became}")
    for job in statement["jobs"]:
        there = ", ".join(f"{name} {value}" for name, value in job["there"].items() if not name.startswith("file "))
        gone = f"; {job['files_removed']} files were removed there since" if job["files_removed"] else ""
        typer.echo(
            f"job            {job['job']} at {job['service']} ({job['at'][:16].replace('T', ' ')}"
            f"{f'; there: {there}' if there else ''}) was handed text of them{gone}: ask {job['service']} to delete "
            "the files, the job and its model"
        )
    checked = statement["verified"]
    typer.echo(
        f"verified       {checked['pages']:,} pages, {checked['pieces_looked_for']:,} pieces looked for, "
        f"{checked['pieces_found']:,} found"
    )
    typer.echo(f"receipt        {statement['receipt']}, signed; whole with --json")
    typer.echo("What an erasure here cannot reach: " + "; ".join(statement["remains"]) + ".")
