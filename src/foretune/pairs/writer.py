"""A language model writes the prompt for which a text is the answer.

The output is constrained to a schema. What fails the checks is tried again, with
the engine told what was wrong; what fails every time is replaced by the framework's
template, made from title, headings and labels, and says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.engines import Engine, Request
from foretune.governance.hostile import neutralise
from foretune.pairs.checks import AskedBefore, Candidate, bench_leak, faults
from foretune.pairs.framework import Framework, Style
from foretune.pairs.units import Unit
from foretune.plan.config import PairsSettings
from foretune.types import Message, digest

__all__ = ["Written", "prompt_messages", "template_prompt", "write_prompts"]

_SHOWN_WORDS = 120
"""Of the text, in words: what a prompt is about is said early, and reading is what takes the time."""
_MAX_TOKENS = 64
_TEMPERATURE = 0.7
"""Of second and later tries; the first is greedy."""
_AGAIN = "That cannot be used. Write another prompt for the same text, without this fault:"


@dataclass(frozen=True, slots=True)
class Written:
    """A prompt for a unit."""

    unit: Unit
    prompt: str
    writer: str
    """``engine`` or ``template``."""
    reason: str
    """Why the template stands in."""
    attempts: int
    raw: tuple[str, ...]
    """What the engine said each time."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What the engine said, and what was wrong with it."""

    raw: str
    problem: str


def prompt_messages(unit: Unit, style: Style, framework: Framework) -> list[Message]:
    """The conversation put to the engine: instruction, the framework's examples, the text."""
    parts = "\n".join(f"- {part}" for part in framework.parts)
    messages = [
        Message("system", f"{style.instruction}\n{parts}" if style is framework.instruction else style.instruction)
    ]
    for example in style.examples:
        messages.append(Message("user", _shown(example.title, example.text)))
        messages.append(Message("assistant", json.dumps({"prompt": example.prompt}, ensure_ascii=False)))
    title = " > ".join(dict.fromkeys([unit.document.title, *unit.headings]))
    # Neutralised before it is cut, so that the end of a hidden element is still there to be seen.
    text = " ".join(neutralise(unit.text).split()[:_SHOWN_WORDS])
    return [*messages, Message("user", _shown(neutralise(title), text))]


def _shown(title: str, text: str) -> str:
    return f"Title: {title}\nText: {text}"


def template_prompt(unit: Unit, style: Style, role: str) -> str:
    """The stand-in: deterministic, from title, headings and labels."""
    topic = unit.topic or unit.document.path.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("-", " ")
    words = max(50, round(len(unit.text.split()) / 50) * 50)
    return style.template.format(role=role, topic=topic, words=words)


def write_prompts(
    todo: Sequence[Unit],
    engine: Engine,
    framework: Framework,
    style: Style,
    settings: PairsSettings,
    *,
    role: str,
    bench_questions: Sequence[str],
) -> Iterator[Written]:
    """Write a prompt for each unit; yields each as it is settled, in any order."""
    attempts: dict[int, list[_Attempt]] = {number: [] for number in range(len(todo))}
    open_numbers = list(attempts)
    asked = AskedBefore(bench_questions)
    for _ in range(settings.attempts):
        requests = [_request(todo[n], style, framework, settings, attempts[n]) for n in open_numbers]
        failed: list[int] = []
        for position, completion in engine.complete_many(requests):
            number = open_numbers[position]
            unit = todo[number]
            prompt, problem = _checked(completion.text, unit, style, bench_questions, asked)
            attempts[number].append(_Attempt(completion.text, problem))
            if not problem:
                raw = tuple(each.raw for each in attempts[number])
                yield Written(unit, prompt, "engine", "", len(raw), raw)
            else:
                failed.append(number)
        open_numbers = sorted(failed)
    for number in open_numbers:
        raw = tuple(each.raw for each in attempts[number])
        failures = "once," if len(raw) == 1 else f"{len(raw)} times, last"
        reason = f"the engine's prompt failed {failures} because {attempts[number][-1].problem}"
        yield Written(todo[number], template_prompt(todo[number], style, role), "template", reason, len(raw), raw)


_SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string", "minLength": 12, "maxLength": 400}},
    "required": ["prompt"],
    "additionalProperties": False,
}


def _request(
    unit: Unit, style: Style, framework: Framework, settings: PairsSettings, before: Sequence[_Attempt]
) -> Request:
    """The next try: after the last one's failure, which the engine is told."""
    seed = int(digest(settings.seed, unit.id, len(before))[:8], 16)
    messages = prompt_messages(unit, style, framework)
    if before:
        # The last failure only: each try lengthens what has to be read, and a failed prompt is apt to be copied.
        messages.append(Message("assistant", before[-1].raw or "(nothing)"))
        messages.append(Message("user", f"{_AGAIN} {before[-1].problem}."))
    return Request(
        messages=tuple(messages),
        max_tokens=_MAX_TOKENS,
        temperature=_TEMPERATURE if before else 0.0,
        seed=seed,
        schema=_SCHEMA,
    )


def _checked(
    text: str, unit: Unit, style: Style, bench_questions: Sequence[str], asked: AskedBefore
) -> tuple[str, str]:
    """The prompt, and what is wrong with it."""
    try:
        prompt = str(json.loads(text)["prompt"]).strip()
    except (ValueError, KeyError, TypeError):
        return "", "it breaks off before the end"
    problems = faults(Candidate(prompt, unit, style))
    if leak := bench_leak(prompt, bench_questions, asked):
        problems.append(f"it asks a question of the bench (“{leak}”)")
    return prompt, "; ".join(problems)
