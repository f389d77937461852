"""The report needs nothing but itself, and shows document text as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from tests.project.small import KEY

from foretune.plan.config import Config
from foretune.project import Project
from foretune.vault import tables as t

HOSTILE = "<script>alert('x')</script><img src=http://evil.test/a.png>{{ 7 * 191 }}{% raw %}</body>\"'><b>"


class Page(HTMLParser):
    """What a browser would load or run, and the text it would show."""

    LOADING = ("src", "href", "xlink:href", "action", "data", "srcset", "poster", "formaction", "background")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in self.LOADING:
                self.references.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.text += data


def check_alone(page: Page) -> None:
    assert not page.tags & {"script", "link", "iframe", "object", "embed", "base", "form", "img", "audio", "video"}
    assert not page.handlers
    assert all(reference.startswith("#") for reference in page.references)
    assert not re.search(r"@import|url\(\s*['\"]?(?!#)", page.source)
    assert 'http-equiv="Content-Security-Policy"' in page.source
    anchors = {reference[1:] for reference in page.references}
    assert all(f'id="{anchor}"' in page.source for anchor in anchors)


@pytest.mark.slow
def test_the_whole_report_stands_alone_and_holds_all_that_was_asked(finished: Path) -> None:
    page = Page(finished / "reports" / "report.html")
    check_alone(page)
    with Project.open(finished) as project:
        questions = project.questions()
    for question in questions:
        assert question.question in page.text
    for words in ("search", "base", "rag", "tuned", "tuned+rag", "not in the documents", "Adapter pilot-", "McNemar"):
        assert words in page.text, words
    assert page.source.count("<svg") >= 2  # the bench and the loss
    assert "nan" not in re.findall(r"[a-z]+", page.text.casefold())


@pytest.mark.slow
def test_text_of_documents_answers_and_questions_is_shown_as_text(finished: Path) -> None:
    with Project.open(finished) as project:
        with project.vault.writing() as connection:
            connection.execute(update(t.pair).values(prompt=HOSTILE, response=HOSTILE))
            connection.execute(
                update(t.bench_answer).values(
                    response=HOSTILE, why=HOSTILE, passages=[{"path": HOSTILE, "text": HOSTILE, "cited": True}]
                )
            )
            connection.execute(update(t.question).values(question=HOSTILE, answer=HOSTILE, source=HOSTILE))
            connection.execute(update(t.finding).values(message=HOSTILE))
        page = Page(project.report())
    check_alone(page)
    assert page.text.count(HOSTILE) > 20
    assert str(7 * 191) not in page.text


def test_documents_that_are_code_are_shown_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETUNE_KEY", KEY)
    name = "a<script>alert(1)<!--{{ 7 * 191 }}.md"
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / name).write_text(f'---\ntitle: "{HOSTILE[:20]}"\n---\n{HOSTILE}\n' * 2, encoding="utf-8")
    (tmp_path / "documents" / "<b>empty.md").write_text("", encoding="utf-8")
    config = Config.model_validate({"story": {"persona": HOSTILE, "want": HOSTILE}, "people": {"owner": HOSTILE}})
    with Project.create(tmp_path, config) as project:
        assert {one.outcome for one in project.add([tmp_path / "documents"])} == {"added", "set_aside"}
        project.review()
        page = Page(project.report())
    check_alone(page)
    assert name in page.text
    assert "<b>empty.md" in page.text
    assert str(7 * 191) not in page.text


def test_a_report_of_a_project_without_anything_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETUNE_KEY", KEY)
    with Project.create(tmp_path, Config()) as project:
        page = Page(project.report())
    check_alone(page)
    for words in ("Nothing has been bench-tested", "No pairs were written", "No adapter was trained", "no questions"):
        assert words in page.text, words


@pytest.mark.slow
@pytest.mark.parametrize(
    ("missing", "says"),
    [("pair", "No pairs were written"), ("adapter", "No adapter was trained"), ("bench_run", "Nothing has been bench")],
)
def test_a_report_does_without_what_is_not_there(finished: Path, missing: str, says: str) -> None:
    with Project.open(finished) as project:
        with project.vault.writing() as connection:
            connection.execute(delete(t.metadata.tables[missing]))
        page = Page(project.report())
    check_alone(page)
    assert says in page.text
