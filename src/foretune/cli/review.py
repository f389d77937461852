"""``foretune review``: what is wrong with the documents, and what goes in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from foretune.cli import review_tables as tables
from foretune.cli.review_decide import Reason
from foretune.cli.review_decide import register as register_decisions
from foretune.cli.review_labels import exchange
from foretune.cli.review_standing import register as register_standings
from foretune.cli.views import AsJson, CsvFile, HtmlFile, View, show

__all__ = ["app"]

app = typer.Typer(help="Check the documents, see the findings, and decide what goes in.")


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
    csv_file: CsvFile = None,
    html_file: HtmlFile = None,
) -> None:
    """Check what changed, and show the findings, the most important first."""
    if context.invoked_subcommand is not None:
        return
    if out is not None or taken is not None:
        exchange(out, taken, reason, as_json=as_json)
        return
    from foretune.cli.progress import terminal
    from foretune.governance.checks import checks as all_checks
    from foretune.governance.checks import notices
    from foretune.project import Project

    checks, documents = check or [], document or []
    with Project.open() as project:
        summary = project.review(progress=terminal())

        def view() -> View:
            rows = [tables.finding_row(each) for each in project.findings(checks=checks, documents=documents)]
            if not documents:
                rows += [
                    tables.corpus_finding_row(each) for each in summary.corpus if not checks or each.check in checks
                ]
            note = f"{len(rows):,} findings in {summary.documents:,} documents, the most important first."
            return View("Findings", tables.FINDING_COLUMNS, rows, note)

        def on_terminal() -> None:
            if checks or documents:
                listed = project.findings(checks=checks, documents=documents, limit=limit + 1 if limit else None)
                corpus = [each for each in summary.corpus if each.check in checks and not documents]
                if listed or not corpus:
                    tables.show_findings(listed, limit)
                tables.show_corpus(corpus)
            else:
                tables.show_overview(project, summary, limit)

        for notice in notices(each.name for each in all_checks()):
            typer.echo(notice, err=True)
        show(view, on_terminal, as_json=as_json, csv_file=csv_file, html_file=html_file)


register_decisions(app)
register_standings(app)
