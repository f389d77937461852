"""``foretune access``: who may use the vault, and what they may see in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.types import Label, Role

if TYPE_CHECKING:
    from foretune.vault import Grant, Principal, Vault

__all__ = ["app"]

app = typer.Typer(help="Say who may use the vault, and what they may see.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Of a person or a service.", show_default=False)]
Labels = Annotated[Label | None, typer.Option("--label", help="Documents up to this label.", show_default=False)]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="Documents of this source; repeatable.", show_default=False)
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="Documents with this tag; repeatable.", show_default=False)
]


@app.command("add")
def add(
    name: Name,
    role: Annotated[
        Role,
        typer.Option(help="owner: everything; steward: change documents; reader: what is granted; auditor: the log."),
    ] = Role.READER,
    label: Annotated[
        Label, typer.Option("--up-to", help="The most sensitive label a reader may see, whatever is granted.")
    ] = Label.INTERNAL,
) -> None:
    """Add somebody. A reader sees nothing before you grant something."""
    from foretune.project import Project
    from foretune.vault.principals import add_principal

    with Project.open() as project:
        _show(project.vault, add_principal(project.vault, name, role, label=label))


@app.command("remove")
def remove(name: Name) -> None:
    """Remove somebody, with grants and key."""
    from foretune.project import Project
    from foretune.vault.principals import remove_principal

    with Project.open() as project:
        remove_principal(project.vault, name)
    typer.echo(f"{name} is removed.")


@app.command("grant")
def grant(name: Name, label: Labels = None, source: Sources = None, tag: Tags = None) -> None:
    """Let a reader see documents; each grant adds to the others."""
    from foretune.project import Project
    from foretune.vault.principals import give

    with Project.open() as project:
        _show(project.vault, give(project.vault, name, _grants(project.vault, label, source, tag)))


@app.command("revoke")
def revoke(name: Name, label: Labels = None, source: Sources = None, tag: Tags = None) -> None:
    """Take grants back; it holds from the next query on."""
    from foretune.project import Project
    from foretune.vault.principals import take_back

    with Project.open() as project:
        _show(project.vault, take_back(project.vault, name, _grants(project.vault, label, source, tag)))


@app.command("key")
def key(name: Name) -> None:
    """Make a key for the served address, which replaces the one before; it is shown once."""
    from foretune.project import Project
    from foretune.vault.principals import issue_key

    with Project.open() as project:
        typer.echo(issue_key(project.vault, name))


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a principal.")] = False) -> None:
    """Who may use the vault, and what they may see."""
    from foretune.project import Project
    from foretune.vault.principals import principals

    with Project.open() as project:
        project.vault.require_owner("see who else has access")
        listed = principals(project.vault)
        for each in listed:
            if as_json:
                grants = [{"kind": one.kind.value, "value": one.value} for one in _in_order(each)]
                row = {"name": each.name, "role": each.role, "label": each.label.value, "grants": grants}
                typer.echo(json.dumps(row, ensure_ascii=False))
            else:
                _show(project.vault, each)
    if not listed and not as_json:
        typer.echo("Nobody was added: whoever holds the key is the owner.")


def _grants(vault: Vault, label: Label | None, sources: list[str] | None, tags: list[str] | None) -> list[Grant]:
    from foretune.vault import Grant, GrantKind
    from foretune.vault.principals import source_grant

    return [
        *([Grant(GrantKind.LABEL, label.value)] if label else []),
        *(source_grant(vault, each) for each in sources or ()),
        *(Grant(GrantKind.TAG, each) for each in tags or ()),
    ]


def _in_order(principal: Principal) -> list[Grant]:
    return sorted(principal.grants or (), key=lambda each: (each.kind, each.value))


def _show(vault: Vault, principal: Principal) -> None:
    from foretune.corpus import sources

    if principal.grants is None:
        sees = "no document" if principal.role == Role.AUDITOR else "every document"
    elif not principal.grants:
        sees = "nothing yet: foretune access grant"
    else:
        locations = {one.id: str(one.location) for one in sources(vault)}
        named = [f"{each.kind} {locations.get(each.value, each.value)}" for each in _in_order(principal)]
        sees = f"{', '.join(named)}; never above {principal.label.value}"
    typer.echo(f"{principal.name:<16} {principal.role:<8} {sees}")
