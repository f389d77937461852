"""Tokens, stems, sentences and clauses keep their place in the text they were cut from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foretune.evidence import clauses, content_stems, fold, sentences, squash, tokens
from foretune.evidence.text import Span, locate


def test_a_token_is_compared_without_case_accent_possessive_and_thousands_separator() -> None:
    found = [token.norm for token in tokens("The U.S. café's 1,200 seats")]
    assert found == ["the", "us", "cafe", "1200", "seats"]


def test_contracted_negation_becomes_a_word_of_its_own() -> None:
    assert [t.norm for t in tokens("It won't, can't and doesn’t")] == [
        "it", "will", "not", "can", "not", "and", "does", "not",
    ]  # fmt: skip


def test_names_with_digits_and_ampersands_stay_whole() -> None:
    assert [t.text for t in tokens("18F pays M&IE")] == ["18F", "pays", "M&IE"]


def test_ideographs_are_tokens_one_by_one() -> None:
    assert [t.text for t in tokens("年休20天")] == ["年", "休", "20", "天"]


def test_an_acronym_in_capitals_is_no_function_word() -> None:
    it_department, pronoun = tokens("IT it")
    assert not it_department.is_stop
    assert pronoun.is_stop


def test_content_stems_bring_forms_of_a_word_together() -> None:
    assert content_stems("You accrued the leaves") == content_stems("accrues leave")


def test_writing_together_or_apart_makes_no_difference_to_squash() -> None:
    assert squash("KeePass XC") == squash("KeePassXC") == "keepassxc"


def test_folding_removes_accents() -> None:
    assert fold("Röntgen ﬁx") == "rontgen fix"


def test_sentences_end_at_marks_but_not_after_abbreviations_initials_or_counters() -> None:
    text = "Dr. J. K. Lee left at 5 p.m. today. Why? 1. He was ill"
    assert [s.text for s in sentences(text)] == ["Dr. J. K. Lee left at 5 p.m. today.", "Why?", "1. He was ill"]


def test_a_wrapped_line_goes_on_and_a_list_item_does_not() -> None:
    text = "Personal laptops cannot be connected\ndirectly to it.\n- one\n- two\n\nNext part"
    assert [s.text for s in sentences(text)] == [
        "Personal laptops cannot be connected\ndirectly to it.", "- one", "- two", "Next part",
    ]  # fmt: skip


def test_clauses_part_at_commas_and_conjunctions_but_not_inside_numbers() -> None:
    whole = "You get 1,200 dollars, but only if you stay"
    parts = clauses(Span(whole, 0, len(whole)))
    assert [part.text for part in parts] == ["You get 1,200 dollars", "but only", "if you stay"]


def test_a_phrase_is_found_as_whole_words_only() -> None:
    assert locate(["4"], ["24", "4"]) == 1
    assert locate(["4"], ["24"]) == -1


@given(st.text())
def test_every_piece_lies_where_it_says(text: str) -> None:
    for sentence in sentences(text):
        assert text[sentence.start : sentence.end] == sentence.text
        for clause in clauses(sentence):
            assert text[clause.start : clause.end] == clause.text
    previous = 0
    for token in tokens(text):
        assert previous <= token.start < token.end <= len(text)
        previous = token.end


@given(st.text())
def test_no_letter_or_digit_gets_lost_between_sentences(text: str) -> None:
    kept = sum(c.isalnum() for sentence in sentences(text) for c in sentence.text)
    assert kept == sum(c.isalnum() for c in text)
