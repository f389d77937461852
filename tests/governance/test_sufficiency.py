"""Is it enough: published measures at their edges, and findings about a whole corpus."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import put, read_pages
from tests.helpers import shared

from foretune.embedding import open_embedder
from foretune.governance import Wanted, findings, forget, review
from foretune.governance.answerable import answerability
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.sufficiency import sign, sufficiency
from foretune.governance.corpus_findings import corpus_findings
from foretune.governance.diversity import evenness, learning_curve, vendi_score
from foretune.governance.topics import TopicSpace, terms
from foretune.plan.config import GovernanceSettings
from foretune.types import Document, Finding, Severity
from foretune.vault import Vault

LEAVE = "You may take some days off when you are ill; tell the office in the morning."


def check(pages: dict[str, str], settings: CheckSettings | None = None) -> dict[str, Finding]:
    documents = [Document(path, "s", path, path, text) for path, text in pages.items()]
    found = list(sufficiency([sign(each) for each in documents], pages.__getitem__, settings or CheckSettings()))
    assert all(each.document_id == "" for each in found)
    return {each.type: each for each in found}


@given(st.integers(1, 12), st.integers(1, 8))
def test_n_different_things_are_worth_n_however_often_they_are_copied(different: int, copies: int) -> None:
    similarity = np.kron(np.eye(different), np.ones((copies, copies))).astype(np.float64)
    assert vendi_score(similarity) == pytest.approx(different)


def test_two_posts_copied_fifty_times_are_worth_two() -> None:
    pages = sorted(read_pages(shared("blog-remysharp") / "dev").items())
    two = [text for _, text in pages if len(text.split()) > 400][:2]
    once = check({str(number): text for number, text in enumerate(two)})["diversity"]
    often = check({f"{number}-{copy}": text for number, text in enumerate(two) for copy in range(50)})["diversity"]
    assert 1 < once.evidence["vendi"] <= 2.01
    assert 1 < often.evidence["vendi"] <= 2.01
    assert often.severity is Severity.HIGH
    assert "same texts back" in often.message


def test_evenness_is_one_for_equal_groups_and_falls_when_one_holds_all() -> None:
    assert evenness([5, 5, 5]) == pytest.approx(1)
    assert evenness([5]) == 1
    assert evenness([100, 1, 1]) < 0.2
    assert evenness([100, 0, 0]) == 0


def test_the_learning_curve_rises_and_is_the_same_each_time() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus", limit=60)
    documents = [terms(text, 20_000) for text in pages.values()]
    curve = learning_curve(documents, TopicSpace(documents))
    assert curve is not None
    shares = [share for _, share in curve.points]
    assert shares == sorted(shares)
    assert shares[-1] <= curve.doubled <= 1
    assert curve == learning_curve(documents, TopicSpace(documents))
    assert learning_curve(documents[:10], TopicSpace(documents[:10])) is None


def test_bench_questions_without_an_answer_are_named() -> None:
    folder = shared("handbook-18f")
    rows = [json.loads(line) for line in (folder / "bench_dev.jsonl").read_text("utf-8").splitlines()]
    chosen = [row for row in rows if row["kind"] == "unanswerable"] + rows[:8]
    pages = read_pages(folder / "corpus")
    found = check(pages, CheckSettings(questions=tuple(row["question"] for row in chosen)))["questions"]
    open_ = {each["question"] for verdict in ("unanswered", "doubtful", "unsure") for each in found.evidence[verdict]}
    assert sum(row["question"] in open_ for row in chosen if row["kind"] == "unanswerable") >= 4
    assert sum(row["question"] in open_ for row in chosen if row["kind"] != "unanswerable") <= 1


def test_a_question_that_no_passage_seems_to_answer_says_what_the_nearest_lacks() -> None:
    near = answerability(
        ["How many days may a sabbatical last?"],
        [terms(LEAVE)],
        TopicSpace([terms(LEAVE)]),
        lambda _: LEAVE,
        embedder=open_embedder("all-minilm-l6-v2"),
    )[0]
    assert near.lacks == ("sabbatical", "last", "a number")
    assert near.passage == LEAVE


def test_topics_that_nothing_speaks_of_are_what_to_collect_next() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus", limit=40)
    found = check(pages, CheckSettings(topics=("quantum chromodynamics", "team")))
    assert found["topics"].evidence["documents"]["quantum chromodynamics"] == 0
    assert found["topics"].severity is Severity.HIGH
    assert "quantum chromodynamics" in found["next"].message


def test_a_voice_needs_pieces() -> None:
    pages = read_pages(shared("blog-remysharp") / "dev")
    few = dict(sorted(pages.items())[:12])
    found = check(few, CheckSettings(voice=True))["length"]
    assert found.severity is Severity.HIGH
    assert "too few to show a voice" in found.message


def test_a_corpus_without_words_says_nothing() -> None:
    assert check({"a.md": "", "b.md": "{}"}) == {}


def test_the_review_keeps_what_is_about_no_document(vault: Vault) -> None:
    ids = put(vault, {f"{number}.md": f"A page about subject number {number}. " * 9 for number in range(5)})
    wanted = Wanted(questions=("How tall is the tower?",))
    summary = review(vault, GovernanceSettings(), wanted=wanted, checks=["sufficiency"])
    assert {each.type for each in summary.corpus} >= {"questions", "diversity", "next"}
    assert summary.corpus == corpus_findings(vault)
    assert findings(vault) == []
    with vault.writing() as connection:
        forget(connection, ids[:1])
    assert corpus_findings(vault) == ()
