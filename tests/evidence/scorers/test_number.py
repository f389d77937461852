"""``number``: the right value, asserted, in a unit that agrees."""

from __future__ import annotations

import pytest

from foretune.evidence import score
from foretune.types import Outcome, Question

CORRECT, INCORRECT, NOT_ATTEMPTED = Outcome.CORRECT, Outcome.INCORRECT, Outcome.NOT_ATTEMPTED


def outcome(question: str, answer: str, response: str, *aliases: str) -> Outcome:
    return score(Question("q", question, answer, "number", aliases=aliases), response).outcome


CAP = "What is the most annual leave that can be carried over?"


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("240", CORRECT),
        ("240 hours", CORRECT),
        ("240h", CORRECT),
        ("two hundred and forty hours", CORRECT),
        ("You can carry over a maximum of 240 annual leave hours into the next leave year.", CORRECT),
        ("The cap is **240** hours; before 2019 it was 200 hours.", CORRECT),
        ("24", INCORRECT),
        ("2400 hours", INCORRECT),
        ("240 days", INCORRECT),
        ("200 hours", INCORRECT),
        ("200 or 240 hours", INCORRECT),
        ("200-240 hours", INCORRECT),
        ("not 240 hours", INCORRECT),
        ("at least 240 hours", INCORRECT),
        ("There are 240 employees at the office in Chicago that deal with this.", INCORRECT),
        ("As much as you like.", INCORRECT),
        ("I don't know.", NOT_ATTEMPTED),
        ("The documents do not say how many hours.", NOT_ATTEMPTED),
    ],
)
def test_a_value_is_compared_whole_with_its_unit(response: str, expected: Outcome) -> None:
    assert outcome(CAP, "at most 240 hours", response, "240", "240 hours") is expected


def test_a_bare_alias_is_a_whole_token_of_a_short_answer() -> None:
    question, answer = "Within how many business days must it be filed?", "5 business days"
    assert outcome(question, answer, "5", "5") is CORRECT
    assert outcome(question, answer, "15", "5") is INCORRECT
    assert outcome(question, answer, "The 5 travel cards that were handed out in March are gone now.", "5") is INCORRECT


def test_a_bare_answer_takes_its_unit_from_its_alias_or_the_question() -> None:
    question = "What is the maximum number of credit hours?"
    assert outcome(question, "24", "24 hours", "24 credit hours") is CORRECT
    assert outcome(question, "24", "24 days", "24 credit hours") is INCORRECT
    assert outcome("How many days are there?", "15", "15 hours") is INCORRECT


def test_weeks_are_hours_only_where_an_alias_says_so() -> None:
    question = "How much bereavement leave is there?"
    assert outcome(question, "Two weeks (80 hours)", "80 hours", "80 hours") is CORRECT
    assert outcome(question, "Two weeks", "80 hours") is INCORRECT
    assert outcome(question, "1 hour", "60 minutes") is CORRECT


def test_a_second_number_of_the_answer_is_neither_answer_nor_rival() -> None:
    question = "How long can a detail last?"
    answer = "240 days (twice 120 days)"
    assert outcome(question, answer, "240 days, that is twice 120 days") is CORRECT
    assert outcome(question, answer, "120 days") is INCORRECT


def test_numbers_of_the_question_are_no_rivals() -> None:
    question = "How many hours does someone with fewer than 3 years accrue?"
    assert outcome(question, "4 hours", "With fewer than 3 years you accrue 4 hours.") is CORRECT


def test_the_value_in_the_words_of_the_question_is_the_one_asserted() -> None:
    question = "How many hours does someone with fewer than three years of service accrue?"
    table = "Fewer than 3 years of service: 4 hours; 3 to 15 years: 6 hours; more: 8 hours."
    assert outcome(question, "4 hours", table) is CORRECT
    assert outcome(question, "8 hours", table) is INCORRECT


def test_a_rate_must_agree_where_both_say_one() -> None:
    question = "How much leave accrues?"
    assert outcome(question, "4 hours per pay period", "4 hours a pay period") is CORRECT
    assert outcome(question, "4 hours per pay period", "4 hours per month") is INCORRECT
    assert outcome(question, "4 hours per pay period", "4 hours") is CORRECT


def test_a_plain_value_meets_a_limit_and_a_limit_turned_round_does_not() -> None:
    question = "How many years are needed?"
    assert outcome(question, "At least 5 years", "5 years", "5") is CORRECT
    assert outcome(question, "At least 5 years", "a minimum of five years", "5") is CORRECT
    assert outcome(question, "At least 5 years", "at most 5 years", "5") is INCORRECT


def test_percent_words_and_sign_are_one_unit() -> None:
    assert outcome("At what percentage?", "75%", "75 percent") is CORRECT
    assert outcome("At what percentage?", "75%", "75 dollars") is INCORRECT


def test_a_count_may_be_spelled_out() -> None:
    assert outcome("How many free sessions are there?", "Six", "You can receive 6 free sessions.", "6") is CORRECT
    assert outcome("How many free sessions are there?", "6", "six", "six sessions") is CORRECT
    assert outcome("How many free sessions are there?", "Six", "You can receive five free sessions.", "6") is INCORRECT


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("April 30", CORRECT),
        ("the 30th of April", CORRECT),
        ("You have until April 30 to submit claims for expenses up to March 15.", CORRECT),
        ("April 30, 2024", CORRECT),
        ("April", INCORRECT),
        ("March 15", INCORRECT),
        ("April 30 or March 15", INCORRECT),
        ("30", INCORRECT),
        ("I cannot find that in the documents.", NOT_ATTEMPTED),
    ],
)
def test_a_date_given_as_the_answer_is_compared_as_a_date(response: str, expected: Outcome) -> None:
    assert outcome("By what date must claims be submitted?", "April 30", response, "Apr 30") is expected


def test_an_answer_without_a_number_is_judged_as_a_name() -> None:
    assert outcome("How much can be carried over?", "unlimited", "It is unlimited.") is CORRECT
    assert outcome("How much can be carried over?", "unlimited", "240 hours") is INCORRECT
