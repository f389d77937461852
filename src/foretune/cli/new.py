"""``foretune new``: a plan by interview, by file or by flags, and an empty vault beside it."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretune.errors import InputError

if TYPE_CHECKING:
    from foretune.plan import Config, Prompt
    from foretune.project import Project

__all__ = ["new"]

SAVED = "foretune-interview.json"
"""In the project's folder while an interview is not over: what was answered so far."""


def new(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The project's folder; it may hold other files.", show_default=False)
    ] = Path(),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, take every default.")] = False,
    from_file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Take answers from a TOML or JSON file.", show_default=False),
    ] = None,
    persona: Annotated[str | None, typer.Option(help="As … (an HR manager)", show_default=False)] = None,
    want: Annotated[str | None, typer.Option(help="I want … (staff questions answered)", show_default=False)] = None,
    so_that: Annotated[str | None, typer.Option(help="so that … (nobody waits)", show_default=False)] = None,
    further: Annotated[
        list[str] | None,
        typer.Option(
            "--story",
            metavar="'As …, I want …, so that …'",
            help="A further story that the project serves; repeatable.",
            show_default=False,
        ),
    ] = None,
    assign: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Any other setting; repeatable.", show_default=False),
    ] = None,
) -> None:
    """Make a project: foretune.toml from an interview (or --yes, --from FILE, flags) and an empty, encrypted vault.

    An interview that was stopped goes on where it was.
    """
    from foretune.plan import from_flags, read_answers, read_story, settle
    from foretune.plan.contradictions import require_consistent
    from foretune.plan.toml import PLAN

    if (directory / PLAN).exists():
        raise InputError(f"There is a project in {directory.resolve()} already: work in it, or choose another folder.")
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file: name a folder for the project.")
    saved = directory / SAVED
    answers: dict[str, Any] = read_answers(saved) if saved.is_file() else {}
    resumed = len(answers)
    answers |= read_answers(from_file) if from_file else {}
    answers |= from_flags(persona=persona, want=want, so_that=so_that, assign=assign or ())
    if further:
        answers["story.more"] = [*answers.get("story.more", []), *map(read_story, further)]
    whole_story = None not in (persona, want, so_that)
    if yes or from_file:
        config = settle(answers)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        config = _interview(answers, saved, resumed)
    elif whole_story:
        config = settle(answers)
    else:
        raise InputError(
            "There is no terminal to ask on: add --yes for every default, --from FILE, "
            "or --persona, --want and --so-that."
        )

    require_consistent(config)
    from foretune.project import Project

    with Project.create(directory, config) as project:
        saved.unlink(missing_ok=True)
        _say_where(project, directory)


def _interview(answers: dict[str, Any], saved: Path, resumed: int) -> Config:
    """Ask what is open; every answer is kept at once, so that whoever stops loses none."""
    from foretune.plan import conduct, write_answers

    kept = resumed

    def keep(so_far: Mapping[str, Any]) -> None:
        nonlocal kept
        saved.parent.mkdir(parents=True, exist_ok=True)
        write_answers(saved, so_far)
        kept = len(so_far)

    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (importing it lets people edit the line they type)
    if resumed:
        print(f"Going on after {resumed} answers; remove {saved} to begin again.")
    try:
        return conduct(_ask, answers, keep)
    except (KeyboardInterrupt, EOFError):
        print()  # the message is not to stand behind the question
        count = f"{kept} answer{' is' if kept == 1 else 's are'}"
        stopped = InputError(
            f"Stopped; {count} kept in {saved}: run the command again to go on."
            if kept
            else "Stopped; nothing was written."
        )
        stopped.exit_code = 130  # as shells have it for Ctrl-C
        raise stopped from None


def _ask(prompt: Prompt) -> str:
    """Show one question and read one line."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    if prompt.number == 1 and not prompt.objection:
        console.print("[dim]Enter takes what stands in brackets; Ctrl-C stops, and the next time it goes on there.[/]")
    if prompt.chapter:
        console.print(f"\n[bold]{prompt.chapter.title}[/]  [dim]{escape(prompt.chapter.about)}[/]")
    if prompt.objection:
        console.print(f"[yellow]{escape(prompt.objection)}[/]")
    else:
        console.print(f"\n[dim]{prompt.number}/{prompt.of}[/] {escape(prompt.question.ask)}")
        console.print(f"[dim]{escape(prompt.question.why)} For example: {escape(prompt.question.example)}.[/]")
    return input(f"[{prompt.default}] > " if prompt.default else "> ")


def _say_where(project: Project, directory: Path) -> None:
    from rich.console import Console
    from rich.markup import escape

    from foretune.plan.completeness import completeness
    from foretune.vault.keys import find_keys

    console = Console(highlight=False, soft_wrap=True)
    origin = find_keys(project.vault.id)[0].origin
    where = {"FORETUNE_KEY": "the environment variable FORETUNE_KEY", "keyring": "the system's keyring"}
    here = directory.resolve() == Path.cwd()
    console.print(f"A project in {escape(str(project.folder))}:")
    console.print(f"  plan   {escape(str(directory / 'foretune.toml'))}, to read and change")
    console.print(f"  vault  {escape(str(directory / 'vault'))}, encrypted")
    console.print(f"  key    {escape(where.get(origin, origin))}")
    console.print("[yellow]Keep a copy of the key: whoever loses it loses the vault.[/]")
    if missing := len(completeness(project.config).missing):
        entries = "1 entry of the plan is" if missing == 1 else f"{missing} entries of the plan are"
        console.print(f"{entries} still open: `foretune plan` says which, and why they matter.")
    there = "" if here else f"cd {shlex.quote(str(directory))} && "
    console.print(f"Next: [bold]{escape(there)}foretune add FOLDER[/]")
