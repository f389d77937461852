"""``foretune pairs review``, ``leaks``, ``variety``, ``judge``, ``recipes``: looking at pairs and deciding on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["judge", "leaks", "recipes", "review", "variety"]

_JSON = typer.Option("--json", help="As JSON.")


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True)


def _say(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))


def review(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the pairs to an .xlsx or .csv to fill in.")
    ] = None,
    taken: Annotated[
        Path | None, typer.Option("--in", metavar="FILE", help="Take in a sheet that was filled in.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, where a row has no note of its own.")] = "",
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Judge pairs in a spreadsheet: keep, reject, rate, rewrite; it holds when pairs are written again."""
    from foretune.errors import InputError
    from foretune.project import Project

    if (out is None) == (taken is None):
        raise InputError("Give either --out, to write a sheet, or --in, to take one in.")
    with Project.open() as project:
        if out is not None:
            count = project.write_pair_review(out)
            text = f"Wrote {out}: {count:,} pairs. Fill it in, then: foretune pairs review --in {out}"
            _say({"file": str(out), "pairs": count}) if as_json else typer.echo(text)
            return
        assert taken is not None
        outcome = project.read_pair_review(taken, reason=reason)
    if as_json:
        _say(outcome.as_json())
        return
    console = _console()
    for notice in outcome.notices:
        console.print(notice, markup=False)
    console.print(
        f"{outcome.rows:,} rows: {outcome.decided:,} decided ({outcome.kept} kept, {outcome.rejected} rejected, "
        f"{outcome.rated} rated, {outcome.rewritten} rewritten), {outcome.unchanged:,} as they were, "
        f"{len(outcome.set_aside):,} set aside."
    )
    for each in outcome.set_aside:
        console.print(f"  row {each.row}, {each.source}: {each.reason}.", markup=False)


def leaks(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a leak.")] = False) -> None:
    """What the pairs share with the bench, across the split, and with the framework's examples."""
    from foretune.project import Project

    with Project.open() as project:
        found = project.pair_leaks()
    if as_json:
        for leak in found:
            _say(leak.as_json())
        return
    console = _console()
    harmful = [leak for leak in found if leak.kind.harmful]
    inside = sum(leak.trained_on for leak in harmful)
    facts = len(found) - len(harmful)
    console.print(
        f"{len(harmful)} leaks, {inside} of them among the training pairs; {facts} pairs ask for a fact of the bench "
        "otherwise, which is what tuning is for."
    )
    if found:
        from rich.table import Table

        table = Table("kind", "trained on", "source", "prompt", "shares with", "likeness")
        for leak in found[:_SHOWN]:
            cells = (leak.kind.value, "yes" if leak.trained_on else "no", leak.path, leak.prompt, leak.other)
            table.add_row(*(cell.replace("[", "\\[") for cell in cells), f"{leak.similarity:.2f}")
        console.print(table)
    if len(found) > _SHOWN:
        console.print(f"… and {len(found) - _SHOWN} more: --json lists all.")


_SHOWN = 40


def variety(as_json: Annotated[bool, _JSON] = False) -> None:
    """How the prompts begin, what form they have, and who asks."""
    from foretune.project import Project

    with Project.open() as project:
        found = project.prompt_variety()
    if as_json:
        _say(found.as_json())
        return
    console = _console()
    console.print(f"{found.prompts:,} prompts. Evenness: 0 = all alike, 1 = every kind as often.")
    rows = (("begin with", found.verbs), ("form", found.forms), ("who asks", found.personas), ("length", found.lengths))
    for name, spread in rows:
        kinds = ", ".join(f"{kind} {count}" for kind, count in spread.counts.items())
        console.print(f"  {name} ({spread.evenness:.2f}): {kinds}", markup=False)


def judge(
    sample: Annotated[int, typer.Option("--sample", min=0, help="Pairs to judge; 0 for all.")] = 20,
    rubric: Annotated[
        Path | None, typer.Option("--rubric", metavar="FILE", help="Your own rubric (TOML).", show_default=False)
    ] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Have the language model judge pairs by a written rubric, and say how far it agrees with people."""
    from foretune.cli.progress import terminal
    from foretune.project import Project

    with Project.open() as project:
        found = project.judge_pairs(sample=sample, rubric=rubric, progress=terminal())
    agreed = found.agreement
    if as_json:
        _say({"judged": found.judged, "fit": found.fit, "unreadable": found.unreadable, **agreed.as_json()})
        return
    console = _console()
    console.print(
        f"{found.judged} pairs judged, {found.fit} of them fit; {found.unreadable} answers could not be read."
    )
    if not agreed.both:
        console.print("Nobody has judged any of them yet, so nothing says what this is worth: `foretune pairs review`.")
        return
    chance = (
        f"Cohen's kappa {agreed.kappa:.2f} ({agreed.kappa_low:.2f} to {agreed.kappa_high:.2f})"
        if agreed.kappa is not None
        else "no kappa, because one of the two always said the same"
    )
    console.print(
        f"On {agreed.both} pairs that people judged too it agrees on {agreed.agree} ({agreed.low:.0%} to "
        f"{agreed.high:.0%}); {chance}."
    )


def recipes(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a recipe.")] = False) -> None:
    """The recipes that pairs.recipes can name."""
    from foretune.pairs import RECIPES

    for each in RECIPES.values():
        if as_json:
            _say({"recipe": each.name, "makes": each.summary})
        else:
            typer.echo(f"{each.name:16} {each.summary}")
