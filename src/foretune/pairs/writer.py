"""A language model writes what a recipe asks of it.

The output is constrained to a schema. What fails the checks is tried again, with the engine told what was wrong;
where it fails every time, the recipe's rule stands in, or, where the recipe has none, the pair is set aside with
all the engine said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.engines import Engine, Request
from foretune.pairs.checks import AskedBefore, bench_leak
from foretune.pairs.slots import Ask, Draft, Slot
from foretune.plan.config import PairsSettings
from foretune.types import Message, digest

__all__ = ["Written", "write_drafts", "written_by_rule"]

_TEMPERATURE = 0.7
"""Of second and later tries; the first is greedy."""
_AGAIN = "That cannot be used. Write another prompt for the same text, without this fault:"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a slot."""

    slot: Slot
    draft: Draft | None
    """None where it was set aside."""
    writer: str
    """``engine``, ``rule``, or ``template`` where the rule stands in for an engine that failed."""
    reason: str = ""
    """Why the stand-in is there, or why there is nothing."""
    attempts: int = 0
    raw: tuple[str, ...] = ()
    """What the engine said each time."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What the engine said, and what was wrong with it."""

    raw: str
    problem: str


def written_by_rule(slot: Slot) -> Written:
    """The pair of a slot that asks no engine."""
    return Written(slot, slot.rule, "rule")


def write_drafts(
    todo: Sequence[Slot], engine: Engine, settings: PairsSettings, *, bench_questions: Sequence[str]
) -> Iterator[Written]:
    """Have each slot's ask answered; yields each as it is settled, in any order.

    All are put to the engine at once, so that it never waits between two of them.
    """
    asks: dict[int, Ask] = {number: slot.ask for number, slot in enumerate(todo) if slot.ask is not None}
    attempts: dict[int, list[_Attempt]] = {number: [] for number in asks}
    open_numbers = list(asks)
    asked = AskedBefore(bench_questions)
    for _ in range(settings.attempts):
        requests = [_request(todo[n], asks[n], settings, attempts[n]) for n in open_numbers]
        failed: list[int] = []
        for position, completion in engine.complete_many(requests):
            number = open_numbers[position]
            draft, problem = _checked(completion.text, asks[number], bench_questions, asked)
            attempts[number].append(_Attempt(completion.text, problem))
            if draft is not None and not problem:
                raw = tuple(each.raw for each in attempts[number])
                yield Written(todo[number], draft, "engine", "", len(raw), raw)
            else:
                failed.append(number)
        open_numbers = sorted(failed)
    for number in open_numbers:
        raw = tuple(each.raw for each in attempts[number])
        failures = "once," if len(raw) == 1 else f"{len(raw)} times, last"
        reason = f"the engine's prompt failed {failures} because {attempts[number][-1].problem}"
        rule = todo[number].rule
        yield Written(todo[number], rule, "template" if rule else "engine", reason, len(raw), raw)


def _request(slot: Slot, ask: Ask, settings: PairsSettings, before: Sequence[_Attempt]) -> Request:
    """The next try: after the last one's failure, which the engine is told."""
    seed = int(digest(settings.seed, slot.place, len(before))[:8], 16)
    messages = list(ask.messages)
    if before:
        # The last failure only: each try lengthens what has to be read, and a failed prompt is apt to be copied.
        messages.append(Message("assistant", before[-1].raw or "(nothing)"))
        messages.append(Message("user", f"{_AGAIN} {before[-1].problem}."))
    return Request(
        messages=tuple(messages),
        max_tokens=ask.max_tokens,
        temperature=_TEMPERATURE if before else 0.0,
        seed=seed,
        schema=ask.schema,
    )


def _checked(text: str, ask: Ask, bench_questions: Sequence[str], asked: AskedBefore) -> tuple[Draft | None, str]:
    """The pair, and what is wrong with it."""
    try:
        draft = ask.read(json.loads(text))
    except (ValueError, KeyError, TypeError):
        return None, "it breaks off before the end"
    problems = ask.faults(draft)
    if leak := bench_leak(draft.prompt, bench_questions, asked):
        problems.append(f"it asks a question of the bench (“{leak}”)")
    return draft, "; ".join(problems)
