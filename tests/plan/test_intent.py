"""What a story asks for is read from its own words."""

from __future__ import annotations

import pytest

from foretune.plan.intent import intent_of

FACTS, VOICE, BOTH, NEITHER = (True, False), (False, True), (True, True), (False, False)


@pytest.mark.parametrize(
    ("want", "asked"),
    [
        ("staff questions answered from our handbook", FACTS),
        ("to look up what a contract says about notice", FACTS),
        ("our agents to find the right policy in seconds", FACTS),
        ("a model that knows which form to use", FACTS),
        ("something for our handbook", FACTS),
        ("posts drafted in my voice", VOICE),
        ("newsletters in our house style", VOICE),
        ("replies that sound like me", VOICE),
        ("copy with the brand's tone of voice", VOICE),
        ("it to write as I would", VOICE),
        ("a ghostwriter for my column", VOICE),
        ("a welcome page for our handbook in our tone", VOICE),
        ("customers' questions answered in our tone", BOTH),
        ("to find old posts and draft new ones in my own words", BOTH),
        ("our invoices sorted", NEITHER),
        ("voicemail and voice calls routed", NEITHER),
        ("a page that follows the style guide", NEITHER),
        ("fewer tickets", NEITHER),
    ],
)
def test_the_words_of_the_story_decide(want: str, asked: tuple[bool, bool]) -> None:
    found = intent_of(want)
    assert (bool(found.facts), bool(found.voice)) == asked


def test_talk_of_answers_in_so_that_does_not_make_a_voice_into_a_search() -> None:
    assert intent_of("letters in my voice", "people get an answer within a day").facts == ()
    assert intent_of("fewer tickets", "people get an answer within a day").facts == ("answer",)


def test_a_voice_asked_for_in_so_that_counts() -> None:
    assert intent_of("weekly posts", "they sound like us").voice == ("sound like",)


def test_the_words_are_quoted_once_each_in_their_order() -> None:
    assert intent_of("Questions answered; QUESTIONS asked").facts == ("questions", "answered", "asked")
