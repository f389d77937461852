"""One way to score: every text gets a verdict with a reason, and kinds can be added."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretune.evidence import KINDS, infer_kind, score, scorer
from foretune.types import Outcome, Question

PHRASES = st.sampled_from(
    [
        "240",
        "hours",
        "not",
        "no",
        "Yes,",
        "or",
        "April 30",
        ";",
        ",",
        "$5",
        "30%",
        "“",
        "\n- ",
        "I don't know",
        "the",
        "GSA",
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PHRASES, max_size=12).map(" ".join))


def test_the_kinds_of_a_questions_file_are_all_there() -> None:
    assert set(KINDS) == {"number", "name", "yesno", "list", "free", "unanswerable"}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(KINDS)), TEXTS, TEXTS, st.lists(TEXTS, max_size=3), TEXTS, TEXTS)
def test_any_text_gets_a_verdict_with_a_reason(
    kind: str, question: str, answer: str, aliases: list[str], evidence: str, response: str
) -> None:
    asked = Question("q", question, answer, kind, aliases=tuple(aliases), evidence=evidence)
    verdict = score(asked, response)
    assert verdict.outcome in set(Outcome)
    assert verdict.scorer == kind
    assert verdict.why.endswith((".", "'", ";")) or verdict.why
    assert score(asked, response) == verdict


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(set(KINDS) - {"unanswerable"})), TEXTS, TEXTS)
def test_a_blank_response_is_never_right_or_wrong(kind: str, question: str, answer: str) -> None:
    verdict = score(Question("q", question, answer, kind), " \n\t")
    assert verdict.outcome in (Outcome.NOT_ATTEMPTED, Outcome.NOT_SCORED)


def test_an_unknown_kind_is_not_scored_and_the_known_ones_are_named() -> None:
    verdict = score(Question("q", "How?", "so", "essay"), "so")
    assert verdict.outcome is Outcome.NOT_SCORED
    assert "'essay'" in verdict.why
    assert "number" in verdict.why


def test_a_question_without_an_answer_is_not_scored() -> None:
    verdict = score(Question("q", "How?", " ", "free"), "so")
    assert verdict.outcome is Outcome.NOT_SCORED
    assert "no known answer" in verdict.why


def test_a_kind_can_be_added() -> None:
    @scorer("shout")
    def score_shout(question: Question, response: str) -> tuple[Outcome, str]:
        return (Outcome.CORRECT if response.isupper() else Outcome.INCORRECT), "Shouts or not."

    try:
        assert score(Question("q", "How?", "LOUD", "shout"), "LOUD").outcome is Outcome.CORRECT
    finally:
        del KINDS["shout"]


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("What is the match?", "NOT_IN_CORPUS", "unanswerable"),
        ("Do they expire?", "No", "yesno"),
        ("How many hours?", "4 hours", "number"),
        ("On what date did it launch?", "March 19, 2014", "name"),
        ("Which phone?", "Apple iPhone", "name"),
        ("Which kinds?", "health care; dependent care", "list"),
        ("Why not turn it off?", "Because valuable evidence may be lost", "free"),
        ("What should you do?", "Do not use it and return it to IT so they can inspect it", "free"),
    ],
)
def test_a_missing_kind_is_taken_from_answer_and_question(question: str, answer: str, kind: str) -> None:
    assert infer_kind(question, answer) == kind
