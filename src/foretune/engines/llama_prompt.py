"""From messages to the tokens a model reads.

Text that looks like a control token (``<|im_end|>`` in a document) is data: it
is read letter by letter, so that no document can end its turn and begin another.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from foretune.engines.llama_server import LlamaServer, RefusedError
from foretune.errors import EngineError
from foretune.types import Message

__all__ = ["Prompt", "PromptWriter"]

_PRIVATE_USE = range(0xE000, 0xF8FF)
"""Unicode's code points without a meaning; one that no message contains stands for a control token's text."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads, and how much of it other requests are likely to share."""

    tokens: tuple[int, ...]
    shared: int
    """The first so many tokens are all messages but the last."""


class PromptWriter:
    """Applies a model's chat template and tokenizer."""

    def __init__(self, server: LlamaServer, special_tokens: Sequence[str]) -> None:
        self._server = server
        self._special = re.compile("|".join(map(re.escape, special_tokens)) or r"(?!)")

    def render(self, messages: Sequence[Message], *, reply: bool = True) -> str:
        """The conversation as the model's chat template writes it.

        Args:
            reply: end with the beginning of an assistant's turn, for the model to go on.
        """
        body = {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "add_generation_prompt": reply,
        }
        return str(self._server.post("/apply-template", body)["prompt"])

    def prompt(self, messages: Sequence[Message]) -> Prompt:
        """The tokens of a conversation that waits for an answer."""
        tokens = self._tokens(messages, reply=True)
        before = self._before(messages[:-1])
        shared = next(
            (n for n, pair in enumerate(zip(before, tokens, strict=False)) if pair[0] != pair[1]), len(before)
        )
        return Prompt(tuple(tokens), min(shared, len(tokens) - 1))

    def _before(self, messages: Sequence[Message]) -> list[int]:
        """Tokens of what comes before the last message; none where the template cannot end there."""
        if not messages:
            return []
        try:
            return self._tokens(messages, reply=False)
        except RefusedError:
            return []

    def text_tokens(self, text: str) -> list[int]:
        """Tokens of a text by itself, nothing in it being a control token."""
        return self._tokenize(text, special=False)

    def _tokens(self, messages: Sequence[Message], *, reply: bool) -> list[int]:
        found = [text for message in messages for text in self._special.findall(message.content)]
        if not found:
            return self._tokenize(self.render(messages, reply=reply), special=True, begin=True)
        mark = _unused_character(messages)
        masked = [Message(message.role, self._special.sub(mark, message.content)) for message in messages]
        pieces = self.render(masked, reply=reply).split(mark)
        if len(pieces) != len(found) + 1:
            raise EngineError(
                "The model's chat template does not show every message once, so a text with control tokens in it "
                "cannot be put to the model safely: use another model."
            )
        tokens = self._tokenize(pieces[0], special=True, begin=True)
        for text, piece in zip(found, pieces[1:], strict=True):
            tokens += self._tokenize(text, special=False) + self._tokenize(piece, special=True)
        return tokens

    def _tokenize(self, text: str, *, special: bool, begin: bool = False) -> list[int]:
        body = {"content": text, "parse_special": special, "add_special": begin}
        return [int(token) for token in self._server.post("/tokenize", body)["tokens"]]


def _unused_character(messages: Sequence[Message]) -> str:
    used = {character for message in messages for character in message.content}
    return next(chr(code) for code in _PRIVATE_USE if chr(code) not in used)


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the common beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
