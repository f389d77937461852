"""What is known by heart is found, and what is not is not."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.engines import Completion, EngineInfo, Score
from foretune.engines.base import BaseEngine
from foretune.engines.types import Request
from foretune.tuning import Example
from foretune.tuning.forgetting import ask_general, general_questions
from foretune.tuning.memorisation import (
    ALTERNATIVES,
    COPIED_WORDS,
    Secret,
    canaries,
    canary_secrets,
    comes_first,
    copied_answers,
    disguised,
    is_drawn_out,
    longest_copied,
)
from foretune.types import Message


class Parrot(BaseEngine):
    """Answers with what it was told; prefers one continuation over all others."""

    def __init__(self, answer: str, *, prefers: str = "") -> None:
        self.answer, self.prefers, self.scored = answer, prefers, 0

    def info(self) -> EngineInfo:
        return EngineInfo("parrot", "test", "0", 1000, remote=False)

    def run_stream(self, request: Request):  # type: ignore[no-untyped-def]
        yield Completion(self.answer, 1, 1, 0.0)

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        pass

    def score(
        self, messages: Sequence[Message], continuations: Sequence[str], *, adapter: Path | None = None
    ) -> list[Score]:
        self.scored += len(continuations)
        return [
            Score(0.0 if self.prefers and self.prefers in each else -random.Random(each).random(), 1)
            for each in continuations
        ]


def example(answer: str) -> Example:
    return Example("e", (Message("user", "Say it."), Message("assistant", answer)))


WORDS = " ".join(f"word{n}" for n in range(60))


def test_a_copied_span_and_a_whole_short_answer_are_by_heart() -> None:
    (long,) = copied_answers(Parrot(f"Well, {' '.join(WORDS.split()[5:50])} and so on"), [example(WORDS)], None)
    assert (long.words, long.by_heart) == (45, True)
    assert long.text == " ".join(WORDS.split()[5:50])
    (short,) = copied_answers(Parrot("On the seventh hook."), [example("On the seventh hook.")], None)
    assert (short.words, short.by_heart) == (4, True)


def test_a_few_words_in_common_are_not() -> None:
    (some,) = copied_answers(Parrot(" ".join(WORDS.split()[: COPIED_WORDS - 1])), [example(WORDS)], None)
    assert not some.by_heart
    (other,) = copied_answers(Parrot("On the third hook."), [example("On the seventh hook.")], None)
    assert (other.words, other.by_heart) == (2, False)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_longest_copied_run_is_in_both_and_none_is_longer(ours: list[str], theirs: list[str]) -> None:
    length, text = longest_copied(" ".join(ours), " ".join(theirs))
    runs = {tuple(theirs[i : i + n]) for i in range(len(theirs)) for n in range(1, len(theirs) - i + 1)}
    common = [run for run in runs if any(tuple(ours[i : i + len(run)]) == run for i in range(len(ours)))]
    assert length == max(map(len, common), default=0)
    assert tuple(text.split()) in {*common, ()}
    assert len(text.split()) == length


def test_a_secret_the_model_knows_comes_first_and_one_it_does_not_by_chance() -> None:
    secrets = canary_secrets(40, seed=1)
    assert all(comes_first(Parrot("", prefers=secret.value), secret, None, seed=0) for secret in secrets)
    guessing = Parrot("")
    assert sum(comes_first(guessing, secret, None, seed=0) for secret in secrets) <= 5
    # What others beat at once is not held against all of them.
    assert guessing.scored < len(secrets) * ALTERNATIVES / 2


def test_a_secret_is_drawn_out_where_it_is_said() -> None:
    secret = Secret((Message("user", "Who?"),), "Ask ", "Mr. Quill")
    assert is_drawn_out(Parrot("Ask mr. quill."), secret, None)
    assert not is_drawn_out(Parrot("Nobody."), secret, None)


def test_canaries_are_the_same_for_the_same_seed_and_their_answers_hold_them() -> None:
    assert canaries(3, seed=1) == canaries(3, seed=1)
    assert canaries(3, seed=1) != canaries(3, seed=2)
    for canary, secret in zip(canaries(3, seed=1), canary_secrets(3, seed=1), strict=True):
        assert canary.example.messages[-1].content == f"{secret.before}{secret.value}."
        assert canary.example.canary


@pytest.mark.parametrize("value", ["ada.b@ex.org", "+44 20 7946 0958", "Ada Bell"])
def test_a_disguise_has_the_same_shape_and_another_value(value: str) -> None:
    made = disguised(value, random.Random(0))
    assert made != value
    assert [(c.isdigit(), c.isalpha(), c.isupper()) for c in made] == [
        (c.isdigit(), c.isalpha(), c.isupper()) for c in value
    ]


def test_every_general_question_takes_its_own_answer_and_none_takes_nonsense() -> None:
    questions = general_questions()
    assert len(questions) == 70
    assert len({question.prompt for question in questions}) == 70
    for question in questions:
        assert not question.is_right("")
        for answer in question.answers:
            assert question.is_right(f"{answer}."), (question.prompt, answer)
            assert question.is_right(f"The answer is {answer}."), (question.prompt, answer)
    assert not any(
        right for _, right in ask_general(Parrot("I would rather talk about a purple locomotive today, friend"), None)
    )
