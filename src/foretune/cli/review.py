"""``foretune review``: what is wrong with the documents, and what goes in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretune.cli import review_tables as tables
from foretune.types import Label, Use

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["app"]

app = typer.Typer(help="Check the documents, see the findings, and decide what goes in.")

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH]...", help="Documents, folders, or patterns ('drafts/**').")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
Findings = Annotated[list[str] | None, typer.Option("--finding", help="A finding's id, as listed; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.callback(invoke_without_command=True)
def review(
    context: typer.Context,
    check: Annotated[list[str] | None, typer.Option("--check", help="Findings of this check only; repeatable.")] = None,
    document: Annotated[
        list[str] | None, typer.Option("--document", help="Findings in this document only; repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Show at most this many; 0 for all.")] = 20,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the labels of all documents to this .xlsx or .csv, to fill in.")
    ] = None,
    taken: Annotated[Path | None, typer.Option("--in", help="Take in such a sheet that was filled in.")] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Check what changed, and show the findings, the most important first."""
    if context.invoked_subcommand is not None:
        return
    if out is not None or taken is not None:
        _sheet(out, taken, reason, as_json)
        return
    from foretune.cli.progress import terminal
    from foretune.project import Project

    checks, documents = check or [], document or []
    with Project.open() as project:
        summary = project.review(progress=terminal())
        if as_json:
            _print(map(tables.finding_row, project.findings(checks=checks, documents=documents)))
            if not documents:
                _print(tables.corpus_finding_row(each) for each in summary.corpus if not checks or each.check in checks)
        elif checks or documents:
            listed = project.findings(checks=checks, documents=documents, limit=limit + 1 if limit else None)
            corpus = [each for each in summary.corpus if each.check in checks and not documents]
            if listed or not corpus:
                tables.show_findings(listed, limit)
            tables.show_corpus(corpus)
        else:
            tables.show_overview(project, summary, limit)


@app.command("include")
def include(
    paths: Paths = None,
    reason: Reason = "",
    use: Annotated[Use, typer.Option("--use", help="What for.")] = Use.BOTH,
    as_json: AsJson = False,
) -> None:
    """Let documents in: for retrieval, for tuning, or for both."""
    _decide("include", paths, reason, as_json, use=use)


@app.command("exclude")
def exclude(paths: Paths = None, reason: Reason = "", as_json: AsJson = False) -> None:
    """Keep documents out."""
    _decide("exclude", paths, reason, as_json)


@app.command("supersede")
def supersede(
    paths: Paths = None,
    by: Annotated[str, typer.Option("--by", help="The document that replaces them.")] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Keep documents out because another one replaces them."""
    _decide("supersede", paths, reason, as_json, replacement=by)


@app.command("redact")
def redact(
    paths: Paths = None,
    reason: Reason = "",
    finding: Findings = None,
    replacement: Annotated[str, typer.Option("--with", help="Words to put there instead of a mask like [EMAIL].")] = "",
    as_json: AsJson = False,
) -> None:
    """Mask findings, or everything personal in documents, now and in later versions."""
    _decide("redact", paths, reason, as_json, findings=finding or (), replacement=replacement)


@app.command("repair")
def repair(paths: Paths = None, reason: Reason = "", finding: Findings = None, as_json: AsJson = False) -> None:
    """Make the repairs that findings offer, or all that are offered for documents."""
    _decide("repair", paths, reason, as_json, findings=finding or ())


@app.command("relabel")
def relabel(
    paths: Paths = None,
    label: Annotated[Label | None, typer.Option("--label", help="How sensitive they are.")] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Say how sensitive documents are."""
    _decide("relabel", paths, reason, as_json, label=label)


@app.command("standing")
def standing(
    state: Annotated[str, typer.Option("--state", help="included, excluded or undecided; empty for all.")] = "",
    as_json: AsJson = False,
) -> None:
    """Where each document stands, by whom, and why."""
    from foretune.errors import InputError
    from foretune.governance import State
    from foretune.project import Project

    if state and state not in list(State):
        raise InputError(f"There is no state {state!r}: choose from {', '.join(State)}.")
    with Project.open() as project:
        shown = [each for each in project.standing() if state in ("", each.state)]
    if as_json:
        _print(map(tables.standing_row, shown))
    else:
        tables.show_standings(shown)


@app.command("history")
def history(paths: Paths = None, as_json: AsJson = False) -> None:
    """What people decided, oldest first."""
    from foretune.project import Project

    with Project.open() as project:
        made = project.decisions(paths or ())
    if as_json:
        _print(map(tables.decision_row, made))
    else:
        tables.show_decisions(made)


def _decide(kind: str, paths: list[str] | None, reason: str, as_json: bool, **what: Any) -> None:
    from foretune.governance import DecisionKind
    from foretune.project import Project

    with Project.open() as project:
        made = project.decide(paths or (), DecisionKind(kind), reason=reason, **what)
    if as_json:
        _print(map(tables.decision_row, made))
        return
    for line in tables.said(DecisionKind(kind), made):
        typer.echo(line)


def _sheet(out: Path | None, taken: Path | None, reason: str, as_json: bool) -> None:
    from foretune.errors import InputError
    from foretune.project import Project

    if out is not None and taken is not None:
        raise InputError("Give either --out, to write a sheet, or --in, to take one in.")
    with Project.open() as project:
        if out is not None:
            count = project.write_labels(out)
            typer.echo(f"Wrote {out}: {count:,} documents. Fill it in, then: foretune review --in {out}", err=as_json)
        elif taken is not None:
            outcome = project.read_labels(taken, reason=reason)
            if as_json:
                _print(outcome.as_json())
            else:
                tables.show_sheet(outcome)


def _print(rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        typer.echo(json.dumps(row, ensure_ascii=False))
