"""Repairs and redactions: nothing else changes, and what was redacted is gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from foretune.governance.edits import apply, edited, mask, masked, masked_values
from foretune.governance.types import Edit


@st.composite
def text_with_edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    text = draw(st.text(min_size=1, max_size=80))
    places = st.tuples(
        st.integers(0, len(text)), st.integers(0, len(text)), st.sampled_from(["[A]", "[B]", ""]), st.booleans()
    )
    edits = [
        Edit(min(a, b), max(a, b), replacement, redacts)
        for a, b, replacement, redacts in draw(st.lists(places, max_size=8))
        if a != b
    ]
    return text, edits


@given(text_with_edits())
def test_every_redacted_character_is_gone_and_every_other_stays(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    marks = apply(
        "".join(chr(0xE000 + position) for position in range(len(text))),  # each character is its own position
        [Edit(each.start, each.end, "", each.redacts) for each in edits],
    )
    kept = {ord(each) - 0xE000 for each in marks}
    redacted = {position for each in edits if each.redacts for position in range(each.start, each.end)}
    touched = {position for each in edits for position in range(each.start, each.end)}
    assert not kept & redacted
    assert kept >= set(range(len(text))) - touched


@given(text_with_edits())
def test_the_order_of_edits_does_not_matter(case: tuple[str, list[Edit]]) -> None:
    text, edits = case
    assert apply(text, edits) == apply(text, edits[::-1])


@given(st.lists(st.sampled_from(["ana@firm.com", "460-89-9847", "see", "42", "café", "我们", "."]), max_size=30))
def test_no_masked_word_is_left(words: list[str]) -> None:
    masks = {"ana@firm.com": "[EMAIL]", "460-89-9847": "[NATIONAL_ID]", "42": "[AGE]", "我们": "[PERSON]"}
    text = " ".join(words)
    assert not any(each in masked(text, masks) for each in masks)


def test_a_mask_is_the_same_everywhere_and_spares_longer_words() -> None:
    masks = {"turn 7": "[AGE]", "ana@firm.com": mask("email")}
    assert masked("I turn 7; return 75; ana@firm.com, ana@firm.com.", masks) == "I [AGE]; return 75; [EMAIL], [EMAIL]."


def test_of_two_that_begin_alike_the_longer_is_masked() -> None:
    assert masked("Ana Maria and Ana", {"Ana": "[A]", "Ana Maria": "[AM]"}) == "[AM] and [A]"


def test_a_redaction_beats_a_repair_of_the_same_place() -> None:
    edits = [Edit(0, 9, "whole café", False), Edit(4, 7, "[X]", True)]
    assert apply("some text here", edits) == "some [X] here"[:4] + "[X]" + "some text here"[7:]


def test_what_a_repair_brings_to_light_is_masked_too() -> None:
    text = "josÃ©@firm.com wrote"
    assert edited(text, [Edit(0, 14, "josé@firm.com", False)], masks={"josé@firm.com": "[EMAIL]"}) == "[EMAIL] wrote"


def test_thousands_of_masks_are_applied_at_once() -> None:
    masks = {f"user{number}@firm.com": "[EMAIL]" for number in range(3000)}
    assert masked(" ".join(masks), masks) == " ".join(["[EMAIL]"] * 3000)


def test_json_values_are_masked_inside() -> None:
    value = {"to": ["ana@firm.com", 7, None], "note": {"from": "ana@firm.com"}}
    assert masked_values(value, {"ana@firm.com": "[EMAIL]"}) == {
        "to": ["[EMAIL]", 7, None],
        "note": {"from": "[EMAIL]"},
    }
