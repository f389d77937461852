"""``foretune plan``: what is decided, what is still open, and why it matters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from foretune.errors import InputError

if TYPE_CHECKING:
    from foretune.plan import Config
    from foretune.plan.completeness import Completeness
    from foretune.plan.history import PlanChange

__all__ = ["plan"]

_STYLES = {"given": "", "draft": "dim", "default": "dim", "missing": "yellow"}


def plan(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an entry.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print the requirements document.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Write the requirements document (.md, .html, .docx) for those who sign it, and keep this version.",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why the plan changed since it was last written.")] = "",
    story: Annotated[
        list[str] | None,
        typer.Option("--add-story", metavar="'As …, I want …, so that …'", help="A further story; repeatable."),
    ] = None,
) -> None:
    """Show the plan: what is decided, what is still open and why it matters, what changed since it was agreed."""
    from foretune.plan import find, load, update
    from foretune.plan.completeness import completeness
    from foretune.plan.contradictions import require_consistent
    from foretune.plan.document import markdown, require_place, story_sentences, write_document
    from foretune.plan.history import changes_since, keep_version, read_history

    if reason and out is None:
        raise InputError("--reason is kept with the document that is signed: name it with --out FILE.")
    path = find(Path.cwd())
    config = _with_stories(load(path), story or ())
    if story or out is not None:
        require_consistent(config)
    if out is not None:
        require_place(out)
        history = keep_version(path.parent, config, reason=reason)
    if story:
        config = update(path, {"story.more": config.story.more})
        for sentence in story_sentences(config)[-len(story) :]:
            typer.echo(f"Added: {sentence}", err=as_json or as_markdown)
    if out is not None:
        write_document(config, out, history)
        typer.echo(f"Wrote {out}", err=as_json)
    if as_markdown:
        typer.echo(markdown(config, read_history(path.parent)), nl=False)
    elif as_json:
        for entry in completeness(config).entries:
            names = ("key", "label", "value", "state", "why", "example", "weak")
            typer.echo(json.dumps({name: getattr(entry, name) for name in names}, ensure_ascii=False))
    elif story and out is None:
        total = len(story_sentences(config))
        typer.echo(f"The plan tells {total} stories now; `foretune advise` says what that means for the advice.")
    elif out is None:
        _show(config, completeness(config), changes_since(config, read_history(path.parent)))
    require_consistent(config)


def _with_stories(config: Config, told: Sequence[str]) -> Config:
    """The plan with these stories added; not in its file yet.

    Raises:
        InputError: a sentence is no story, or the plan tells it already.
    """
    from foretune.plan import read_story
    from foretune.plan.intent import stories

    added = [read_story(sentence) for sentence in told]
    known = set(stories(config))
    for story, sentence in zip(added, told, strict=True):
        if (parts := (story.persona, story.want, story.so_that)) in known:
            raise InputError(f"The plan tells this story already: {sentence}")
        known.add(parts)
    return config.model_copy(update={"story": config.story.model_copy(update={"more": [*config.story.more, *added]})})


def _show(config: Config, entries: Completeness, changes: Sequence[PlanChange]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from foretune.plan.document import story_sentences
    from foretune.plan.questions import CHAPTERS

    console = Console(highlight=False)
    for sentence in story_sentences(config):
        console.print(f"[bold]{escape(sentence)}[/]")
    for chapter in CHAPTERS:
        console.print(f"\n[bold]{chapter.title}[/]")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(width=24)
        for entry in entries.entries:
            if entry.section == chapter.section:
                style = _STYLES[entry.state]
                note = f" [dim]({entry.state})[/]" if entry.value and entry.state != "given" else ""
                value = f"[{style}]{escape(entry.value)}[/]" if style else escape(entry.value)
                table.add_row(entry.label, value + note if entry.value else "[yellow]missing[/]")
        console.print(table)
    missing = [
        (entry, f"{escape(entry.why)} [dim]For example: {escape(entry.example)}.[/]") for entry in entries.missing
    ]
    weak = [(entry, escape(entry.weak)) for entry in entries.weak]
    for title, noted in (("Missing, and why it matters", missing), ("Weak, and why", weak)):
        if not noted:
            continue
        console.print(f"\n[bold]{title}[/]")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(width=24)
        for entry, note in noted:
            table.add_row(f"{entry.label}\n[dim]{entry.key}[/]", note)
        console.print(table)
    if changes:
        console.print("\n[bold]Changed since it was last written[/] [dim](plan --out FILE --reason WHY keeps it)[/]")
        for change in changes:
            console.print(f"  {change.label}: {escape(change.before or '–')} → {escape(change.after or '–')}")
    decided, total = len(entries.given), len(entries.entries)
    console.print(f"\n{decided} of {total} entries decided, {len(entries.unconfirmed)} as drafted or by default.")
