"""A prompt that would teach the wrong thing is caught, with the reason in words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import ROOT

from foretune.pairs.checks import AskedBefore, Candidate, bench_leak, faults, same_question
from foretune.pairs.framework import load_framework
from foretune.pairs.units import Unit, units
from foretune.types import GovernedDocument, Use

TEXT = "Guests register at the front desk. The desk hands out badges, which are returned the same evening before six."
STYLE = load_framework("race", folder=ROOT).question


def unit() -> Unit:
    governed = GovernedDocument("v", "visitors.md", TEXT, Use.BOTH, "0", title="Visitors")
    return next(units(governed, max_words=100, min_characters=10))


def reasons(prompt: str) -> str:
    return "; ".join(faults(Candidate(prompt, unit(), STYLE)))


def test_a_fit_prompt_has_no_faults() -> None:
    assert reasons("Where do guests register, and when are badges returned?") == ""


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("Guests?", "7 characters long"),
        ("Where do guests register and where are the badges", "breaks off"),
        ("What does the text say about guests and badges?", "points to something"),
        ("How many moons does the planet Jupiter have in total?", "0% of its words"),
        (STYLE.examples[0].prompt, "repeats an example"),
        ("Where do guests put badges and labelled food?", "speaks of an example of the framework (food"),
        (
            "Is it true that the desk hands out badges, which are returned the same evening before six?",
            "eight words in a row",
        ),
        ("Where do guests go? Where do guests go? Where do guests go?", "repeats itself"),
    ],
)
def test_each_fault_is_named(prompt: str, reason: str) -> None:
    assert reason in reasons(prompt)


def test_the_same_question_in_another_order_is_a_leak() -> None:
    question = "What is the cap on award leave in a single fiscal year?"
    assert bench_leak("In a single fiscal year, what is the cap on award leave?", [question]) == question


def test_the_same_fact_asked_otherwise_is_not_a_leak() -> None:
    question = "What is the cap on award leave in a single fiscal year?"
    assert bench_leak("How are time-off awards limited between October and September?", [question]) == ""


def test_two_prompts_without_content_words_are_not_the_same_question() -> None:
    assert not same_question("Who is it?", "What was that?")


_WORDS = ("badge", "guest", "desk", "leave", "travel", "receipt", "laptop", "holiday", "payroll", "meeting", "grade")


@given(
    st.lists(st.lists(st.sampled_from(_WORDS), max_size=11).map(" ".join), max_size=12),
    st.lists(st.sampled_from(_WORDS), max_size=11).map(" ".join),
    st.sampled_from([0.5, 0.6, 0.8, 0.9, 1.0]),
)
def test_looking_up_finds_what_comparing_with_each_finds(before: list[str], question: str, at_least: float) -> None:
    expected = next((n for n, other in enumerate(before) if same_question(question, other, at_least=at_least)), None)
    assert AskedBefore(before, at_least=at_least).find(question) == expected


def test_a_repeated_prompt_is_found_among_thousands_without_comparing_each_with_each() -> None:
    prompts = [f"How is form {n * 7919} filed with office {n * 104729} by team {n % 97}?" for n in range(3000)]
    started, asked = time.process_time(), AskedBefore(at_least=0.9)
    for prompt in prompts:
        assert asked.find(prompt) is None
        asked.add(prompt)
    assert asked.find(prompts[2000]) == 2000
    assert time.process_time() - started < 10  # comparing each with each: minutes
