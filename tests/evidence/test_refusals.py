"""Declining is told apart from answering in the negative."""

from __future__ import annotations

import json

import pytest
from tests.helpers import shared

from foretune.evidence import refusal, refuses

DECLINED = [
    "I don't know.",
    "I do not know the answer to that.",
    "Not in the documents.",
    "This is not in the documents I have.",
    "The handbook does not mention a sabbatical.",
    "The provided context doesn't contain information about tuition.",
    "There is no information about this in the passages.",
    "No information is available.",
    "The amount is not specified in the document.",
    "I cannot find the answer in the text.",
    "I'm unable to answer this from the given context.",
    "It cannot be determined from the documents.",
    "I’m sorry, but I don’t have access to that information.",
    "As an AI language model, I do not have access to real-time information.",
    "N/A",
    "NOT_IN_CORPUS",
    "Not found",
    "Unknown.",
    "None of the passages says so.",
    "It is unclear.",
    "Could you please provide more context?",
]
ANSWERED = [
    "Award leave is not paid out.",
    "They never expire.",
    "You do not need approval to create public repositories.",
    "Personal laptops cannot be connected directly to the GSA network.",
    "No",
    "No, it is not paid out",
    "Do not use it; return it to GSA IT.",
    "240 hours",
    "If you are relocating for 120 days or less, you do not need to notify PeopleOps.",
    "The benefit does not include dental care.",
    "There is no limit.",
]


@pytest.mark.parametrize("text", DECLINED)
def test_declining_is_recognised(text: str) -> None:
    assert refusal(text) is not None
    assert refuses(text)


@pytest.mark.parametrize("text", ANSWERED)
def test_a_negative_answer_is_no_refusal(text: str) -> None:
    assert refusal(text) is None


def test_the_words_that_decline_are_shown_at_their_place() -> None:
    text = "Sorry. The handbook does not mention it."
    found = refusal(text)
    assert found is not None
    assert text[found.start : found.end] == found.text


def test_an_answer_with_a_reservation_at_the_end_does_not_refuse() -> None:
    assert not refuses("Annual leave is capped at 240 hours. The text does not mention sick leave.")


def test_known_answers_of_real_questions_are_never_taken_for_refusals() -> None:
    path = shared("handbook-18f") / "bench_dev.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["kind"] != "unanswerable":
            for text in (row["answer"], *row["aliases"], row["evidence"]):
                assert refusal(text) is None, text


def test_people_hardly_ever_accept_what_counts_as_refusing_at_once() -> None:
    rows = json.loads((shared("labels-evouna") / "dev" / "NQ.json").read_text(encoding="utf-8"))
    declined = accepted = 0
    for row in rows:
        for system in ("gpt35", "chatgpt", "gpt4", "newbing"):
            answer = row[f"answer_{system}"] or ""
            if not row["improper"] and len(answer) < 300 and refuses(answer):
                declined += 1
                accepted += bool(row[f"judge_{system}"])
    assert declined > 40
    assert accepted / declined < 0.25
