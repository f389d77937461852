"""Is a response supported by a context? Sentence by sentence, with the reason and the place.

Two things decide. *Facts* have to be there: a number, date or name that the context
does not give is unsupported, and one that the context gives otherwise, in a passage
about the same thing, is contradicted, as is a statement it negates. The *words* have
to be there well enough: coverage, word pairs and the best window are weighed by a
logistic regression fitted on people's verdicts (``grounding.json`` beside this file,
written by ``benchmarks/grounding.py``, which prints how often it agrees with people).

>>> ground("You can carry over at most 240 hours.", "You may carry over 300 hours.").verdict
<Support.CONTRADICTED: 'contradicted'>
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import pairwise

from foretune.evidence.dates import PartialDate, Precision, dates, relate
from foretune.evidence.equivalence import spelling_likeness
from foretune.evidence.facts import Facts, Rival, facts, rivals
from foretune.evidence.polarity import answers_yes, leading_yes_no
from foretune.evidence.quantity import Quantity, equal, quantities
from foretune.evidence.text import Span, clauses, content_stems, fold, sentences, tokens

__all__ = ["SIGNS", "GroundedSpan", "Grounding", "Similarity", "Support", "ground", "grounding_features"]

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""A sentence and passages → their likeness in meaning, -1 to 1 (cosine of embeddings)."""

SIGNS: Mapping[str, int] = {
    "words": 1,
    "spelled": 1,
    "all": 1,
    "window": 1,
    "pairs": 1,
    "numbers": -1,
    "dates": -1,
    "names": -1,
    "negation": -1,
}
"""What a feature may do to the score; fitting must not make an unknown number speak for a sentence."""

_SUPPORTED = 0.5
_FACT_MISSING = 0.25
"""Highest score of a sentence with a number, date or name that the context does not give."""
_SAME_THING = 0.4
"""Share of a sentence's content words from which a window of the context speaks of the same thing."""
_DENIES = 0.6
"""The same, for reading a difference in negation as contradiction."""
_WINDOW = 3
"""Sentences of context that are looked at together."""
_SIMILAR = 0.75
"""Cosine from which a window supports a sentence whose words differ but whose facts are all there."""


