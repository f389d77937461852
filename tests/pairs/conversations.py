"""Pairs that trip formats: a system message, several turns, right-to-left text, emoji, quotes, a leading ``=``."""

from __future__ import annotations

from foretune.types import Pair

__all__ = ["DROPPED", "HARD", "pair"]


def pair(number: int, *messages: tuple[str, str], split: str = "train", source: str = "") -> Pair:
    """A kept pair of a conversation given as role and content."""
    system = messages[0][1] if messages[0][0] == "system" else ""
    *earlier, prompt, response = [each for each in messages if each[0] != "system"]
    return Pair(
        f"pair-{number}",
        f"document-{number}",
        source or f"handbook/page-{number}.md",
        "document",
        prompt[1],
        response[1],
        "engine",
        split=split,
        system=system,
        provenance={"history": [list(each) for each in earlier]} if earlier else {},
    )


HARD = [
    pair(1, ("user", "How much leave do I get?"), ("assistant", '=24 days, "at least"\n\n- more with age 😀')),
    pair(
        2, ("system", "You answer in one sentence."), ("user", "כמה ימי חופשה?"), ("assistant", "עשרים וארבעה, ‏(24)‏.")
    ),
    pair(
        3,
        ("user", "And at Christmas?"),
        ("assistant", "Two days more."),
        ("user", "Paid\u2028or not?"),
        ("assistant", "Paid, <b>always</b>.\tAsk\\ HR."),
    ),
    pair(4, ("user", "Who signs?"), ("assistant", "Your manager — “always”."), split="evaluation"),
    pair(5, ("user", "Where?"), ("assistant", "In the\r\nportal."), split="evaluation"),
]
DROPPED = Pair("pair-6", "d", "x.md", "document", "Again?", "No.", "engine", state="dropped", reason="twice")
