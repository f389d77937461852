"""The engine writes the prompt; what fails is tried again with the fault told, then the template stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.helpers import ROOT

from foretune.engines import Completion, Request
from foretune.pairs.framework import load_framework
from foretune.pairs.units import Unit, units
from foretune.pairs.writer import Written, write_prompts
from foretune.plan.config import PairsSettings
from foretune.types import GovernedDocument, Use

TEXT = "Guests register at the front desk. The desk hands out badges, which are returned the same evening before six."
FRAMEWORK = load_framework("race", folder=ROOT)
BAD, GOOD = '{"prompt": "What does the text say about guests and badges?"}', '{"prompt": "Where do guests register?"}'


class Scripted:
    """Says what it was given to say, and remembers what it was asked."""

    def __init__(self, *says: str) -> None:
        self.says, self.asked = list(says), list[Request]()

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        for position, request in enumerate(requests):
            self.asked.append(request)
            yield position, Completion(self.says.pop(0), 1, 1, 0.0)


def unit() -> Unit:
    governed = GovernedDocument("v", "visitors.md", TEXT, Use.BOTH, "0", title="Visitors")
    return next(units(governed, max_words=100, min_characters=10))


def written(engine: Scripted, attempts: int, bench: Sequence[str] = ()) -> Written:
    settings = PairsSettings(attempts=attempts)
    return next(
        write_prompts(
            [unit()],
            engine,  # type: ignore[arg-type]
            FRAMEWORK,
            FRAMEWORK.question,
            settings,
            role="an HR manager",
            bench_questions=bench,
        )
    )


def test_the_engine_is_told_what_was_wrong_with_its_last_prompt() -> None:
    engine = Scripted(BAD, GOOD)
    result = written(engine, attempts=2)
    assert (result.prompt, result.writer, result.attempts) == ("Where do guests register?", "engine", 2)
    first, second = engine.asked
    assert second.messages[: len(first.messages)] == first.messages
    said, told = second.messages[len(first.messages) :]
    assert (said.role, said.content) == ("assistant", BAD)
    assert told.role == "user"
    assert "it points to something the reader does not have (“the text”)" in told.content


def test_a_prompt_that_is_right_at_once_is_asked_for_once() -> None:
    engine = Scripted(GOOD)
    assert written(engine, attempts=3).attempts == 1
    assert len(engine.asked) == 1


def test_the_template_stands_in_and_says_why() -> None:
    once, twice = written(Scripted(BAD), attempts=1), written(Scripted(BAD, ""), attempts=2)
    assert once.writer == twice.writer == "template"
    assert once.reason.startswith("the engine's prompt failed once, because it points to")
    assert twice.reason == "the engine's prompt failed 2 times, last because it breaks off before the end"
    assert twice.raw == (BAD, "")


def test_a_bench_question_is_a_fault_the_engine_is_told_of() -> None:
    engine = Scripted(GOOD, '{"prompt": "When are the badges returned?"}')
    assert written(engine, attempts=2, bench=["Where do guests register?"]).prompt == "When are the badges returned?"
    assert "it asks a question of the bench" in engine.asked[1].messages[-1].content
