"""Likeness of a response to an answer, as people would judge it."""

from __future__ import annotations

import pytest

from foretune.evidence import likeness
from foretune.evidence.equivalence import best_likeness, features, read_response

ACCEPTED = [
    ("who found X-rays", "Wilhelm Conrad Röntgen", "Wilhelm Roentgen, in 1895"),
    ("Which password manager?", "KeePassXC", "You should use KeePass XC."),
    ("site of ATP production", "mitochondrion", "the mitochondria"),
    ("who played Morticia", "Carolyn Sue Jones", "The role was played by Carolyn Jones."),
    ("which war was it", "World War 2", "World War II"),
    ("who runs it", "General Services Administration", "GSA runs it."),
]
REJECTED = [
    ("who found X-rays", "Wilhelm Conrad Röntgen", "Marie Curie did."),
    ("Which password manager?", "KeePassXC", "Use LastPass."),
    ("where is the office", "One World Trade Center", "It is in Chicago."),
    ("who played Morticia", "Carolyn Sue Jones", ""),
]


@pytest.mark.parametrize(("question", "answer", "response"), ACCEPTED)
def test_another_spelling_or_a_shorter_name_is_like_enough(question: str, answer: str, response: str) -> None:
    assert likeness(question, answer, response).probability >= 0.5


@pytest.mark.parametrize(("question", "answer", "response"), REJECTED)
def test_another_answer_is_not(question: str, answer: str, response: str) -> None:
    assert likeness(question, answer, response).probability < 0.5


def test_a_shorter_alias_says_which_word_is_indispensable() -> None:
    reading = read_response("Which phone is issued?", "An Apple Watch")
    assert best_likeness(reading, ["Apple iPhone"]).form == "Apple iPhone"
    assert best_likeness(reading, ["Apple iPhone", "iPhone"]).form == "iPhone"
    assert best_likeness(reading, ["Apple iPhone", "iPhone"]).probability < 0.3


def test_words_found_and_missing_are_told() -> None:
    found = likeness("who found X-rays", "Wilhelm Conrad Röntgen", "Wilhelm Röntgen")
    assert found.found == ("Wilhelm", "Röntgen")
    assert found.missing == ("Conrad",)


def test_words_of_the_question_tell_nothing() -> None:
    reading = read_response("Where is the University of Wisconsin Madison?", "In Wisconsin.")
    assert features(reading, "Madison, Wisconsin, USA")["words"] == 0


def test_a_pronoun_is_not_the_it_department() -> None:
    assert features(read_response("Whom do you ask?", "it is fine"), "GSA IT")["words"] == 0


def test_an_empty_form_compares_with_nothing() -> None:
    assert features(read_response("q", "r"), "…") == {}
    assert likeness("q", "…", "r").probability == 0
