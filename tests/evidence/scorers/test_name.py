"""``name``: the name, in a spelling people would accept; codes and dates exactly."""

from __future__ import annotations

import pytest

from foretune.evidence import score
from foretune.types import Outcome, Question

CORRECT, INCORRECT, NOT_ATTEMPTED = Outcome.CORRECT, Outcome.INCORRECT, Outcome.NOT_ATTEMPTED


def outcome(question: str, answer: str, response: str, *aliases: str) -> Outcome:
    return score(Question("q", question, answer, "name", aliases=aliases), response).outcome


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("an Apple iPhone", CORRECT),
        ("iphone", CORRECT),
        ("All employees are issued an Apple iPhone.", CORRECT),
        ("an Apple Watch", INCORRECT),
        ("a Samsung Galaxy", INCORRECT),
        ("It is not an iPhone.", INCORRECT),
        ("I don't know which phone it is.", NOT_ATTEMPTED),
    ],
)
def test_a_product_is_named_by_its_telling_word(response: str, expected: Outcome) -> None:
    assert outcome("Which phone is issued to employees?", "Apple iPhone", response, "iPhone") is expected


def test_spaces_and_case_do_not_matter() -> None:
    assert outcome("Which password manager?", "KeePassXC", "We use keepass xc here.") is CORRECT


def test_a_number_in_a_name_may_be_spelled_out_by_an_alias() -> None:
    aliases = ("1 World Trade Center", "WTC")
    question = "In which building is the New York office?"
    assert outcome(question, "One World Trade Center", "1 World Trade Center", *aliases) is CORRECT
    assert outcome(question, "One World Trade Center", "the WTC", *aliases) is CORRECT
    assert outcome(question, "One World Trade Center", "the Chrysler Building", *aliases) is INCORRECT


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("10536", CORRECT),
        ("GSA's TWN Employer Code is 10536.", CORRECT),
        ("105360", INCORRECT),
        ("1053", INCORRECT),
        ("10536 or 12345", INCORRECT),
        ("Not in the documents.", NOT_ATTEMPTED),
    ],
)
def test_a_code_is_compared_as_a_whole_token(response: str, expected: Outcome) -> None:
    assert outcome("What is the employer code?", "10536", response, "code 10536") is expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("2014-03-19", CORRECT),
        ("19 March 2014", CORRECT),
        ("It launched on March 19, 2014, after a year of planning that began in 2013.", CORRECT),
        ("March 19, 2015", INCORRECT),
        ("March 2014", INCORRECT),
        ("in 2014", INCORRECT),
    ],
)
def test_a_date_asked_for_as_a_date_has_to_be_complete(response: str, expected: Outcome) -> None:
    assert outcome("On what date did it launch?", "March 19, 2014", response) is expected


def test_a_year_will_do_where_the_question_only_asks_when() -> None:
    assert outcome("When did it launch?", "March 19, 2014", "in 2014") is CORRECT
    assert outcome("When did it launch?", "March 19, 2014", "in 2015") is INCORRECT


def test_what_is_not_may_be_asked_for() -> None:
    question = "Which of them did he not win?"
    assert outcome(question, "the French Open", "He did not win the French Open.") is CORRECT
