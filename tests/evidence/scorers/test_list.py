"""``list``: every item, each by words of its own."""

from __future__ import annotations

import pytest

from foretune.evidence import score
from foretune.evidence.scorers.list_ import items_of
from foretune.types import Outcome, Question

ACCOUNTS = Question(
    "q",
    "Which three kinds of flexible spending account are there?",
    "Health Care FSA; Limited Expense Health Care FSA (LEXHCFSA); Dependent Care FSA",
    "list",
    aliases=("health care", "limited expense health care", "dependent care"),
)
PASSWORDS = Question(
    "q",
    "What are the three requirements for making passwords?",
    "Use a password manager, use unique passwords, and use stronger passwords",
    "list",
    aliases=("password manager", "unique passwords", "stronger passwords", "strong passwords"),
)
PEOPLE = Question(
    "q",
    "Which three key people are involved?",
    "The requester (or a representative), the requester's supervisor, and the Local Reasonable Accommodation "
    "Coordinator (LRAC)",
    "list",
    aliases=("requester", "supervisor", "LRAC", "Local Reasonable Accommodation Coordinator"),
)


def test_synonyms_are_grouped_to_the_items_of_the_answer() -> None:
    assert [item.forms[1:] for item in items_of(PASSWORDS.answer, PASSWORDS.aliases)] == [
        ("password manager",),
        ("unique passwords",),
        ("stronger passwords", "strong passwords"),
    ]
    grouped = items_of(PEOPLE.answer, PEOPLE.aliases)
    assert [item.forms[1] for item in grouped] == ["requester", "supervisor", "LRAC"]
    assert "Local Reasonable Accommodation Coordinator" in grouped[2].forms


def test_items_are_parted_by_the_strongest_separator() -> None:
    assert [i.name for i in items_of("a, b; c and d", ())] == ["a, b", "c and d"]
    assert [i.name for i in items_of("salt, pepper and oil", ())] == ["salt", "pepper", "oil"]
    assert [i.name for i in items_of("- one thing\n- another", ())] == ["one thing", "another"]
    assert [i.name for i in items_of("salt, bread and butter", ("bread and butter",))] == ["salt", "bread and butter"]


@pytest.mark.parametrize(
    ("question", "response"),
    [
        (ACCOUNTS, "Health care, limited expense health care and dependent care."),
        (ACCOUNTS, "Dependent Care FSA, LEXHCFSA, Health Care FSA"),
        (PASSWORDS, "Use unique, strong passwords and a password manager"),
        (PASSWORDS, "Passwords should be unique. Choose a stronger password. Take a password manager."),
        (PEOPLE, "The requester, their supervisor and the LRAC"),
        (PEOPLE, "the supervisor, the local reasonable accommodation coordinator and the requester"),
    ],
)
def test_all_items_in_any_order_and_wording_are_correct(question: Question, response: str) -> None:
    verdict = score(question, response)
    assert (verdict.outcome, verdict.why) == (Outcome.CORRECT, "Names all 3.")


@pytest.mark.parametrize(
    ("question", "response", "missing"),
    [
        (ACCOUNTS, "Limited expense health care and dependent care", "Health Care FSA"),
        (ACCOUNTS, "Health care and dependent care", "Limited Expense Health Care FSA"),
        (PASSWORDS, "Use a password manager and unique passwords", "use stronger passwords"),
        (PEOPLE, "The supervisor and the LRAC", "The requester"),
        (PEOPLE, "the requester, the LRAC, not supervisor", "the requester's supervisor"),
    ],
)
def test_a_missing_item_is_named(question: Question, response: str, missing: str) -> None:
    verdict = score(question, response)
    assert verdict.outcome is Outcome.INCORRECT
    assert verdict.why == f"Names 2 of 3; missing: {missing}."


def test_declining_names_nothing() -> None:
    assert score(ACCOUNTS, "I don't know.").outcome is Outcome.NOT_ATTEMPTED


def test_a_very_long_list_is_still_judged() -> None:
    words = [f"item{i}x" for i in range(300)]
    question = Question("q", "Which?", "; ".join(words), "list")
    assert score(question, " ".join(reversed(words))).outcome is Outcome.CORRECT
    assert score(question, " ".join(words[1:])).outcome is Outcome.INCORRECT
