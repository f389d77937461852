"""A statement is told, holds, or is to come, by the first verb that says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.evidence import Tense, tense


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The office was founded in 2014.", Tense.PAST),
        ("By 2016 the team had grown to forty.", Tense.PAST),
        ("We launched the tool in June 2019.", Tense.PAST),
        ("This authority expires October 10, 2023.", Tense.PRESENT),
        ("You must finish by March 2021.", Tense.PRESENT),
        ("Submit the form before 4 May 2020.", Tense.PRESENT),
        ("- Please return it by Friday.", Tense.PRESENT),
        ("We are piloting this through 2022.", Tense.PRESENT),
        ("The team has moved.", Tense.PRESENT),
        ("We will move to the new system in 2021.", Tense.FUTURE),
        ("The upcoming release adds search.", Tense.FUTURE),
        ("They plan to close the office.", Tense.FUTURE),
        ("Deadline: March 2020", Tense.NONE),
        ("FY21 calendar", Tense.NONE),
        ("The need for speed", Tense.NONE),
    ],
)
def test_the_first_verb_says_when(text: str, expected: Tense) -> None:
    assert tense(text) is expected


@given(st.text(max_size=200))
def test_every_text_has_a_tense(text: str) -> None:
    assert tense(text) in Tense
