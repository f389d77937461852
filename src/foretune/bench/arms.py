"""The arms: ways of answering a question that the bench compares side by side.

An arm is a registered function from a question to what it answered; what it needs
is in :class:`Bench`. The search arm answers nothing: it is scored by whether the
gold source is among the first five documents.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from foretune.engines import Engine
from foretune.retrieval import Answerer, Searcher
from foretune.types import Arm, Message, Question

__all__ = ["ANSWER_BRIEFLY", "ArmAnswer", "ArmFunction", "Bench", "PassageUsed", "arm", "arms", "first_documents"]

ANSWER_BRIEFLY = "Answer the question in one short sentence."
"""What arms without documents are told before the question; tuning puts it before the questions it trains on."""

FIRST = 5
"""How many documents the search arm may name."""


@dataclass(frozen=True, slots=True)
class PassageUsed:
    """A passage an answer was made from."""

    path: str
    passage: int
    start: int
    end: int
    text: str
    cited: bool = False


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """What an arm said; ``seconds`` is wall time, tokens are the engine's."""

    response: str
    passages: tuple[PassageUsed, ...]
    seconds: float
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What the arms work with."""

    engine: Engine
    searcher: Searcher
    answerer: Answerer
    adapter: Path | None
    max_answer_tokens: int
    seed: int
    saved_seconds: Callable[[], float] = lambda: 0.0
    """What the engine took, so far, for answers that came from its cache: part of a latency all the same."""

    def clock(self) -> float:
        """Seconds that run on as if nothing had come from the cache."""
        return time.perf_counter() + self.saved_seconds()


ArmFunction = Callable[[Question, Bench], ArmAnswer]
_ARMS: dict[Arm, ArmFunction] = {}


def arm(name: Arm) -> Callable[[ArmFunction], ArmFunction]:
    """Register a function as an arm."""

    def register(function: ArmFunction) -> ArmFunction:
        _ARMS[name] = function
        return function

    return register


def arms() -> dict[Arm, ArmFunction]:
    """All arms by name."""
    return dict(_ARMS)


def first_documents(bench: Bench, question: str, count: int = FIRST) -> list[PassageUsed]:
    """The best passage of each of the first ``count`` different documents."""
    best: dict[str, PassageUsed] = {}
    for hit in bench.searcher.search(question, k=20):
        passage = hit.passage
        if passage.path not in best:
            best[passage.path] = PassageUsed(passage.path, passage.id, passage.start, passage.end, passage.text)
    return list(best.values())[:count]


@arm(Arm.SEARCH)
def _search(question: Question, bench: Bench) -> ArmAnswer:
    started = bench.clock()
    found = first_documents(bench, question.question)
    response = "\n".join(passage.path for passage in found)
    return ArmAnswer(response, tuple(found), bench.clock() - started)


def plain_prompt(question: Question) -> tuple[Message, ...]:
    """What an arm without documents is asked."""
    return (Message("system", ANSWER_BRIEFLY), Message("user", question.question))


def _without_documents(question: Question, bench: Bench, adapter: Path | None) -> ArmAnswer:
    started = bench.clock()
    completion = bench.engine.complete(
        plain_prompt(question),
        max_tokens=bench.max_answer_tokens,
        seed=bench.seed,
        adapter=adapter,
    )
    return ArmAnswer(
        completion.text.strip(),
        (),
        bench.clock() - started,
        completion.tokens_in,
        completion.tokens_out,
        completion.cost,
    )


@arm(Arm.BASE)
def _base(question: Question, bench: Bench) -> ArmAnswer:
    return _without_documents(question, bench, None)


@arm(Arm.TUNED)
def _tuned(question: Question, bench: Bench) -> ArmAnswer:
    return _without_documents(question, bench, bench.adapter)


def _with_documents(question: Question, bench: Bench, adapter: Path | None) -> ArmAnswer:
    started = bench.clock()
    answer = bench.answerer.answer(
        question.question, adapter=adapter, max_tokens=bench.max_answer_tokens, seed=bench.seed
    )
    cited = {citation.passage for citation in answer.citations}
    passages = tuple(PassageUsed(p.path, p.id, p.start, p.end, p.text, cited=p.id in cited) for p in answer.passages)
    return ArmAnswer(answer.text, passages, bench.clock() - started, answer.tokens_in, answer.tokens_out, answer.cost)


@arm(Arm.RAG)
def _rag(question: Question, bench: Bench) -> ArmAnswer:
    return _with_documents(question, bench, None)


@arm(Arm.TUNED_RAG)
def _tuned_rag(question: Question, bench: Bench) -> ArmAnswer:
    return _with_documents(question, bench, bench.adapter)
