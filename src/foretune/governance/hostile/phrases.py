"""The phrases that address a language model, compiled; ``phrases.toml`` holds them, with their sources."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

__all__ = ["Phrase", "compiled", "may_address_a_model"]

_AT_ONCE = 40
"""Phrases in one expression: RE2 goes through a text about twice as fast with two automata as with five or with one."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way of addressing a model."""

    kind: str
    """What it tries: ``override``, ``role``, ``secrecy``, ``leak``, ``address``, ``mark``, ``jailbreak``,
    ``carry_out``, ``verdict``."""
    weight: float
    """0 to 1: how much it says on its own."""
    pattern: str
    """For RE2, so that no text can make it slow."""
    hint: str
    """Matches in every text in which ``pattern`` does, and costs less."""


@lru_cache(maxsize=1)
def compiled() -> tuple[tuple[Phrase, Any], ...]:
    """Each phrase with its expression."""
    return tuple((phrase, _expression(phrase.pattern)) for phrase in _phrases())


def may_address_a_model(text: str) -> bool:
    """Whether any phrase is in ``text``: a few passes, whatever the number of phrases."""
    return any(some.search(text) is not None for some in _together())


_CLASS_OR_SPACE = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\.| ")
_SPACE = r"(?:[ \t\x{a0}]{1,3}|[ \t]?\r?\n[ \t>]{0,4})"
"""What a space in ``phrases.toml`` stands for: lines end anywhere in a sentence."""


@lru_cache(maxsize=1)
def _phrases() -> tuple[Phrase, ...]:
    data = tomllib.loads(resources.files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8"))

    def whole(pattern: str) -> str:
        for name, part in data["parts"].items():
            pattern = pattern.replace(f"%{name}%", part)
        return _CLASS_OR_SPACE.sub(lambda match: _SPACE if match.group() == " " else match.group(), pattern)

    return tuple(
        Phrase(each["kind"], each["weight"], whole(each["pattern"]), whole(each.get("hint", each["pattern"])))
        for each in data["phrase"]
    )


@lru_cache(maxsize=1)
def _together() -> tuple[Any, ...]:
    patterns = [f"(?:{phrase.hint})" for phrase in _phrases()]
    return tuple(
        _expression("|".join(patterns[start : start + _AT_ONCE])) for start in range(0, len(patterns), _AT_ONCE)
    )


def _expression(pattern: str) -> Any:
    import re2

    options = re2.Options()
    options.max_mem = 256 << 20
    options.never_capture = True
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(pattern, options)
