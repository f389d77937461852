"""How a row holds a conversation: the few shapes that all consumers share.

Each shape writes a record as one JSON object and reads it back. Reading is lenient about
names (``human`` is the user, ``gpt`` and ``model`` the assistant), never about meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from foretune.pairs.formats.record import Record
from foretune.types import Message

__all__ = ["SHAPES", "Row", "Shape", "shape_of"]

Row = Mapping[str, Any]


class Shape(Protocol):
    """One way to write a conversation down."""

    name: ClassVar[str]
    columns: ClassVar[frozenset[str]]
    """What a row may hold; consumers that refuse anything else are checked against it."""

    def recognises(self, row: Row) -> bool:
        """Whether a row looks like it was meant to be of this shape."""

    def encode(self, record: Record) -> dict[str, Any]:
        """The record without its metadata."""

    def decode(self, row: Row) -> tuple[Message, ...]:
        """The messages of a row; ValueError says in words what is wrong with it."""


SHAPES: dict[str, Shape] = {}
"""By name; in the order in which a row is compared with them."""

_S = TypeVar("_S", bound=Shape)


def _shape(made: Callable[[], _S]) -> Callable[[], _S]:
    one = made()
    SHAPES[one.name] = one
    return made


def shape_of(row: Row) -> Shape | None:
    """The shape that a row looks like, if any."""
    return next((each for each in SHAPES.values() if each.recognises(row)), None)


_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
}


def _message(role: object, content: object) -> Message:
    """A message of any consumer's; ValueError where it holds what cannot be learned from as text."""
    known = _ROLES.get(role.casefold()) if isinstance(role, str) else None
    if known is None:
        raise ValueError(f"a message has the role {role!r}: only system, user and assistant can be learned from")
    return Message(known, _text(content, f"a message of the {known}"))


def _text(content: object, what: str) -> str:
    """Text, or the texts of a list of parts (``{"text": …}``, with or without ``"type": "text"``)."""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        parts = [part.get("text") if isinstance(part, Mapping) else part for part in content]
        texts = [part for part in parts if isinstance(part, str)]
        if parts and len(texts) == len(parts):
            return "".join(texts)
    raise ValueError(f"{what} is not text")


def _column(row: Row, name: str) -> str:
    if row.get(name) is None:
        raise ValueError(f"it has no '{name}'")
    return _text(row[name], f"'{name}'")


def _system(row: Row) -> tuple[Message, ...]:
    text = _text(row["system"], "'system'") if row.get("system") else ""
    return (Message("system", text),) if text else ()


def _listed(row: Row, name: str) -> Sequence[Mapping[str, Any]]:
    """The messages under ``name``."""
    items = row.get(name)
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise ValueError(f"'{name}' is not a list of messages")
    if not items:
        raise ValueError(f"'{name}' is empty")
    if not all(isinstance(item, Mapping) for item in items):
        raise ValueError(f"'{name}' holds something that is no message")
    return items


def _turns(
    row: Row, name: str, roles: Sequence[str] = ("role", "from"), contents: Sequence[str] = ("content", "value")
) -> tuple[Message, ...]:
    return tuple(_message(_first(item, roles), _first(item, contents)) for item in _listed(row, name))


def _first(item: Mapping[str, Any], names: Sequence[str]) -> object:
    return next((item[name] for name in names if item.get(name) is not None), None)


