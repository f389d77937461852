"""Is this pair fit to be learned from? Small registered checks of the whole pair, each with its reason in words.

Those of a prompt alone, which the engine is told while it writes, are in :mod:`foretune.pairs.checks`. A check either
speaks against the pair, and it is dropped, or notes what a person should look at.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from foretune.evidence import Support, content_stems, ground, refuses, squash
from foretune.governance.markup import prose
from foretune.types import GovernedDocument, Pair

__all__ = ["Subject", "against", "findings", "note", "reasons_against"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A pair and the document it comes from."""

    pair: Pair
    document: GovernedDocument


PairCheck = Callable[[Subject], str]
"""Returns what is wrong or worth a look, or nothing."""
_AGAINST: list[PairCheck] = []
_NOTES: list[PairCheck] = []


def against(function: PairCheck) -> PairCheck:
    """Register a check whose word drops the pair."""
    _AGAINST.append(function)
    return function


def note(function: PairCheck) -> PairCheck:
    """Register a check whose word is shown to whoever reviews."""
    _NOTES.append(function)
    return function


def reasons_against(subject: Subject) -> list[str]:
    """Why the pair is dropped; empty where it is fit."""
    return [reason for check in _AGAINST if (reason := check(subject))]


def findings(subject: Subject) -> list[str]:
    """What a person should look at."""
    return [word for check in _NOTES if (word := check(subject))]


_QUOTED = frozenset({"document", "section", "rewrite", "dialogue"})
"""Recipes whose response is the document's own text."""
_UNASKED = frozenset({"refusal", "with_context"})
"""Recipes whose response may be that the documents do not say."""
_MODEL = re.compile(r"\bas an? (?:ai|artificial intelligence|(?:large )?language model)\b", re.IGNORECASE)
_SHORTEST, _LONGEST = 2, 1_500
"""Words of a response."""


@against
def says_something(subject: Subject) -> str:
    if not subject.pair.prompt.strip():
        return "its prompt is empty"
    return "" if subject.pair.response.strip() else "its response is empty"


@against
def is_not_said_by_a_model(subject: Subject) -> str:
    match = _MODEL.search(f"{subject.pair.prompt}\n{subject.pair.response}")
    return f"a language model speaks of itself: “{match.group()}”" if match else ""


@against
def does_not_refuse(subject: Subject) -> str:
    """A refusal that nobody meant teaches the model to refuse."""
    pair = subject.pair
    written = pair.recipe not in _QUOTED | _UNASKED and pair.writer == "engine"
    return "its response declines to answer" if written and refuses(pair.response) else ""


@against
def is_supported(subject: Subject) -> str:
    """What was restated has to be what the document says."""
    pair, document = subject.pair, subject.document
    if pair.recipe in _QUOTED | _UNASKED or pair.writer == "person":
        return ""
    said = re.sub(r"^(?:Yes|No)\. ", "", pair.response)
    start, end = int(pair.provenance.get("start", 0)), int(pair.provenance.get("end", 0))
    around = document.text[max(0, start - _AROUND) : end + _AROUND]
    why = _unsupported(around, said)
    return f"its document does not support the answer: {why}" if why else ""


@lru_cache(maxsize=4_096)
def _unsupported(around: str, said: str) -> str:
    """What speaks against ``said``; empty where the text supports it. Ways of asking share their answer."""
    if _bare(said) in _bare(around):
        return ""
    grounding = ground(prose(around), said)
    worst = min(grounding.spans, key=lambda span: span.score, default=None)
    if grounding.verdict is Support.SUPPORTED or worst is None:
        return ""
    held = set(content_stems(around))
    if worst.verdict is not Support.CONTRADICTED and held.issuperset(content_stems(said)):
        return ""
    return worst.why


_AROUND = 400
"""Characters before and after a statement that it is read with."""


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", squash(prose(text)).casefold()))


@against
def needs_this_document(subject: Subject) -> str:
    """What could be asked of any document teaches whichever answer comes last."""
    pair = subject.pair
    if pair.recipe not in ("question_answer", "paraphrases", "recall") or pair.writer == "person":
        return ""
    return "" if len(set(content_stems(pair.prompt))) >= 2 else "its prompt could be asked of any document"


@note
def has_a_usual_length(subject: Subject) -> str:
    words = len(subject.pair.response.split())
    if words < _SHORTEST:
        return "the response is a single word"
    return f"the response is long ({words:,} words)" if words > _LONGEST else ""


@note
def is_in_one_script(subject: Subject) -> str:
    asked, answered = _script(subject.pair.prompt), _script(subject.pair.response)
    return (
        f"the prompt is in {asked} letters and the response in {answered}"
        if asked and answered and asked != answered
        else ""
    )


def _script(text: str) -> str:
    """The script most letters are of (first word of their Unicode names); empty where there are none."""
    opening = text[:_OPENING]
    if opening.isascii():
        return "Latin" if any(map(str.isalpha, opening)) else ""
    counts = Counter(unicodedata.name(c, "").partition(" ")[0].title() for c in opening if c.isalpha())
    return counts.most_common(1)[0][0] if counts else ""


_OPENING = 300
"""Characters by which a script is told."""


@note
def stands_in(subject: Subject) -> str:
    return "the prompt is the template's" if subject.pair.writer == "template" else ""
