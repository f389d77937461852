"""The prose of a document in pieces that an embedding model reads whole."""

from __future__ import annotations

from foretune.evidence import sentences
from foretune.governance.markup import prose

__all__ = ["passages_of", "prose_lines"]

_WORDS = 100


def passages_of(text: str) -> list[str]:
    """Sentences on end, of about a hundred words together."""
    passages: list[str] = []
    held: list[str] = []
    words = 0
    for span in sentences(prose_lines(text)):
        count = len(span.text.split())
        if held and words + count > _WORDS:
            passages.append(" ".join(held))
            held, words = [], 0
        held.append(span.text)
        words += count
    return [*passages, " ".join(held)] if held else passages


def prose_lines(text: str) -> str:
    """The prose of a text, paragraph by paragraph, so that headings and items stay apart."""
    blocks = (prose(block) for block in text.split("\n\n"))
    return "\n\n".join(block for block in blocks if block)