def _dicts(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


@_shape
class BedrockConversation:
    """Bedrock's own: ``schemaVersion``, ``system: [{"text"}]``, ``messages: [{"role", "content": [{"text"}]}]``."""

    name: ClassVar[str] = "bedrock-conversation"
    columns: ClassVar[frozenset[str]] = frozenset({"schemaVersion", "system", "messages"})

    def recognises(self, row: Row) -> bool:
        return "schemaVersion" in row and "messages" in row

    def encode(self, record: Record) -> dict[str, Any]:
        head = {"system": [{"text": record.system}]} if record.system else {}
        turns = [{"role": turn.role, "content": [{"text": turn.content}]} for turn in record.turns]
        return {"schemaVersion": "bedrock-conversation-2024", **head, "messages": turns}

    def decode(self, row: Row) -> tuple[Message, ...]:
        return (*_system(row), *_turns(row, "messages"))


@_shape
class Messages:
    """``{"messages": [{"role", "content"}]}``, as OpenAI has it."""

    name: ClassVar[str] = "messages"
    columns: ClassVar[frozenset[str]] = frozenset({"messages"})

    def recognises(self, row: Row) -> bool:
        return "messages" in row

    def encode(self, record: Record) -> dict[str, Any]:
        return {"messages": _dicts(record.messages)}

    def decode(self, row: Row) -> tuple[Message, ...]:
        return (*_system(row), *_turns(row, "messages"))


@_shape
class ShareGpt:
    """``{"conversations": [{"from": "human", "value"}]}``, with ``gpt`` for the assistant."""

    name: ClassVar[str] = "sharegpt"
    columns: ClassVar[frozenset[str]] = frozenset({"conversations"})
    _names: ClassVar = {"system": "system", "user": "human", "assistant": "gpt"}

    def recognises(self, row: Row) -> bool:
        return "conversations" in row and not Conversations.has_roles(row)

    def encode(self, record: Record) -> dict[str, Any]:
        return {
            "conversations": [
                {"from": self._names[message.role], "value": message.content} for message in record.messages
            ]
        }

    def decode(self, row: Row) -> tuple[Message, ...]:
        return (*_system(row), *_turns(row, "conversations"))


@_shape
class Conversations:
    """``{"conversations": [{"role", "content"}]}``, as Unsloth's notebooks have it."""

    name: ClassVar[str] = "conversations"
    columns: ClassVar[frozenset[str]] = frozenset({"conversations"})

    @staticmethod
    def has_roles(row: Row) -> bool:
        items = row.get("conversations")
        return isinstance(items, Sequence) and bool(items) and isinstance(items[0], Mapping) and "role" in items[0]

    def recognises(self, row: Row) -> bool:
        return "conversations" in row

    def encode(self, record: Record) -> dict[str, Any]:
        return {"conversations": _dicts(record.messages)}

    def decode(self, row: Row) -> tuple[Message, ...]:
        return (*_system(row), *_turns(row, "conversations"))


@_shape
class Contents:
    """``{"systemInstruction": {"parts"}, "contents": [{"role": "user" | "model", "parts": [{"text"}]}]}``."""

    name: ClassVar[str] = "contents"
    columns: ClassVar[frozenset[str]] = frozenset({"systemInstruction", "contents"})

    def recognises(self, row: Row) -> bool:
        return "contents" in row

    def encode(self, record: Record) -> dict[str, Any]:
        head = {"systemInstruction": {"role": "system", "parts": [{"text": record.system}]}} if record.system else {}
        names = {"user": "user", "assistant": "model"}
        turns = [{"role": names[turn.role], "parts": [{"text": turn.content}]} for turn in record.turns]
        return {**head, "contents": turns}

    def decode(self, row: Row) -> tuple[Message, ...]:
        instruction = row.get("systemInstruction") or row.get("system_instruction")
        head: tuple[Message, ...] = ()
        if instruction:
            parts = instruction.get("parts") if isinstance(instruction, Mapping) else instruction
            head = (Message("system", _text(parts, "'systemInstruction'")),)
        return (*head, *_turns(row, "contents", contents=("parts",)))


@_shape
class PromptMessages:
    """``{"prompt": [{"role", "content"}], "completion": [{"role", "content"}]}``: only the completion is learned."""

    name: ClassVar[str] = "prompt-messages"
    columns: ClassVar[frozenset[str]] = frozenset({"prompt", "completion"})

    def recognises(self, row: Row) -> bool:
        return "completion" in row and not isinstance(row.get("prompt"), str)

    def encode(self, record: Record) -> dict[str, Any]:
        return {"prompt": _dicts(record.messages[:-1]), "completion": _dicts(record.messages[-1:])}

    def decode(self, row: Row) -> tuple[Message, ...]:
        return (*_turns(row, "prompt"), *_turns(row, "completion"))


@_shape
class PromptCompletion:
    """``{"prompt", "completion"}``, two texts."""

    name: ClassVar[str] = "prompt-completion"
    columns: ClassVar[frozenset[str]] = frozenset({"prompt", "completion"})

    def recognises(self, row: Row) -> bool:
        return "prompt" in row and "completion" in row

    def encode(self, record: Record) -> dict[str, Any]:
        return {"prompt": record.messages[-2].content, "completion": record.response}

    def decode(self, row: Row) -> tuple[Message, ...]:
        return (
            *_system(row),
            Message("user", _column(row, "prompt")),
            Message("assistant", _column(row, "completion")),
        )


@_shape
class Instruction:
    """``{"instruction", "input", "output"}`` of Alpaca; ``system`` and ``history`` as LLaMA-Factory has them."""

    name: ClassVar[str] = "instruction"
    columns: ClassVar[frozenset[str]] = frozenset({"instruction", "input", "output", "system", "history"})

    def recognises(self, row: Row) -> bool:
        return "instruction" in row and "output" in row

    def encode(self, record: Record) -> dict[str, Any]:
        *earlier, prompt, response = record.turns
        row: dict[str, Any] = {"instruction": prompt.content, "input": "", "output": response.content}
        if record.system:
            row["system"] = record.system
        if earlier:
            row["history"] = [
                [ask.content, reply.content] for ask, reply in zip(earlier[::2], earlier[1::2], strict=True)
            ]
        return row

    def decode(self, row: Row) -> tuple[Message, ...]:
        earlier: list[Message] = []
        for item in row.get("history") or ():
            if not isinstance(item, Sequence) or isinstance(item, str) or len(item) != 2:
                raise ValueError("'history' is not a list of prompt and response")
            earlier += [Message("user", _text(item[0], "'history'")), Message("assistant", _text(item[1], "'history'"))]
        asked = [_column(row, "instruction"), _text(row.get("input") or "", "'input'")]
        prompt = "\n".join(text for text in asked if text)  # joined as LLaMA-Factory joins them
        return (*_system(row), *earlier, Message("user", prompt), Message("assistant", _column(row, "output")))


_CHATML = re.compile(r"<\|im_start\|>(\w+)\n(.*?)<\|im_end\|>\n?", re.DOTALL)
_HEADED = re.compile(r"(?:\A|\n\n)### (System|User|Assistant):\n")
_HEADINGS = {"system": "System", "user": "User", "assistant": "Assistant"}
_MARKERS = ("<|im_end|>", "<|im_start|>", "<|endoftext|>")


def _without(messages: Sequence[Message], markers: Sequence[str]) -> None:
    for marker in markers:
        if any(marker in message.content for message in messages):
            raise ValueError(f"a message holds {marker!r}, which would end it early")


@_shape
class ChatMl:
    r"""``{"text": "<|im_start|>user\n…<|im_end|>\n…"}``: the template is in the file already."""

    name: ClassVar[str] = "chatml"
    columns: ClassVar[frozenset[str]] = frozenset({"text"})

    def recognises(self, row: Row) -> bool:
        return isinstance(row.get("text"), str) and "<|im_start|>" in row["text"]

    def encode(self, record: Record) -> dict[str, Any]:
        _without(record.messages, _MARKERS)
        turns = (f"<|im_start|>{message.role}\n{message.content}<|im_end|>\n" for message in record.messages)
        return {"text": "".join(turns)}

    def decode(self, row: Row) -> tuple[Message, ...]:
        text = _column(row, "text")
        found = list(_CHATML.finditer(text))
        if not found or _CHATML.sub("", text).strip():
            raise ValueError("its text is not of <|im_start|> … <|im_end|> turns alone")
        return tuple(_message(turn[1], turn[2]) for turn in found)


@_shape
class Headed:
    r"""``{"text": "### User:\n…\n\n### Assistant:\n…"}``: headings that a base model can learn as text."""

    name: ClassVar[str] = "headed"
    columns: ClassVar[frozenset[str]] = frozenset({"text"})

    def recognises(self, row: Row) -> bool:
        return isinstance(row.get("text"), str)

    def encode(self, record: Record) -> dict[str, Any]:
        _without(record.messages, _MARKERS)
        text = "\n\n".join(f"### {_HEADINGS[message.role]}:\n{message.content}" for message in record.messages)
        if len(_HEADED.findall(text)) != len(record.messages):
            raise ValueError("a message holds a line like '### User:', which would begin another")
        return {"text": text}

    def decode(self, row: Row) -> tuple[Message, ...]:
        before, *pieces = _HEADED.split(_column(row, "text"))
        if before.strip() or not pieces:
            raise ValueError("its text has no headings '### User:' and '### Assistant:', so nobody can say who speaks")
        return tuple(_message(role, content) for role, content in zip(pieces[::2], pieces[1::2], strict=True))


_PROMPTS = ("prompt", "question", "instruction", "query", "user", "input")
_RESPONSES = ("response", "answer", "output", "completion", "assistant", "reply", "target")
_SYSTEMS = ("system", "system prompt", "system_prompt")


@_shape
class Columns:
    """A column for the prompt and one for the response, by any of their usual names: spreadsheets."""

    name: ClassVar[str] = "columns"
    columns: ClassVar[frozenset[str]] = frozenset({*_PROMPTS, *_RESPONSES, *_SYSTEMS})

    def recognises(self, row: Row) -> bool:
        names = {name.strip().casefold() for name in row}
        return not names.isdisjoint(_PROMPTS) and not names.isdisjoint(_RESPONSES)

    def encode(self, record: Record) -> dict[str, Any]:
        head = {"system": record.system} if record.system else {}
        return {**head, "prompt": record.turns[-2].content, "response": record.response}

    def decode(self, row: Row) -> tuple[Message, ...]:
        by_name = {name.strip().casefold(): value for name, value in row.items()}
        system, prompt, response = (_first(by_name, names) for names in (_SYSTEMS, _PROMPTS, _RESPONSES))
        if prompt is None:
            raise ValueError("it has no prompt")
        if response is None:
            raise ValueError("it has no response")
        head = (Message("system", _text(system, "the system prompt")),) if system else ()
        return (
            *head,
            Message("user", _text(prompt, "the prompt")),
            Message("assistant", _text(response, "the response")),
        )
