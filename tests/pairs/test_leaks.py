"""Planted leaks are all found; the same fact asked otherwise is no leak, and is reported as what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.pairs.written import FRAMEWORK
from tests.retrieval.corpus import open_real_embedder

from foretune.embedding import Embedder
from foretune.pairs import Leak, LeakKind, find_leaks
from foretune.pairs.leaks import BenchMatcher
from foretune.pairs.variety import variety
from foretune.types import Pair

JUDGED = Path(__file__).with_name("same_questions.jsonl")
"""Prompts made of handbook pages by rule, each beside a question of the bench that is like it, and a person's word."""
BENCH = [
    ("How many years of creditable service are needed to be eligible for a pension upon retirement?", "5 years"),
    ("For how long after posting can a message be edited in the chat?", "5 minutes"),
    ("Is award leave paid out when you leave?", "No"),
]
TEXT = (
    "Guests register at the front desk, which hands out badges that are returned the same evening before six o'clock."
)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_real_embedder()


def pair(number: str, prompt: str, response: str = TEXT, split: str = "train") -> Pair:
    return Pair(number, "d", f"{number}.md", "question_answer", prompt, response, "rule", split)


PLANTED = {
    "same": pair("same", "Is award leave paid out when you leave?", "No. It is not."),
    "run": pair(
        "run", "Hello, may I ask for how long after posting can a message be edited in the chat?", "For 5 minutes."
    ),
    "meaning": pair(
        "meaning", "For how many minutes can you edit a message in the chat after it is posted?", "5 minutes."
    ),
    "double": pair("double", "Where do visitors sign in at our place?", f"{TEXT} Ask for help."),
    "held": pair("held", "How do guests get their badges?", f"{TEXT} They are yellow.", "evaluation"),
    "shot": pair("shot", FRAMEWORK.question.examples[0].prompt, "In bays."),
    "shown": pair("shown", "What about bays?", f"So it is. {FRAMEWORK.question.examples[0].text}"),
    "fact": pair(
        "fact",
        "What does creditable service of 5 years make you eligible for?",
        "A pension upon retirement, after 5 years.",
    ),
    "other": pair("other", "Which colour does the door of the library have?", "It is blue."),
}


def found(embedder: Embedder | None) -> dict[str, list[Leak]]:
    leaks: dict[str, list[Leak]] = {}
    for leak in find_leaks(PLANTED.values(), BENCH, FRAMEWORK, embed=embedder.embed if embedder else None):
        leaks.setdefault(leak.pair_id, []).append(leak)
    return leaks


def test_every_planted_leak_is_found_by_its_kind(embedder: Embedder) -> None:
    leaks = found(embedder)
    assert {number: each[0].kind for number, each in leaks.items()} == {
        "same": LeakKind.QUESTION,
        "run": LeakKind.NGRAM,
        "meaning": LeakKind.MEANING,
        "double": LeakKind.DOCUMENT,
        "shot": LeakKind.EXAMPLE,
        "shown": LeakKind.EXAMPLE,
        "fact": LeakKind.FACT,
    }
    assert all(leak.trained_on for each in leaks.values() for leak in each)


def test_questions_that_people_judged_the_same_are_found_and_few_others_are(embedder: Embedder) -> None:
    """What decides must tell both kinds; missing one costs the bench more than dropping one too many."""
    judged = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    taken = [
        BenchMatcher([each["question"]], embedder.embed).matches([each["prompt"]])[0] is not None for each in judged
    ]
    same = [each["same"] for each in judged]
    found = sum(one and other for one, other in zip(taken, same, strict=True))
    assert found / sum(same) >= 0.9
    assert found / sum(taken) >= 0.7


def test_the_same_fact_asked_otherwise_is_reported_and_is_no_leak(embedder: Embedder) -> None:
    [fact] = found(embedder)["fact"]
    assert not fact.kind.harmful
    assert fact.other == BENCH[0][0]


def test_without_an_embedder_only_other_words_are_missed() -> None:
    assert set(found(None)) == {"same", "run", "double", "shot", "shown", "fact"} | set(found(None)) & {"meaning"}


def test_variety_tells_how_prompts_begin_who_asks_and_how_even_that_is() -> None:
    seen = variety(
        ["How many days can I take?", "How many hours can you take?", "Write about leave.", "As a sailor, tell of it."]
    )
    assert dict(seen.verbs.counts) == {"how many": 2, "tell": 1, "write": 1}
    assert dict(seen.personas.counts) == {"I or we": 1, "a role": 1, "nobody": 1, "you": 1}
    assert seen.personas.evenness == 1.0
    assert dict(seen.forms.counts) == {"instruction": 2, "open question": 2}
    assert variety([]).verbs.counts == {}
