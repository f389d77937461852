"""Which patterns can match in a text at all, told in two passes.

Every pattern has a hint: an expression for RE2, without look-around, that is found wherever
the pattern matches and that many hints together are searched for at once. Most texts hold
hardly any of them, and sixty expressions tried one by one cost a hundred times as much.

RE2 knows case, words and word boundaries of ASCII only. A hint therefore says ``\\p{Nd}`` for
a digit, has ``\\b`` only beside an ASCII letter, and is searched for after the four letters
that Python takes for ASCII ones of another case have been replaced.
"""

from __future__ import annotations

import re
from functools import cache

from foretune.governance.automaton import Automaton

__all__ = ["hinted"]

_SAME_WITHOUT_CASE = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u212a", "k"))
"""Dotted and dotless I, long S, the sign for kelvin: what ``re.IGNORECASE`` finds ASCII letters in."""
_MEMORY = 32 << 20
"""Bytes that an automaton may take; it takes them as texts need them."""
_OF_DIGITS = re.compile(r"\\p\{Nd\}|0-9")
_RUNS_ON = re.compile(r"(?:\]|\\S)[*+]")


def hinted(text: str) -> list[int]:
    """Positions of the patterns that may match in ``text``, ascending."""
    if not text.isascii():
        for letter, plain in _SAME_WITHOUT_CASE:
            text = text.replace(letter, plain)
    data = text.encode("utf-8", "replace")
    return sorted(positions[each] for positions, automaton in _automata() for each in automaton.held(data))


@cache
def _automata() -> list[tuple[list[int], Automaton]]:
    """Positions of patterns, and the automaton of their hints.

    Two of them, because what is begun in one doubles the states of the other: a few digits begin many hints of numbers,
    and whatever follows a word can go on for long.
    """
    from foretune.governance.personal import PATTERNS

    every = [pattern.hint or f"(?i:{'|'.join(map(re.escape, pattern.cues))})" for pattern in PATTERNS]
    numbers = [each for each, hint in enumerate(every) if _OF_DIGITS.search(hint) and not _RUNS_ON.search(hint)]
    others = [each for each in range(len(every)) if each not in numbers]
    return [(some, Automaton([every[each] for each in some], memory=_MEMORY)) for some in (numbers, others)]
