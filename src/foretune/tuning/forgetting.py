"""Does it forget? General knowledge and plain instructions, asked of the model with and without its adapter.

The questions are a data file written for this package: facts that no document changes, and instructions that a
program can check, in the way of IFEval (Zhou et al. 2023, arXiv:2311.07911). They are no measure of a model, only
of what an adapter changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from foretune.engines import Engine, Request
from foretune.evidence import score
from foretune.types import Message, Outcome, Question

__all__ = ["GENERAL", "GeneralQuestion", "ask_general", "general_questions"]

GENERAL = Path(__file__).with_name("general.json")

_MAX_TOKENS = 16
"""Enough for a fact in a short sentence; the instructions ask for less."""
_SYSTEM = Message("system", "Answer briefly.")


@dataclass(frozen=True, slots=True)
class GeneralQuestion:
    """One thing to ask; either ``answers`` or ``pattern`` says what is right."""

    id: str
    prompt: str
    answers: tuple[str, ...] = ()
    pattern: str = ""
    """Regular expression that is found in a right answer."""
    kind: str = "name"
    """Which scorer judges a fact."""

    def is_right(self, answer: str) -> bool:
        if self.pattern:
            return re.search(self.pattern, answer) is not None
        question = Question(self.id, self.prompt, self.answers[0], self.kind, self.answers[1:])
        return score(question, answer).outcome is Outcome.CORRECT


@cache
def general_questions() -> tuple[GeneralQuestion, ...]:
    """All of them: knowledge first, then instructions."""
    stored = json.loads(GENERAL.read_text(encoding="utf-8"))
    facts = [
        GeneralQuestion(f"fact-{n}", each["question"], tuple(each["answers"]), kind=each.get("kind", "name"))
        for n, each in enumerate(stored["facts"], start=1)
    ]
    instructions = [
        GeneralQuestion(f"instruction-{n}", each["prompt"], pattern=each["pattern"])
        for n, each in enumerate(stored["instructions"], start=1)
    ]
    return (*facts, *instructions)


def ask_general(
    engine: Engine, adapter: Path | None, questions: Sequence[GeneralQuestion] = ()
) -> Iterator[tuple[GeneralQuestion, bool]]:
    """Ask each, greedily; yields whether the answer was right, in the order of the questions."""
    asked = questions or general_questions()
    requests = [
        Request((_SYSTEM, Message("user", question.prompt)), max_tokens=_MAX_TOKENS, adapter=adapter)
        for question in asked
    ]
    answers = dict(engine.complete_many(requests))
    for number, question in enumerate(asked):
        yield question, question.is_right(answers[number].text)
