"""The one canonical form: messages, with what is known about them beside, never in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from foretune.types import Message, Pair

__all__ = ["Record", "conversation_fault", "records"]


@dataclass(frozen=True, slots=True)
class Record:
    """A conversation that ends with the reply to learn."""

    messages: tuple[Message, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Where it came from: ``id``, ``source``, ``recipe``, ``writer``. Left out where a consumer refuses it."""

    @property
    def system(self) -> str:
        """What stands before the first turn; empty where nothing does."""
        first = self.messages[0] if self.messages else None
        return first.content if first is not None and first.role == "system" else ""

    @property
    def turns(self) -> tuple[Message, ...]:
        """The messages of user and assistant."""
        return tuple(message for message in self.messages if message.role != "system")

    @property
    def response(self) -> str:
        return self.messages[-1].content


def records(pairs: Iterable[Pair], *, split: str = "") -> Iterator[Record]:
    """Kept pairs as records, in the order given; only those of ``split`` where it is named."""
    for pair in pairs:
        if pair.state == "kept" and (not split or pair.split == split):
            known = {"id": pair.id, "source": pair.path, "recipe": pair.recipe, "writer": pair.writer}
            yield Record(pair.messages, known)


def conversation_fault(messages: Sequence[Message]) -> str:
    """What keeps a conversation from being learned from, in words; empty where nothing does.

    A system message at most, and first; then user and assistant in turns; the assistant last;
    no message empty. Every consumer that checks at all checks some of this.
    """
    for number, message in enumerate(messages, start=1):
        if not message.content.strip():
            return f"message {number} ({message.role}) is empty"
        if not _is_unicode(message.content):
            return f"message {number} ({message.role}) holds half a character (a lone surrogate), which is no text"
        if message.role == "system" and number > 1:
            return f"message {number} is a system message, and only the first may be"
    turns = [message.role for message in messages if message.role != "system"]
    if not turns:
        return "there is no message of user or assistant"
    if turns[0] != "user":
        return "the first turn is the assistant's: it has to be the user's"
    for one, other in pairwise(turns):
        if one == other:
            return f"two messages of the {one} follow each other"
    return "" if turns[-1] == "assistant" else "the last message is the user's: there is no reply to learn"


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
