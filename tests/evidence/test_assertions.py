"""Which of several values a response asserts."""

from __future__ import annotations

from foretune.evidence.assertions import Mention, asserts_right

QUESTION = "How many hours of leave does someone with fewer than three years of service accrue?"


def asserted(text: str, right: str, wrong: str, question: str = QUESTION) -> bool:
    return asserts_right(question, text, [mention(text, right, True), mention(text, wrong, False)])


def mention(text: str, value: str, right: bool) -> Mention:
    start = text.index(value)
    return Mention(start, start + len(value), right)


def test_the_value_beside_the_words_of_the_question_counts() -> None:
    text = "3 to 15 years: 6 hours. Fewer than three years of service: 4 hours"
    assert asserted(text, "4 hours", "6 hours")
    assert not asserted(text, "6 hours", "4 hours")


def test_a_condition_before_a_colon_belongs_to_the_value_after_it() -> None:
    text = "Fewer than three years of service: 4 hours, more: 6 hours"
    assert asserted(text, "4 hours", "6 hours")


def test_otherwise_the_value_said_first_counts() -> None:
    assert asserted("4 hours. Before, it was 5 hours.", "4 hours", "5 hours")
    assert not asserted("5 hours. Before, it was 4 hours.", "4 hours", "5 hours")


def test_alternatives_assert_neither() -> None:
    assert not asserted("4 hours or 6 hours", "4 hours", "6 hours")
    assert not asserted("6 hours or maybe 4 hours", "4 hours", "6 hours")


def test_a_value_bounded_as_asked_beats_one_that_is_not() -> None:
    text = "to another 120 days (not to exceed 240 days total)"
    rivals = [
        Mention(text.index("240"), text.index("240") + 8, right=True, fitting=True),
        Mention(text.index("120"), text.index("120") + 8, right=False),
    ]
    assert asserts_right("What is the longest time a detail can last?", text, rivals)


def test_no_value_asserts_nothing() -> None:
    assert not asserts_right(QUESTION, "some hours", [])
