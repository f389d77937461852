"""What a language model is shown and asked, recipe by recipe; document text is data to it, never an instruction."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from foretune.evidence import Support, ground
from foretune.governance.hostile import neutralise
from foretune.governance.markup import prose
from foretune.pairs.checks import Candidate, copied, faults, same_question
from foretune.pairs.framework import Framework, Style
from foretune.pairs.slots import Ask, Draft, Making
from foretune.pairs.units import Unit
from foretune.types import Message

__all__ = [
    "ask_for_paraphrase",
    "ask_for_plain",
    "ask_for_prompt",
    "ask_for_question",
    "ask_for_text",
    "prompt_messages",
    "shown",
    "template_prompt",
]

_SHOWN_WORDS = 120
"""Of the text, in words: what a prompt is about is said early, and reading is what takes the time."""
_LONGEST = 400
_PROMPT = {
    "type": "object",
    "properties": {"prompt": {"type": "string", "minLength": 12, "maxLength": _LONGEST}},
    "required": ["prompt"],
    "additionalProperties": False,
}


def prompt_messages(unit: Unit, style: Style, framework: Framework) -> list[Message]:
    """The conversation put to the engine: instruction, the framework's examples, the text."""
    parts = "\n".join(f"- {part}" for part in framework.parts)
    messages = [
        Message("system", f"{style.instruction}\n{parts}" if style is framework.instruction else style.instruction)
    ]
    for example in style.examples:
        messages.append(Message("user", _with_title(example.title, example.text)))
        messages.append(Message("assistant", json.dumps({"prompt": example.prompt}, ensure_ascii=False)))
    return [*messages, Message("user", shown(unit))]


def shown(unit: Unit, words: int = _SHOWN_WORDS) -> str:
    """Title, headings and the beginning of the text, as the model sees them."""
    title = " > ".join(dict.fromkeys([unit.document.title, *unit.headings]))
    # Neutralised before it is cut, so that the end of a hidden element is still there to be seen.
    return _with_title(neutralise(title), " ".join(neutralise(unit.text).split()[:words]))


def _with_title(title: str, text: str) -> str:
    return f"Title: {title}\nText: {text}"


def template_prompt(unit: Unit, style: Style, role: str) -> str:
    """The stand-in: deterministic, from title, headings and labels."""
    topic = unit.topic or unit.document.path.rsplit("/", 1)[-1].rsplit(".", 1)[0].replace("-", " ")
    words = max(50, round(len(unit.text.split()) / 50) * 50)
    return style.template.format(role=role, topic=topic, words=words)


def ask_for_prompt(unit: Unit, making: Making) -> Ask:
    """The prompt for which the unit's text is the answer."""
    return _asked_prompt(unit, unit.text, prompt_messages(unit, making.style, making.framework), making)


def ask_for_question(unit: Unit, answer: str, making: Making) -> Ask:
    """A question that ``answer`` answers."""
    style = making.framework.question
    messages = prompt_messages(unit, style, making.framework)
    return _asked_prompt(unit, answer, messages, making)


def ask_for_paraphrase(unit: Unit, question: str, answer: str, number: int, making: Making) -> Ask:
    """The question in other words; ``number`` tells the ways apart."""
    manner = _MANNERS[number % len(_MANNERS)]
    messages = (
        Message("system", _REPHRASE),
        Message(
            "user", "Question: Where may guests park at the office?\nManner: somebody new here asks for themselves"
        ),
        Message("assistant", '{"prompt": "I have a visitor tomorrow. Where can she leave her car at the office?"}'),
        Message("user", f"Question: {neutralise(question)}\nManner: {manner}"),
    )

    def wrong(draft: Draft) -> list[str]:
        found = faults(Candidate(draft.prompt, unit, making.framework.question, answer=answer, known=question))
        if same_question(draft.prompt, question, at_least=1.0):
            found.append("it only repeats the question")
        return found

    return Ask(messages, _PROMPT, _reader(answer), wrong)


def ask_for_text(unit: Unit, instruction: str, prompt: str) -> Ask:
    """A response to ``prompt`` that the unit's text supports."""
    messages = (Message("system", instruction), Message("user", shown(unit, _READ_WORDS)))

    def wrong(draft: Draft) -> list[str]:
        grounding = ground(prose(unit.text), draft.response)
        bad = next((span for span in grounding.spans if span.verdict is not Support.SUPPORTED), None)
        return [] if bad is None and grounding.spans else [f"the text does not say so ({bad.why if bad else 'empty'})"]

    return Ask(messages, _TEXT, lambda said: Draft(prompt, _whole(str(said["text"]))), wrong, _TEXT_TOKENS)


def ask_for_plain(unit: Unit, asked: str) -> Ask:
    """A plain retelling of the unit's text, which then becomes the prompt for it."""
    messages = (Message("system", _PLAIN), Message("user", shown(unit, _READ_WORDS)))

    def wrong(draft: Draft) -> list[str]:
        plain = draft.prompt.removeprefix(asked).strip()
        found = copied(plain, unit.text)
        if len(plain.split()) < _SHORTEST_PLAIN:
            found.append("it leaves most of the text out")
        spans = ground(prose(unit.text), plain).spans
        if not spans or any(span.verdict is Support.CONTRADICTED for span in spans):
            found.append("it says what the text does not say")
        return found

    return Ask(
        messages, _TEXT, lambda said: Draft(f"{asked}\n\n{_whole(str(said['text']))}", unit.text), wrong, _TEXT_TOKENS
    )


_READ_WORDS = 400
_SHORTEST_PLAIN = 12
"""Words of a plain retelling."""
_PLAIN = (
    "Retell the text in plain, neutral words, as short notes without any style of its own. Keep names and numbers. "
    "Do not copy its sentences."
)
_TEXT = {
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 20, "maxLength": 600}},
    "required": ["text"],
    "additionalProperties": False,
}
_TEXT_TOKENS = 240
"""Enough for the schema's longest text: a small model writes up to it, and one that is cut short is no JSON."""


def _whole(text: str) -> str:
    """Without the sentence that the longest length cut off."""
    end = max(text.rfind(mark) for mark in ".!?") + 1
    return (text[:end] if end else text).strip()


_REPHRASE = (
    "Ask the same question in other words. It has to have exactly the same answer. Do not answer it, add nothing that "
    "was not asked, and keep names and numbers as they are."
)
_MANNERS: Sequence[str] = (
    "somebody asks for themselves",
    "short, as in a chat",
    "formal, as in a letter",
    "with the reason for asking first",
    "somebody who does not know the proper words",
)


def _asked_prompt(unit: Unit, answer: str, messages: Sequence[Message], making: Making) -> Ask:
    style = making.framework.question if unit.recipe not in ("document", "section") else making.style

    def wrong(draft: Draft) -> list[str]:
        return faults(Candidate(draft.prompt, unit, style, answer=answer))

    return Ask(tuple(messages), _PROMPT, _reader(answer), wrong)


def _reader(response: str) -> Callable[[Mapping[str, Any]], Draft]:
    def read(said: Mapping[str, Any]) -> Draft:
        return Draft(str(said["prompt"]).strip(), response)

    return read
