"""What of a document's text may be put before a language model: as data, with nothing hidden in it."""

from __future__ import annotations

import re
from collections.abc import Callable

from foretune.corpus.hidden import blank_hidden, hidden_parts
from foretune.governance.edits import apply
from foretune.governance.hostile.addresses import addresses
from foretune.governance.hostile.characters import without_invisible
from foretune.governance.hostile.instructions import instructions
from foretune.governance.markup import blank_code
from foretune.governance.types import Edit

__all__ = ["MARK", "neutralise", "visible"]

MARK = "[quoted from the document, not an instruction: "
"""Stands before what addresses the model."""
_END = " :end of quote]"
_QUOTED = re.compile(re.escape(MARK) + r"(?:(?!" + re.escape(_END) + r").){0,4000}" + re.escape(_END), re.DOTALL)
_TOKEN = re.compile(
    r"<\|[A-Za-z_]{2,30}\|>|<\uff5c[^<>\n]{1,40}\uff5c>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|\[/?SYSTEM_PROMPT\]|\[/?AVAILABLE_TOOLS\]"
    r"|\[TOOL_CALLS\]|</s><s>"
)
"""Control tokens of common chat templates: to the model's tokeniser they are not text."""
_ROUNDS = 50
"""Each round takes something out or marks more: a text that needs more than three was made to."""


def neutralise(text: str) -> str:
    """``text`` as it may be put into a prompt; what is clean comes back as it is.

    Invisible characters, hidden elements, comments and control tokens are taken out, links that ask to be filled in
    lose their address, and sentences that address the model are marked as a quotation. Neutralising twice is
    neutralising once. Words are kept: a page about prompt injection can still be asked about.

    This lowers the risk and does not end it: no filter makes a model follow only its owner (OWASP LLM01:2025).
    """
    # Taking one thing out, or marking one, can bring another to light.
    return _settled(text, lambda each: _marked(_settled(each, _stripped)))


def _settled(text: str, change: Callable[[str], str]) -> str:
    for _ in range(_ROUNDS):
        before, text = text, change(text)
        if text == before:
            break
    return text


def visible(text: str) -> str:
    """``text`` with what its readers do not see as spaces, so that offsets stay what they are."""
    return blank_hidden(text, code=blank_code(text)) if "<" in text else text


def _stripped(text: str) -> str:
    text = without_invisible(text)
    if "<" in text or "[" in text:
        text = _TOKEN.sub("", text)
    if "<" in text:
        for part in reversed(hidden_parts(blank_code(text))):
            before, after = text[: part.start], text[part.end :]
            text = before + (after[1:] if before.endswith((" ", "\n")) and after.startswith(" ") else after)
    if "](" in text or "http" in text:
        out = [each for each in addresses(text) if each.kind != "external"]
        text = apply(text, [Edit(each.start, each.end, "[link removed]", redacts=False) for each in out])
    return text


def _marked(text: str) -> str:
    """``text`` with each order between marks; marks that stand there already are kept where they come in pairs."""
    pieces: list[str] = []
    position = 0
    for quoted in [*_QUOTED.finditer(text), None] if MARK in text else [None]:
        end = quoted.start() if quoted else len(text)
        pieces.append(_mark_each(_without_marks(text[position:end])))
        if quoted:
            inside = text[quoted.start() + len(MARK) : quoted.end() - len(_END)]
            pieces.append(f"{MARK}{_without_marks(inside)}{_END}")
            position = quoted.end()
    return "".join(pieces)


def _without_marks(text: str) -> str:
    """Forged marks would end a quotation early."""
    while MARK in text or _END in text:
        text = text.replace(MARK, "").replace(_END, "")
    return text


def _mark_each(text: str) -> str:
    orders = [(each.start, each.end) for each in instructions(text)]
    return apply(text, [Edit(start, end, f"{MARK}{text[start:end]}{_END}", redacts=False) for start, end in orders])
