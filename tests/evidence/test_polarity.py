"""Negation, and what a response answers to a yes/no question."""

from __future__ import annotations

import pytest

from foretune.evidence import answers_yes, negated
from foretune.evidence.polarity import leading_yes_no


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Award leave is not paid out", True),
        ("They never expire", True),
        ("Laptops cannot be connected", True),
        ("It isn't paid", True),
        ("It is prohibited", True),
        ("It is not prohibited", False),
        ("It may not exceed 5 days", False),
        ("Not only is it paid", False),
        ("No later than April 30", False),
        ("It is paid", False),
    ],
)
def test_a_statement_is_negative_with_an_odd_number_of_negations(text: str, expected: bool) -> None:
    assert negated(text) is expected


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ("No.", False),
        ("**No**, it is not.", False),
        ("no, it is not paid out", False),
        ("No", False),
        ("No - personal laptops stay out", False),
        ("The answer is no.", False),
        ("Answer: Yes", True),
        ("Yes, you can", True),
        ("That is correct.", True),
        ("Absolutely not.", False),
        ("No information is given.", None),
        ("Nobody knows", None),
        ("Yesterday it changed", None),
        ("Credit hours roll over", None),
        ("", None),
    ],
)
def test_the_opening_yes_or_no_is_read(response: str, said: bool | None) -> None:
    assert leading_yes_no(response) is said


@pytest.mark.parametrize(
    ("question", "response", "said"),
    [
        ("Do credit hours expire?", "Credit hours never expire.", False),
        ("Do credit hours expire?", "Credit hours do expire after a year.", True),
        ("Do credit hours expire?", "Yes, credit hours never expire.", None),
        ("Is award leave paid out when you leave TTS?", "If you leave TTS, award leave is not paid out.", False),
        ("Do you need approval to create a public repository?", "You do not need approval to create one.", False),
        (
            "Do you need approval to create a public repository?",
            "Approval to create a public repository is optional.",
            False,
        ),
        ("Can a laptop be connected to the network?", "Connecting a laptop to the network is prohibited.", False),
        ("Is it forbidden to connect a laptop?", "Connecting a laptop is not allowed.", True),
        ("Can a laptop be connected to the network?", "The cafeteria opens at noon.", None),
        ("Is parking free?", "Yes", True),
    ],
)
def test_without_an_opening_word_the_restated_question_is_read(question: str, response: str, said: bool | None) -> None:
    assert answers_yes(question, response) is said
