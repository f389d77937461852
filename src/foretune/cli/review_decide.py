"""``foretune review include``, ``exclude``, ``redact`` …: deciding, confirming, taking back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretune.cli import review_rule_tables as rule_tables
from foretune.cli import review_standing_tables as tables
from foretune.cli.views import AsJson, CsvFile, HtmlFile, View, show
from foretune.types import Label, Use

if TYPE_CHECKING:
    from foretune.governance import Filter

__all__ = ["register"]

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="[PATH]...", help="Documents, folders, or patterns ('drafts/**').")
]
PathOption = Annotated[
    list[str] | None, typer.Option("--path", metavar="PATH", help="The same as an option; repeatable.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
Findings = Annotated[list[str] | None, typer.Option("--finding", help="A finding's id, as listed; repeatable.")]
Check = Annotated[str, typer.Option("--check", help="Only where this check found something.")]
Type = Annotated[str, typer.Option("--type", help="Only where this type of finding is.")]
SeverityOption = Annotated[
    str, typer.Option("--severity", help="Only findings of at least this severity: info, low, medium or high.")
]
LabelFilter = Annotated[Label | None, typer.Option("--label", help="Only documents with this label.")]
OlderThan = Annotated[
    datetime | None,
    typer.Option("--older-than", formats=["%Y-%m-%d"], help="Only documents last dated before this day."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Decide nothing; show what would change.")]


def register(app: typer.Typer) -> None:
    """Add the commands that decide."""
    app.command("include")(include)
    app.command("exclude")(exclude)
    app.command("wait")(wait)
    app.command("supersede")(supersede)
    app.command("redact")(redact)
    app.command("repair")(repair)
    app.command("relabel")(relabel)
    app.command("confirm")(confirm)
    app.command("undo")(undo)


def include(
    paths: Paths = None,
    reason: Reason = "",
    use: Annotated[Use, typer.Option("--use", help="What for.")] = Use.BOTH,
    path: PathOption = None,
    check: Check = "",
    type_: Type = "",
    severity: SeverityOption = "",
    label: LabelFilter = None,
    older_than: OlderThan = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Let documents in: for retrieval, for tuning, or for both."""
    only = _filter(check, type_, severity, label, older_than)
    _decide("include", paths, path, reason, only, dry_run, (as_json, csv_file, html_file), use=use)


