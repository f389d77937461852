"""``foretune release``: pin, promote, roll back."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from foretune.types import Arm

__all__ = ["app"]

app = typer.Typer(help="Pin what answers, promote it, roll it back.", no_args_is_help=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What to call it; r1, r2 … by default.")] = "",
    arm: Annotated[Arm | None, typer.Option(help="base, rag, tuned or tuned+rag; the plan's by default.")] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Make it the current one at once.")] = False,
) -> None:
    """Pin engine, adapter, retrieval settings and prompt as they are now."""
    from foretune.plan.asked import whom_to_ask
    from foretune.project import Project
    from foretune.releases import promote as promote_release

    with Project.open() as project:
        asked = whom_to_ask(project.config, "signs_off")
        release = project.create_release(name=name, arm=arm)
        if promote:
            promote_release(project.vault, release.id)
    state = "current" if promote else "pinned"
    typer.echo(f"Release {release.name} ({release.specification.arm}, {release.id}) is {state}.")
    if asked:
        typer.echo(f"Somebody has to sign it off.{asked}")
    if name and name != release.name:
        typer.echo(f"It was made before, under the name {release.name}, so it is not called {name}.")
    if not promote:
        typer.echo(f"Let it answer: foretune release promote {release.name}")


@app.command("promote")
def promote(name: Annotated[str, typer.Argument(help="Name or id.")]) -> None:
    """Make a release the current one; a running server changes over."""
    from foretune.project import Project
    from foretune.releases import promote as promote_release

    with Project.open() as project:
        release = promote_release(project.vault, name)
    typer.echo(f"Release {release.name} is current.")


@app.command("rollback")
def rollback() -> None:
    """Go back to the release that was current before."""
    from foretune.project import Project
    from foretune.releases import rollback as roll_back

    with Project.open() as project:
        release = roll_back(project.vault)
    typer.echo(f"Release {release.name} is current again.")


@app.command("list")
def list_releases(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a release.")] = False) -> None:
    """All releases, oldest first."""
    from foretune.project import Project
    from foretune.releases import list_releases as all_releases

    with Project.open() as project:
        releases = all_releases(project.vault)
    for release in releases:
        if as_json:
            row = {
                "name": release.name,
                "id": release.id,
                "current": release.current,
                "at": release.at,
                **release.specification.as_json(),
            }
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            mark = "*" if release.current else " "
            typer.echo(f"{mark} {release.name:<12} {release.specification.arm:<10} {release.at[:16]}  {release.id}")
    if not releases and not as_json:
        typer.echo("There are no releases yet: `foretune release create` makes one.")
