"""A pattern: where to look, what to accept, what it is called.

Every regular expression here is bounded: each repetition has a limit and no two
neighbouring repetitions can take the same characters, so that no text makes it slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from foretune.types import Severity

__all__ = ["REACH", "Accept", "Pattern", "digits", "where"]

REACH = 600

Accept = Callable[[re.Match[str]], tuple[int, int] | None]
"""From a match to the span that is meant; None where it is something else after all."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way a kind of personal data is written."""

    type: str
    regex: re.Pattern[str]
    severity: Severity
    what: str
    """As in "<what> in the text"."""
    accept: Accept
    cues: tuple[str, ...] = ()
    """Lower-case strings of which the text must hold one before the expression is tried; empty: always tried."""
    score: float = 1.0
    """How often a match is what it seems, 0 to 1."""
    in_code: bool = True
    """False where code is full of what only looks like it."""
    hint: str = ""
    """RE2 for what every text holds that the expression matches in (see :mod:`~foretune.governance.personal.hints`);
    empty: one of the cues."""
    anchor: str = ""
    """A character that stands once in every match: looking around it is faster than trying every place."""
    before: int = 0
    """Characters of a match before its anchor, at most; behind it, fewer than :data:`REACH`."""

    def found(self, text: str) -> Iterator[re.Match[str]]:
        """The matches in ``text``, as ``finditer`` gives them."""
        if not self.anchor:
            yield from self.regex.finditer(text)
            return
        reached = 0
        place = text.find(self.anchor)
        while place >= 0:
            match = self.regex.search(text, max(reached, place - self.before), place + REACH)
            if match:
                yield match
                reached = match.end()
            place = text.find(self.anchor, max(reached, place + 1))


def where(valid: Callable[[str], bool] = lambda _: True, group: int = 0) -> Accept:
    """Accept a group of the match if ``valid`` says so of its text."""

    def accept(match: re.Match[str]) -> tuple[int, int] | None:
        return match.span(group) if valid(match[group]) else None

    return accept


def digits(text: str) -> str:
    """The digits of ``text``."""
    return "".join(filter(str.isdigit, text))
