"""``foretune ask``: an answer from the documents, with citations."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from foretune.cli.filters import Filters

__all__ = ["ask"]


def ask(
    words: Annotated[list[str], typer.Argument(metavar="QUESTION", help="What you want to know; quotes are optional.")],
    filters: Filters = None,
    show: Annotated[bool, typer.Option("--show", help="Show what the answer was made from.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Answer a question from the documents, or say that they don't."""
    from foretune.errors import InputError
    from foretune.project import Project
    from foretune.releases import current
    from foretune.retrieval import read_filters

    question = " ".join(words).strip()
    if not question:
        raise InputError('There is no question: ask one, such as foretune ask "Who approves travel?".')
    wanted = read_filters(filters or [])
    with Project.open() as project:
        answer = project.ask(question, filters=wanted)
        release = current(project.vault)
    if as_json:
        row = {
            "question": answer.question,
            "answer": answer.text,
            "outcome": answer.outcome,
            "citations": [asdict(citation) for citation in answer.citations],
            "release": release.name if release else None,
            "seconds": round(answer.seconds, 3),
        }
        if show:
            row["support"] = round(answer.support, 3)
            row["phrased"] = answer.phrased
            row["passages"] = [asdict(passage) for passage in answer.passages]
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.padding import Padding

    console = Console(highlight=False)
    marks = "".join(f" [bold cyan]\\[{citation.number}][/]" for citation in answer.citations)
    console.print(escape(answer.text) + marks)
    for citation in answer.citations:
        console.print(f"[bold cyan]\\[{citation.number}][/] [dim]{escape(citation.document)}[/]")
        console.print(Padding(f"“{escape(citation.quote)}”", (0, 0, 0, 4)))
    if not answer.citations and answer.passages:
        console.print("[dim]The nearest things that are:[/]")
        for passage in answer.passages:
            console.print(f"  [dim]{escape(passage.path)}: {escape(' > '.join(passage.headings[-2:]))}[/]")
    if show:
        console.print(
            f"\n[dim]support {answer.support:.2f}; the engine said: {escape(answer.phrased or '(was not asked)')}; "
            f"{answer.tokens_in} tokens read, {answer.tokens_out} written, {answer.seconds:.1f} s[/]"
        )
        for passage in answer.passages:
            console.rule(f"[dim]{escape(passage.path)} {passage.start}–{passage.end}[/]", align="left")
            console.print(escape(passage.text))