def exclude(
    paths: Paths = None,
    reason: Reason = "",
    path: PathOption = None,
    check: Check = "",
    type_: Type = "",
    severity: SeverityOption = "",
    label: LabelFilter = None,
    older_than: OlderThan = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Keep documents out."""
    only = _filter(check, type_, severity, label, older_than)
    _decide("exclude", paths, path, reason, only, dry_run, (as_json, csv_file, html_file))


def wait(
    paths: Paths = None,
    reason: Reason = "",
    path: PathOption = None,
    check: Check = "",
    type_: Type = "",
    severity: SeverityOption = "",
    label: LabelFilter = None,
    older_than: OlderThan = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Put documents off: they go no further until somebody decides."""
    only = _filter(check, type_, severity, label, older_than)
    _decide("wait", paths, path, reason, only, dry_run, (as_json, csv_file, html_file))


def supersede(
    paths: Paths = None,
    by: Annotated[str, typer.Option("--by", help="The document that replaces them.")] = "",
    reason: Reason = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Keep documents out because another one replaces them."""
    _decide("supersede", paths, None, reason, None, dry_run, (as_json, csv_file, html_file), replacement=by)


def redact(
    paths: Paths = None,
    reason: Reason = "",
    finding: Findings = None,
    replacement: Annotated[str, typer.Option("--with", help="Words to put there instead of a mask like [EMAIL].")] = "",
    path: PathOption = None,
    check: Check = "",
    type_: Type = "",
    severity: SeverityOption = "",
    label: LabelFilter = None,
    older_than: OlderThan = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Mask findings, or everything personal in documents, now and in later versions."""
    only = _filter(check, type_, severity, label, older_than)
    form = (as_json, csv_file, html_file)
    _decide("redact", paths, path, reason, only, dry_run, form, findings=finding or (), replacement=replacement)


def repair(
    paths: Paths = None,
    reason: Reason = "",
    finding: Findings = None,
    path: PathOption = None,
    check: Check = "",
    type_: Type = "",
    severity: SeverityOption = "",
    label: LabelFilter = None,
    older_than: OlderThan = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Make the repairs that findings offer, or all that are offered for documents."""
    only = _filter(check, type_, severity, label, older_than)
    form = (as_json, csv_file, html_file)
    _decide("repair", paths, path, reason, only, dry_run, form, findings=finding or ())


def relabel(
    paths: Paths = None,
    label: Annotated[Label | None, typer.Option("--label", help="How sensitive they are.")] = None,
    reason: Reason = "",
    path: PathOption = None,
    check: Check = "",
    type_: Type = "",
    severity: SeverityOption = "",
    older_than: OlderThan = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Say how sensitive documents are."""
    only = _filter(check, type_, severity, None, older_than)
    _decide("relabel", paths, path, reason, only, dry_run, (as_json, csv_file, html_file), label=label)


def confirm(
    decision: Annotated[int, typer.Argument(help="The decision's id, as `standing` and `history` show it.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Agree, as the second person, to an inclusion or a lower label of a restricted document."""
    from foretune.project import Project

    with Project.open() as project:
        _say("confirm", [project.confirm(decision, reason=reason)], as_json)


def undo(
    decision: Annotated[
        int | None, typer.Argument(help="The decision's id; left out: all that you decided last in one go.")
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Take a decision back; both stay in the history."""
    from foretune.project import Project

    with Project.open() as project:
        _say("undo", project.undo(decision, reason=reason), as_json)


def _filter(check: str, kind: str, severity: str, label: Label | None, older_than: datetime | None) -> Filter:
    from foretune.errors import InputError
    from foretune.governance import Filter
    from foretune.types import Severity

    names = [each.name.lower() for each in Severity]
    if severity and severity not in names:
        raise InputError(f"There is no severity {severity!r}: choose from {', '.join(names)}.")
    least = Severity[severity.upper()] if severity else None
    return Filter(check, kind, least, label, older_than.date() if older_than else None)


def _decide(
    kind: str,
    paths: list[str] | None,
    more_paths: list[str] | None,
    reason: str,
    only: Filter | None,
    dry_run: bool,
    form: tuple[bool, Any, Any],
    **what: Any,
) -> None:
    from foretune.governance import DecisionKind
    from foretune.project import Project

    named = [*(paths or ()), *(more_paths or ())]
    with Project.open() as project:
        made = project.decide(named, DecisionKind(kind), reason=reason, only=only, dry_run=dry_run, **what)
        changes = project.preview(made) if dry_run else []

    def view() -> View:
        if dry_run:
            rows = [rule_tables.change_row(each) for each in changes]
            return View(
                f"What it would change to {kind} these", rule_tables.CHANGE_COLUMNS, rows, f"{len(rows):,} documents."
            )
        rows = [tables.decision_row(each) for each in made]
        return View(f"Decided: {kind}", tables.DECISION_COLUMNS, rows, f"{len(rows):,} decisions.")

    def on_terminal() -> None:
        if dry_run:
            rule_tables.show_changes(
                changes, what=f"To {kind} {len({each.document_id for each in made}):,} of the documents"
            )
            rule_tables.show_edits(made)
        else:
            typer.echo("\n".join(tables.said(DecisionKind(kind), made)))

    as_json, csv_file, html_file = form
    show(view, on_terminal, as_json=as_json, csv_file=csv_file, html_file=html_file)


def _say(kind: str, made: Any, as_json: bool) -> None:
    from foretune.governance import DecisionKind

    if as_json:
        for each in made:
            typer.echo(json.dumps(tables.decision_row(each), ensure_ascii=False))
    else:
        typer.echo("\n".join(tables.said(DecisionKind(kind), made)))
