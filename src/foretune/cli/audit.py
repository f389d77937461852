"""``foretune audit``: sign the log of what was done, hand it out, and verify it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["app"]

app = typer.Typer(help="Sign, export and verify the log of what was done.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


@app.command("checkpoint")
def checkpoint(
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write it to this file, to be kept elsewhere.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign the log as it is now."""
    from foretune.files import replacing
    from foretune.project import Project
    from foretune.vault.log import make_checkpoint

    with Project.open() as project:
        signed = make_checkpoint(project.vault)
    if out is not None:
        with replacing(out) as draft:
            draft.write_text(json.dumps(signed, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(signed, ensure_ascii=False))
    else:
        typer.echo(f"Signed: {signed['size']:,} events, root {signed['root']}")
        typer.echo(f"Public key: {signed['public_key']}")


@app.command("export")
def export(out: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines; holds no document text.")]) -> None:
    """Sign the log and write it to a file, for an auditor."""
    from foretune.files import replacing
    from foretune.project import Project
    from foretune.vault.log import log_lines, make_checkpoint

    with Project.open() as project:
        signed = make_checkpoint(project.vault)
        with replacing(out) as draft, draft.open("wb") as file:
            file.writelines(log_lines(project.vault))
    typer.echo(f"Wrote {out}: {signed['size']:,} events. Verify it anywhere:")
    typer.echo(f"foretune audit verify {out} --public-key {signed['public_key']}")


@app.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="An exported log; this project's by default.")
    ] = None,
    public_key: Annotated[
        str, typer.Option("--public-key", help="Whose signature it must bear, 64 hex digits.", show_default=False)
    ] = "",
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint that was kept elsewhere; repeatable.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell whether the log is what was signed: nothing changed, removed, added or moved; else exit with 1."""
    from dataclasses import asdict

    from foretune.errors import AuditError
    from foretune.vault.log import verify_log

    kept = [_read_checkpoint(path) for path in checkpoint or ()]
    with _lines(file) as lines:
        found = verify_log(lines, key=public_key.strip().lower(), kept=kept)
    if as_json:
        typer.echo(json.dumps({"holds": found.holds, **asdict(found)}, ensure_ascii=False))
    elif found.holds:
        typer.echo(f"It holds: {found.covered:,} of {found.events:,} events under {found.checkpoints:,} checkpoints.")
        typer.echo(f"Signed with {found.public_key}")
        if found.events > found.covered:
            typer.echo(f"The last {found.events - found.covered:,} are not signed yet: foretune audit checkpoint")
    if not found.holds:
        raise AuditError("The log is not what was signed. " + " ".join(found.problems))


@app.command("report")
def report(
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder; the project's reports folder by default.", show_default=False)
    ] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Also write bom.json, a CycloneDX bill of materials.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON Lines, and write nothing.")] = False,
) -> None:
    """Run every check an auditor would ask for, and write what each found, on which bytes, and how to repeat it."""
    from foretune.files import replacing
    from foretune.project import Project
    from foretune.project.auditing import bill_of_materials, write_audit_report
    from foretune.project.auditing.report import audit_report

    with Project.open() as project:
        made = audit_report(project)
        if as_json:
            for line in made["lines"]:
                typer.echo(json.dumps(line, ensure_ascii=False))
            return
        folder = out or project.folder / "reports"
        files = write_audit_report(made, folder)
        if bom:
            with replacing(folder / "bom.json") as draft:
                draft.write_text(bill_of_materials(project), encoding="utf-8")
            files.append(folder / "bom.json")
    for line in made["lines"]:
        typer.echo(f"{line['result']:<24} {line['question']}")
    typer.echo("Written: " + ", ".join(str(path) for path in files))


@contextmanager
def _lines(file: Path | None) -> Iterator[Iterable[bytes]]:
    from foretune.errors import InputError
    from foretune.project import Project
    from foretune.vault.log import log_lines

    if file is None:
        with Project.open() as project:
            yield log_lines(project.vault)
        return
    try:
        opened = file.open("rb")
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise InputError(f"{file} cannot be read ({reason}): give a file that `foretune audit export` wrote.") from None
    with opened:
        yield opened


def _read_checkpoint(path: Path) -> dict[str, Any]:
    from foretune.errors import InputError

    try:
        statement = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        statement = None
    if not isinstance(statement, dict):
        raise InputError(f"{path} is no checkpoint: give a file that `foretune audit checkpoint --out` wrote.")
    return statement
