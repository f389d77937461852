"""``foretune index`` and ``foretune search``, as somebody types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.retrieval.corpus import PAGES, open_real_embedder
from typer.testing import CliRunner, Result

from foretune.cli.ask import ask
from foretune.cli.index import index
from foretune.cli.search import search
from foretune.errors import InputError
from foretune.plan.config import Config
from foretune.project import Project
from foretune.project.facts import corpus_facts
from foretune.retrieval import readable_text

RUN = CliRunner()
APP = typer.Typer()
APP.command()(index)
APP.command()(search)
APP.command()(ask)
PAGE_NAMES = ("travel-and-leave/fmla.md", "tools/zoom.md", "tools/trello.md")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three pages of the handbook."""
    open_real_embedder()
    for name in PAGE_NAMES:
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PAGES / name, tmp_path / "docs" / name)
    with Project.create(tmp_path / "hr-bot", Config()) as made:
        assert {each.outcome for each in made.add([tmp_path / "docs"])} == {"added"}
    monkeypatch.chdir(tmp_path / "hr-bot")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path / "hr-bot"


def run(*arguments: str) -> Result:
    result = RUN.invoke(APP, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0
    return result


def found(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("search", *arguments, "--json").stdout.splitlines()]


def test_indexing_says_what_it_did_and_then_does_nothing(project: Path) -> None:
    first = json.loads(run("index", "--json").stdout)
    assert first["documents"] == first["indexed"] == len(PAGE_NAMES)
    again = run("index").stdout.splitlines()
    assert [line.split()[:2] for line in again] == [["documents", "3"], ["indexed", "0"], ["unchanged", "3"]]


def test_what_indexing_took_is_known_to_the_advice_where_enough_was_embedded(project: Path) -> None:
    with Project.open(project) as opened:
        assert corpus_facts(opened, None).indexing_seconds is None
    run("index")
    with Project.open(project) as opened:
        vault, fingerprint = opened.vault, (opened.vault.stage("index") or ("",))[0]
        done = {"seconds": 12.0, "embedded": 60, "passages": 120}
        with vault.writing() as connection:
            vault.finish_stage(connection, "index", fingerprint, done)
        assert corpus_facts(opened, None).indexing_seconds == 24.0
        with vault.writing() as connection:
            vault.finish_stage(connection, "index", fingerprint, {**done, "embedded": 3})
        assert corpus_facts(opened, None).indexing_seconds is None


def test_for_programs_there_is_one_object_a_passage_with_its_place(project: Path) -> None:
    run("index")
    rows = found("Is a video call protected by a password?", "-k", "4")
    assert [row["rank"] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["document"] == "tools/zoom.md"
    with Project.open(project) as opened:
        from foretune.governance import governed

        texts = {each.path: each.text for each in governed(opened.vault, opened.config.governance)}
    for row in rows:
        assert list(row) == ["id", "query", "rank", "score", "document", "passage", "start", "end", "text"]
        assert texts[row["document"]][row["start"] : row["end"]] == row["text"]


def test_a_file_of_queries_is_answered_in_its_order(project: Path, tmp_path: Path) -> None:
    run("index")
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "b", "query": "unpaid family leave"}\n\n{"id": 7, "query": "kanban cards", "k": 1}\n')
    rows = found("--queries", str(queries), "-k", "2")
    assert [(row["id"], row["rank"]) for row in rows] == [("b", 1), ("b", 2), (7, 1), (7, 2)]
    assert [rows[0]["document"], rows[2]["document"]] == ["travel-and-leave/fmla.md", "tools/trello.md"]


def test_several_words_need_no_quotes(project: Path) -> None:
    run("index")
    assert found("meeting", "password", "-k", "2") == found("meeting password", "-k", "2")


def test_only_documents_that_a_filter_lets_through_are_searched_and_asked(project: Path) -> None:
    run("index")
    rows = found("meeting password", "--filter", "path=tools", "--filter", "path=*/fmla.md", "-k", "100")
    assert {row["document"] for row in rows} == {"tools/zoom.md", "tools/trello.md", "travel-and-leave/fmla.md"}
    rows = found("meeting password", "--filter", "path=travel-and-leave")
    assert {row["document"] for row in rows} == {"travel-and-leave/fmla.md"}
    nothing = run("search", "meeting password", "--filter", "author=Nobody").stdout
    assert nothing.strip() == "Nothing is indexed that you may read and the filters let through."
    asked = json.loads(run("ask", "Is a Zoom call protected by a password?", "--filter", "tag=none", "--json").stdout)
    assert (asked["outcome"], asked["citations"]) == ("not_in_documents", [])


def test_an_empty_query_in_a_file_is_named(project: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": 1, "query": "leave"}\n{"id": 2, "query": " "}\n')
    run("index")
    with pytest.raises(InputError, match="line 2: the query is empty"):
        run("search", "--queries", str(queries))


def test_for_people_there_are_places_and_snippets_in_80_columns(project: Path) -> None:
    run("index")
    shown = run("search", "meeting password", "-k", "2").stdout
    lines = shown.splitlines()
    assert lines[0].split()[:2] == ["1", "tools/zoom.md"]
    assert max(map(len, lines)) <= 80
    assert "password" in shown
    source = " ".join(readable_text((PAGES / "tools" / "zoom.md").read_text(encoding="utf-8")).split())
    start = next(i for i, line in enumerate(lines) if line.startswith("   ") and "Zoom" not in line.split(">")[0])
    assert lines[start].strip(" …")[:30] in source


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give one of the two"),
        (["", " "], "give one of the two"),
        (["leave", "--queries", "q.jsonl"], "give one of the two"),
        (["--queries", "missing.jsonl"], "missing.jsonl cannot be read"),
        (["leave", "--filter", "colour=red"], "There is no field 'colour' to filter by: the known ones are author, "),
        (["leave"], "run `foretune index`"),
    ],
)
def test_what_cannot_be_searched_is_said_in_a_sentence(project: Path, arguments: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        run("search", *arguments)


def test_a_broken_row_is_named(project: Path, tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"id": "1", "query": "leave"}\n{"id": "2"}\n')
    with pytest.raises(InputError, match="line 2"):
        run("search", "--queries", str(queries))
