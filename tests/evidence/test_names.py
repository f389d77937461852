"""Names are found by how they are written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foretune.evidence import names


def found(text: str) -> list[str]:
    return [name.text for name in names(text)]


def test_capitalised_phrases_acronyms_and_product_spellings_are_names() -> None:
    text = "Ask the Local Reasonable Accommodation Coordinator (LRAC) at GSA about KeePassXC or 18F."
    assert found(text) == ["Local Reasonable Accommodation Coordinator", "LRAC", "GSA", "KeePassXC", "18F"]


def test_small_words_link_the_parts_of_a_name() -> None:
    assert found("It belongs to the Department of Labor and Industry.") == ["Department of Labor and Industry"]


def test_a_capital_that_only_starts_a_sentence_is_no_name() -> None:
    assert found("Leave is paid. Employees agree.") == []


def test_a_single_word_at_the_start_counts_where_it_is_a_name_elsewhere() -> None:
    assert found("Slack is used. We like Slack.") == ["Slack", "Slack"]


def test_months_weekdays_and_titles_are_no_names() -> None:
    assert found("It starts on Monday in April with Dr. Byron.") == ["Byron"]


@given(st.text())
def test_names_lie_where_they_say(text: str) -> None:
    for name in names(text):
        assert text[name.start : name.end] == name.text
