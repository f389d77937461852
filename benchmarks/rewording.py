"""More texts out of few, none of them a copy of another."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["text_number"]


def text_number(number: int, texts: Sequence[str], *, most: int) -> str:
    """The text of that number; those beyond ``texts`` are they again with words of their own, ``most`` characters."""
    text, turn = texts[number % len(texts)], number // len(texts)
    if not turn:
        return text
    words = text.split(" ")
    words[::3] = [f"{word}{turn}" for word in words[::3]]
    return " ".join(words)[:most]
