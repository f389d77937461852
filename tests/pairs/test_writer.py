"""The engine writes the prompt; what fails is tried again with the fault told, then the template stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.helpers import ROOT

from foretune.engines import Completion, Request
from foretune.pairs.framework import load_framework
from foretune.pairs.recipes import registered
from foretune.pairs.slots import Making, Slot
from foretune.pairs.writer import Written, write_drafts
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


GOVERNED = GovernedDocument("v", "visitors.md", TEXT, Use.BOTH, "0", title="Visitors")


def slot(settings: PairsSettings) -> Slot:
    making = Making(settings, FRAMEWORK, FRAMEWORK.question, "an HR manager", lambda _: "train")
    return next(iter(registered("document").make([GOVERNED], making)))


def written(engine: Scripted, attempts: int, bench: Sequence[str] = ()) -> Written:
    settings = PairsSettings(attempts=attempts)
    return next(write_drafts([slot(settings)], engine, settings, bench_questions=bench))  # type: ignore[arg-type]


def prompt(of: Written) -> str:
    assert of.draft is not None
    return of.draft.prompt


def test_the_engine_is_told_what_was_wrong_with_its_last_prompt() -> None:
    engine = Scripted(BAD, GOOD)
    result = written(engine, attempts=2)
    assert (prompt(result), result.writer, result.attempts) == ("Where do guests register?", "engine", 2)
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
    assert prompt(written(engine, attempts=2, bench=["Where do guests register?"])) == "When are the badges returned?"
    assert "it asks a question of the bench" in engine.asked[1].messages[-1].content


def test_what_no_rule_stands_in_for_is_set_aside_with_all_the_engine_said() -> None:
    settings = PairsSettings(attempts=3)
    without = replace(slot(settings), rule=None)
    engine = Scripted(BAD, "", BAD)
    [result] = write_drafts([without], engine, settings, bench_questions=[])  # type: ignore[arg-type]
    assert result.draft is None
    assert result.raw == (BAD, "", BAD)
    assert result.reason.startswith("the engine's prompt failed 3 times, last because it points to")
