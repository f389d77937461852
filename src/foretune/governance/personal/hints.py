"""Which patterns can match in a text at all, told in one pass.

Every pattern has a hint: an expression for RE2, without look-around, that is found wherever
the pattern matches and that all hints together are searched for at once. Most texts hold
hardly any of them, and sixty expressions tried one by one cost a hundred times as much.

RE2 knows case, words and word boundaries of ASCII only. A hint therefore says ``\\p{Nd}`` for
a digit, has ``\\b`` only beside an ASCII letter, and is searched for after the four letters
that Python takes for ASCII ones of another case have been replaced.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

__all__ = ["hinted"]

_SAME_WITHOUT_CASE = (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u212a", "k"))
"""Dotted and dotless I, long S, the sign for kelvin: what ``re.IGNORECASE`` finds ASCII letters in."""
_MEMORY = 64 << 20
"""Bytes that the automaton may take; it takes them as texts need them."""


def hinted(text: str) -> list[int]:
    """Positions of the patterns that may match in ``text``, ascending."""
    from foretune.governance.personal import PATTERNS

    if not text.isascii():
        for letter, plain in _SAME_WITHOUT_CASE:
            text = text.replace(letter, plain)
    found = _hints().Match(text.encode("utf-8", "replace"))
    everything = len(PATTERNS)
    # Without the empty expression, which is found everywhere, the automaton ran out of memory: then all are tried.
    return sorted(found)[:-1] if found and everything in found else list(range(everything))


@cache
def _hints() -> Any:
    import re2

    from foretune.governance.personal import PATTERNS

    options = re2.Options()
    options.max_mem = _MEMORY
    hints = re2.Set.SearchSet(options)
    for pattern in PATTERNS:
        hints.Add(pattern.hint or f"(?i:{'|'.join(map(re.escape, pattern.cues))})")
    hints.Add("")
    hints.Compile()
    return hints
