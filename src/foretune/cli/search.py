"""``foretune search``: the passages that fit a query best."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foretune.cli.filters import Filters
from foretune.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from foretune.retrieval import Hit

__all__ = ["search"]

_WIDTH = 80
_SNIPPET = 280
"""Characters of a passage that are shown to people; ``--json`` gives all."""


def search(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUERY", help="What to look for, in any words; quotes are optional.", show_default=False
        ),
    ] = None,
    count: Annotated[int, typer.Option("-k", min=1, max=1000, help="Passages to show.")] = 10,
    queries: Annotated[
        Path | None, typer.Option(help='A JSON Lines file of {"id", "query"} rows to search for.', show_default=False)
    ] = None,
    filters: Filters = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a passage.")] = False,
) -> None:
    """Find passages by what they mean and by the words they hold."""
    from foretune.project import Project
    from foretune.retrieval import read_filters

    query = " ".join(words or []).strip()
    if bool(query) == bool(queries):
        raise InputError("Search for a QUERY or for --queries FILE: give one of the two.")
    wanted = read_filters(filters or [])
    rows = list(_rows(queries)) if queries else [{"id": "", "query": query}]
    with Project.open() as project:
        for number, asked, hits in project.search_many(rows, k=count, filters=wanted):
            if as_json:
                for hit in hits:
                    typer.echo(json.dumps(_row(number, asked, hit), ensure_ascii=False))
            else:
                _show(asked, hits, titled=queries is not None, filtered=bool(wanted))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} cannot be read: give a UTF-8 file of JSON Lines.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            asked = {"id": row["id"], "query": str(row["query"])}
        except (ValueError, TypeError, KeyError):
            raise InputError(f'{path}, line {number}: expected an object with "id" and "query".') from None
        if not asked["query"].strip():
            raise InputError(f"{path}, line {number}: the query is empty.")
        yield asked


def _row(number: Any, query: str, hit: Hit) -> dict[str, Any]:
    return {
        "id": number,
        "query": query,
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "document": hit.passage.path,
        "passage": hit.passage.id,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "text": hit.passage.text,
    }


def _show(query: str, hits: Sequence[Hit], *, titled: bool, filtered: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    from foretune.retrieval import query_terms, readable_text

    console = Console(highlight=False, soft_wrap=False)
    width = min(console.width, _WIDTH)
    if titled:
        console.print(Text(query, style="bold"), width=width)
    if not hits:
        which = " and the filters let through" if filtered else ""
        console.print(f"Nothing is indexed that you may read{which}.")
    wanted = _word_starts(query_terms(query))
    for hit in hits:
        _show_hit(console, hit, readable_text(hit.passage.text), wanted, width)
    console.print()


def _show_hit(console: Console, hit: Hit, words: str, wanted: re.Pattern[str], width: int) -> None:
    from rich.padding import Padding
    from rich.text import Text

    place = Text.assemble((f"{hit.rank:>2} ", "bold"), (hit.passage.path, "cyan"), f"  {hit.score:.2f}")
    console.print(place, width=width)
    if hit.passage.headings:
        path = Text(" > ".join(hit.passage.headings), style="dim", overflow="ellipsis", no_wrap=True)
        console.print(Padding(path, (0, 0, 0, 3)), width=width)
    snippet = Text(_snippet(words, wanted))
    snippet.highlight_regex(wanted, "bold yellow")
    console.print(Padding(snippet, (0, 0, 0, 3)), width=width)


def _word_starts(terms: Sequence[str]) -> re.Pattern[str]:
    """Words that begin as the query's do: what the index found by their stems, nearly."""
    from foretune.evidence import stem

    starts = {re.escape(stem(term).rstrip("i")) for term in terms}
    return re.compile(rf"\b(?:{'|'.join(sorted(starts, key=len, reverse=True))})\w*" if starts else r"(?!)", re.I)


def _snippet(words: str, wanted: re.Pattern[str]) -> str:
    """The part of ``words`` that holds most of what is wanted, in whole words."""
    line = " ".join(words.split())
    if len(line) <= _SNIPPET:
        return line
    places = [match.start() for match in wanted.finditer(line)] or [0]
    best = max(places, key=lambda start: (sum(start <= place < start + _SNIPPET - 40 for place in places), -start))
    start = max(0, min(best - 40, len(line) - _SNIPPET))
    start = line.find(" ", start) + 1 if start else 0
    end = line.rfind(" ", start, start + _SNIPPET)
    shown = line[start : end if end > start and start + _SNIPPET < len(line) else start + _SNIPPET]
    return f"{'… ' if start else ''}{shown}{' …' if start + len(shown) < len(line) else ''}"
