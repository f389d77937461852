"""``foretune vault``: its key, changed or brought back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from foretune.errors import InputError

__all__ = ["app"]

app = typer.Typer(help="Change the vault's key, or keep it in shares.", no_args_is_help=True)


@app.command("rekey")
def rekey() -> None:
    """Encrypt the vault with a new key; who reads meanwhile goes on. Copies made before keep the old one."""
    from foretune.project import Project

    with Project.open() as project:
        origin = project.vault.rekey()
    typer.echo(f"The vault has a new key: {origin}")
    typer.echo("Backups made before open only with the old key, and shares of the old key open nothing else.")


@app.command("split")
def split(
    shares: Annotated[int, typer.Option(help="How many shares to make.")] = 5,
    needed: Annotated[int, typer.Option(help="How many of them bring the key back.")] = 3,
) -> None:
    """Show the key in shares for several people, one a line; fewer than needed tell nothing about it."""
    from foretune.project import Project
    from foretune.vault.recovery import split_secret

    with Project.open() as project:
        made = split_secret(project.vault.recovery_secret(), shares=shares, needed=needed)
    for share in made:
        typer.echo(share)


@app.command("recover")
def recover(
    folder: Annotated[Path, typer.Option("--project", help="The project's folder.")] = Path(),
) -> None:
    """Bring the key back from shares on standard input, one a line."""
    from foretune.vault import Vault
    from foretune.vault.recovery import join_shares

    shares = [line.strip() for line in sys.stdin if line.strip()]
    if not shares:
        raise InputError("There are no shares on standard input: give one a line.")
    typer.echo(f"The key is back: {Vault.recover(folder.resolve() / 'vault', join_shares(shares))}")