class Support(StrEnum):
    """What the context says about a sentence."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class GroundedSpan:
    """One sentence of the response (offsets are code points of it, end exclusive)."""

    start: int
    end: int
    verdict: Support
    score: float
    """0 to 1: share of people who would call it supported, as far as words and facts tell."""
    why: str


@dataclass(frozen=True, slots=True)
class Grounding:
    """A whole response: as good as its worst sentence. One without a sentence is unsupported."""

    verdict: Support
    score: float
    spans: tuple[GroundedSpan, ...]


@dataclass(frozen=True)
class _Context:
    """A context, read once."""

    sentences: tuple[Span, ...]
    stems: tuple[frozenset[str], ...]
    """Content stems of each sentence."""
    vocabulary: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    """Content words at most two apart."""
    words: frozenset[str]
    """All words, folded."""
    facts: Facts
    folded: str

    def window(self, i: int) -> str:
        return " ".join(span.text for span in self.sentences[i : i + _WINDOW])

    def best(self, wanted: set[str]) -> tuple[int, float]:
        """First sentence of the window that holds most of ``wanted``, and the share it holds."""
        best, share = 0, 0.0
        for i in range(len(self.sentences)):
            held = len(wanted & frozenset().union(*self.stems[i : i + _WINDOW])) / len(wanted)
            # A window is only moved on to where it gains something, so it starts at what matters.
            if held > share or (held == share and i == best + 1 and not wanted & self.stems[best]):
                best, share = i, held
        return best, share

    def closest(self, wanted: set[str]) -> tuple[int, float]:
        """The one sentence most like ``wanted`` (long ones count for a little less), and the share it holds."""
        ranked = [len(wanted & mine) / (len(wanted) + 0.3 * len(mine)) for mine in self.stems]
        i = max(range(len(ranked)), key=ranked.__getitem__)
        return i, len(wanted & self.stems[i]) / len(wanted)


def ground(context: str, response: str, *, question: str = "", similarity: Similarity | None = None) -> Grounding:
    """Check every sentence of ``response`` against ``context``.

    Words and names of ``question`` may be repeated without support; numbers and dates may
    not, or a question could answer itself. A bare *yes* or *no* is read together with the
    question. With ``similarity``, a sentence whose facts are all in the context is also
    supported where a window of the context means nearly the same in other words.
    """
    source = _read(context, question)
    spans = tuple(_grounded(source, span, context, question, similarity) for span in sentences(response))
    if not spans:
        return Grounding(Support.UNSUPPORTED, 0.0, ())
    verdicts = {span.verdict for span in spans}
    worst = next(v for v in (Support.CONTRADICTED, Support.UNSUPPORTED, Support.SUPPORTED) if v in verdicts)
    return Grounding(worst, min(span.score for span in spans), spans)


def grounding_features(context: str, sentence: str) -> dict[str, float]:
    """What the regression sees of one sentence; nothing where it has no content word."""
    return _features(_read(context, ""), sentence)


def _read(context: str, question: str) -> _Context:
    spans = tuple(sentences(context))
    ordered = [content_stems(span.text) for span in spans]
    asked = set(content_stems(question))
    pairs = {
        pair for stems in ordered for i in range(len(stems)) for pair in ((stems[i], b) for b in stems[i + 1 : i + 3])
    }
    return _Context(
        spans,
        tuple(frozenset(stems) for stems in ordered),
        frozenset(asked.union(*ordered)),
        frozenset(pairs),
        frozenset(word.norm for word in tokens(f"{context}\n{question}")),
        facts(context),
        fold(context),
    )


def _features(source: _Context, sentence: str) -> dict[str, float]:
    stems = content_stems(sentence)
    if not stems or not source.sentences:
        return {}
    near = [1.0 if stem in source.vocabulary else spelling_likeness(stem, source.vocabulary) for stem in stems]
    pairs = list(pairwise(stems))
    stated = facts(sentence)
    closest, share = source.closest(set(stems))
    return {
        "bias": 1.0,
        "words": sum(score == 1.0 for score in near) / len(near),
        "spelled": sum(near) / len(near),
        "all": float(min(near) == 1.0),
        "window": source.best(set(stems))[1],
        "pairs": sum(pair in source.pairs for pair in pairs) / len(pairs) if pairs else 1.0,
        "numbers": float(bool(_unknown_numbers(source, stated))),
        "dates": float(bool(_unknown_dates(source, stated))),
        "names": float(bool(_unknown_names(source, sentence, stated))),
        "negation": float(share >= _DENIES and _differs_in_negation(source, closest, sentence)),
        "length": math.log1p(len(stems)),
        "context": math.log1p(len(source.words)),
    }


def _grounded(source: _Context, span: Span, context: str, question: str, similarity: Similarity | None) -> GroundedSpan:
    plain = _bare_yes_no(span, context, question)
    if plain is not None:
        return plain
    values = _features(source, span.text)
    if not values:
        return GroundedSpan(span.start, span.end, Support.UNSUPPORTED, 0.0, "Says nothing that could be checked.")
    score = 1 / (1 + math.exp(-sum(_weights().get(name, 0.0) * value for name, value in values.items())))
    stated = facts(span.text)
    numbers, days = _unknown_numbers(source, stated), _unknown_dates(source, stated)
    unknown = [q.text for q in numbers] + [d.text for d in days] + _unknown_names(source, span.text, stated)
    clash = _contradiction(source, span, stated, bool(numbers or days), bool(values["negation"]))
    if clash:
        return GroundedSpan(span.start, span.end, Support.CONTRADICTED, min(score, _FACT_MISSING) / 2, clash)
    if unknown:
        why = f"The context does not give {', '.join(unknown)}."
        return GroundedSpan(span.start, span.end, Support.UNSUPPORTED, min(score, _FACT_MISSING), why)
    if score < _SUPPORTED and similarity is not None:
        windows = [source.window(i) for i in range(len(source.sentences))]
        likeness = max(similarity(span.text, windows))
        if likeness >= _SIMILAR:
            return GroundedSpan(
                span.start, span.end, Support.SUPPORTED, max(score, _SUPPORTED), "The context says it in other words."
            )
    if score >= _SUPPORTED:
        return GroundedSpan(span.start, span.end, Support.SUPPORTED, score, "Its words and facts are in the context.")
    missing = [word.text for word in tokens(span.text) if not word.is_stop and word.stem not in source.vocabulary]
    what = (
        f"The context says nothing of {', '.join(missing[:6])}." if missing else "The context says it nowhere together."
    )
    return GroundedSpan(span.start, span.end, Support.UNSUPPORTED, score, what)


def _bare_yes_no(span: Span, context: str, question: str) -> GroundedSpan | None:
    """A sentence that is just *yes* or *no*: what the context answers to the question decides."""
    said = leading_yes_no(span.text)
    if said is None or len(content_stems(span.text)) > 1:
        return None
    stated = answers_yes(question, context) if question else None
    if stated is None:
        return GroundedSpan(span.start, span.end, Support.UNSUPPORTED, 0.0, "The context says neither yes nor no.")
    if stated == said:
        return GroundedSpan(span.start, span.end, Support.SUPPORTED, 1.0, "The context says so.")
    return GroundedSpan(span.start, span.end, Support.CONTRADICTED, 0.0, "The context says the opposite.")


def _contradiction(source: _Context, span: Span, stated: Facts, unknown_value: bool, negation: bool) -> str:
    stems = set(content_stems(span.text))
    start, share = source.best(stems)
    if unknown_value and share >= _SAME_THING:
        clash = _clash(source, facts(source.window(start)), stated)
        if clash is not None:
            return f"Says {clash.one.text} where the context says {clash.other.text}."
    if negation:
        closest, _ = source.closest(stems)
        return f"The context says the opposite: {source.sentences[closest].text[:160]!r}."
    return ""


def _clash(source: _Context, near: Facts, stated: Facts) -> Rival | None:
    """A value of the sentence that the whole context lacks, against another of its kind close by."""
    lacking = {q.start for q in _unknown_numbers(source, stated)} | {d.start for d in _unknown_dates(source, stated)}
    found = (rival for rival in rivals(stated, near) if rival.type != "negation")
    return next((rival for rival in found if rival.one.start in lacking), None)


def _unknown_numbers(source: _Context, stated: Facts) -> list[Quantity]:
    known = source.facts.quantities
    return [q for q in stated.quantities if not q.weak and not any(equal(q, other) for other in known)]


def _unknown_dates(source: _Context, stated: Facts) -> list[PartialDate]:
    known = source.facts.dates
    return [
        date
        for date in stated.dates
        if fold(date.text) not in source.folded
        and all(relate(other, date) in (Precision.CONFLICT, Precision.FINER) for other in known)
    ]


def _unknown_names(source: _Context, sentence: str, stated: Facts) -> list[str]:
    """Words of names that neither context nor question has."""
    dated = {word.norm for date in dates(sentence) for word in tokens(date.text)}
    counted = {word.norm for q in quantities(sentence) for word in tokens(q.text)}
    return [
        word.text
        for name in stated.names
        for word in tokens(name.text)
        if not word.is_stop
        and word.norm not in source.words
        and word.stem not in source.vocabulary
        and word.norm not in dated
        and word.norm not in counted
    ]


def _differs_in_negation(source: _Context, closest: int, sentence: str) -> bool:
    """True where exactly one of the sentence and the clauses it repeats is negative."""
    stems = set(content_stems(sentence))
    parts = [part for part in clauses(source.sentences[closest]) if len(stems & set(content_stems(part.text))) > 1]
    theirs = facts(" ; ".join(part.text for part in parts) or source.sentences[closest].text).negative
    return facts(sentence).negative != theirs


@cache
def _weights() -> Mapping[str, float]:
    text = files(__package__).joinpath("grounding.json").read_text(encoding="utf-8")
    weights: Mapping[str, float] = json.loads(text)["weights"]
    return weights
