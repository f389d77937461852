"""Facts about a corpus are measured from its documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import frontmatter
import pytest
from tests.helpers import shared

from foretune.plan.advice import CorpusFacts, is_first_person, measure
from foretune.types import GovernedDocument, Label, Use

TODAY = date(2026, 11, 1)


def document(number: int, text: str = "one two three", **values: object) -> GovernedDocument:
    given = {"use": Use.BOTH, "hash": str(number), "label": Label.INTERNAL, **values}
    return GovernedDocument(id=str(number), path=f"{number}.md", text=text, **given)  # type: ignore[arg-type]


def test_counts_are_of_the_documents_handed_in() -> None:
    facts = measure([document(1), document(2, use=Use.RETRIEVAL)], documents=5, today=TODAY)
    assert (facts.documents, facts.included, facts.words, facts.for_tuning) == (5, 2, 6, 1)
    assert facts.mean_words == 3


def test_shares_are_of_those_that_say_anything() -> None:
    facts = measure(
        [
            document(1, author="Ann", date="2020-01-02", label=Label.RESTRICTED, cluster="c"),
            document(2, author="ann ", date="2026-10-01", cluster="c"),
            document(3, author="Bo", label=Label.CONFIDENTIAL),
            document(4, "I know what I like."),
        ],
        documents=4,
        today=TODAY,
        personal={"1", "9"},
        changed={"2"},
        questions=10,
        searchable=0.9,
    )
    assert facts.authors == 2
    assert facts.top_author_share == pytest.approx(2 / 3)
    assert facts.dated_share == 0.5
    assert (facts.oldest, facts.newest) == ("2020-01-02", "2026-10-01")
    assert facts.older_than_two_years == 0.5
    assert facts.near_duplicate_share == 0.25
    assert facts.first_person_share == 0.25
    assert facts.personal_share == 0.25
    assert facts.changed_last_month == 0.25
    assert facts.sensitive_share == 0.5
    assert (facts.questions, facts.searchable) == (10, 0.9)


def test_an_empty_corpus_has_no_shares() -> None:
    facts = measure([], documents=3, today=TODAY)
    assert facts == CorpusFacts(documents=3, included=0, words=0, for_tuning=0)
    assert (facts.mean_words, facts.sensitive_share) == (0, 0)


def test_documents_stream_through_once() -> None:
    def stream() -> Iterator[GovernedDocument]:
        yield document(1)
        yield document(2)

    assert measure(stream(), documents=2, today=TODAY).included == 2


def test_other_languages_say_nothing_about_the_first_person() -> None:
    assert measure([document(1, "Ich bin ich.", language="de")], documents=1, today=TODAY).first_person_share is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("I think, therefore I am.", True),
        ("Employees accrue four hours of leave.", False),
        ("part i of the manual " * 50, False),
        ("word " * 200 + "I", False),
        ("word " * 100 + "I’m sure it's me", True),
    ],
)
def test_the_first_person_is_told_by_its_pronouns(text: str, expected: bool) -> None:
    assert is_first_person(text) is expected


def share_in_first_person(folder: Path) -> float:
    texts = [frontmatter.loads(path.read_text(errors="replace")).content for path in sorted(folder.rglob("*.md"))]
    return sum(map(is_first_person, texts)) / len(texts)


def test_a_personal_blog_is_told_from_a_handbook() -> None:
    assert share_in_first_person(shared("blog-remysharp") / "dev") > 0.85
    assert share_in_first_person(shared("handbook-18f") / "corpus") < 0.1
