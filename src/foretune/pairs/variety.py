"""How unlike each other the prompts are: over what they begin with, what form they have and who asks.

A model tuned on one way of asking answers that way only; evenness is Shannon's entropy over its maximum
(Pielou 1966, https://doi.org/10.1016/0022-5193(66)90013-0), 0 for one kind alone and 1 for all alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import log
from typing import Any

from foretune.evidence.text import word_list

__all__ = ["Distribution", "Variety", "variety"]

_ASKS = frozenset(word_list("who what when where which why how whose whom"))
_AUXILIARIES = frozenset(
    word_list("is are was were do does did can could may might must shall should will would has have")
)
_MINE = re.compile(r"\b(?:I|I'm|I've|me|my|mine|we|our|us)\b")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Distribution:
    """Counts of each kind, most frequent first, and how even they are (0 to 1)."""

    counts: Mapping[str, int]
    evenness: float


@dataclass(frozen=True, slots=True)
class Variety:
    """Of the prompts: how they begin, their form, who speaks, how long they are."""

    prompts: int
    verbs: Distribution
    forms: Distribution
    personas: Distribution
    lengths: Distribution

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def variety(prompts: Sequence[str]) -> Variety:
    """Distributions over the prompts."""
    return Variety(
        len(prompts),
        _distribution(prompts, _verb),
        _distribution(prompts, _form),
        _distribution(prompts, _persona),
        _distribution(prompts, _length),
    )


def _distribution(prompts: Sequence[str], kind: Callable[[str], str]) -> Distribution:
    counts = Counter(kind(prompt) for prompt in prompts)
    total = sum(counts.values())
    entropy = -sum(n / total * log(n / total) for n in counts.values()) if total else 0.0
    even = entropy / log(len(counts)) if len(counts) > 1 else 0.0
    first = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    shown = dict(list(first.items())[:_SHOWN])
    if rest := total - sum(shown.values()):
        shown["other"] = shown.get("other", 0) + rest
    return Distribution(shown, round(even, 3))


def _first_words(prompt: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)?", prompt.casefold())[:12]


def _verb(prompt: str) -> str:
    """The question word or verb it begins with; of *As …, write …* the verb."""
    words = _first_words(prompt)
    if not words:
        return "none"
    if words[0] == "as" and "," in prompt:
        words = _first_words(prompt.partition(",")[2]) or words
    return " ".join(words[:2]) if words[0] == "how" and len(words) > 1 else words[0]


def _form(prompt: str) -> str:
    words = _first_words(prompt)
    if prompt.rstrip().endswith("?"):
        if words and words[0] in _AUXILIARIES:
            return "yes-or-no question"
        return "open question" if _ASKS & set(words) else "keywords"
    return "instruction"


def _persona(prompt: str) -> str:
    if prompt.casefold().startswith("as "):
        return "a role"
    if _MINE.search(prompt):
        return "I or we"
    return "you" if re.search(r"\byou(?:r|rs)?\b", prompt, re.IGNORECASE) else "nobody"


def _length(prompt: str) -> str:
    words = len(prompt.split())
    return next(
        (name for most, name in ((6, "up to 6 words"), (12, "7 to 12"), (25, "13 to 25")) if words <= most), "more"
    )
