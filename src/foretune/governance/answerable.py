"""Can these documents answer that question? For a bench, before anything is built.

The documents that share most of a question's telling words are read, and in them the
few sentences that hold most of what is asked (:func:`foretune.evidence.support`). The
score is how much that is; ``docs/checks/sufficiency.md`` says how often it is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from foretune.evidence import content_stems, sentences, support
from foretune.governance.markup import prose
from foretune.governance.topics import Terms, TopicSpace, bucket, terms

__all__ = ["ANSWERABLE", "Answerability", "answerability"]

ANSWERABLE = 0.55
"""Scores below this mean that the documents do not seem to say it: ``benchmarks/accuracy/sufficiency.py``."""

_READ = 5
"""Documents read for a question."""
_WINDOW = 3
"""Sentences that are taken together: an answer often stands beside the words of the question, not among them."""
_TRIED = 12
"""Windows of a document that are looked at closely, those with most of the question's words."""


@dataclass(frozen=True, slots=True)
class Answerability:
    """How well the documents seem to answer a question."""

    question: str
    score: float
    """0 (nothing to do with it) to 1 (says all of it)."""
    document: int
    """Position of the best document; -1 where none shares a word."""
    missing: tuple[str, ...]
    """Words of the question that the best sentences lack, most telling first."""

    @property
    def likely(self) -> bool:
        return self.score >= ANSWERABLE


def answerability(
    questions: Sequence[str], documents: Sequence[Terms], space: TopicSpace, text: Callable[[int], str]
) -> Iterator[Answerability]:
    """One result a question; ``text`` gives a document by its position."""
    import numpy as np

    if not documents:
        yield from (Answerability(question, 0.0, -1, ()) for question in questions)
        return
    relevance = space.relevance(documents)

    def idf(root: str) -> float:
        return math.log((1 + space.documents) / (1 + float(space.frequency[bucket(root)]))) + 0.1

    for question in questions:
        scores = np.asarray(relevance[:, terms(question).buckets].sum(axis=1)).ravel()
        order = sorted(np.argsort(-scores, kind="stable")[:_READ].tolist())
        best = Answerability(question, 0.0, -1, ())
        wanted = set(content_stems(question))
        for position in order:
            if scores[position] <= 0:
                continue
            for window in _windows(text(position), wanted, idf):
                found = support(question, window, idf=idf)
                if found.score > best.score:
                    best = Answerability(question, round(found.score, 4), position, found.missing)
        yield best


def _windows(text: str, wanted: set[str], idf: Callable[[str], float]) -> list[str]:
    """The runs of sentences that hold most of the ``wanted`` stems, the best first."""
    spans = [span.text for span in sentences(prose_lines(text))]
    held = [wanted.intersection(content_stems(sentence)) for sentence in spans]
    weighed = []
    for start in range(len(spans)):
        union = set().union(*held[start : start + _WINDOW])
        if union:
            weighed.append((-sum(map(idf, sorted(union))), start))
    weighed.sort()
    return [" ".join(spans[start : start + _WINDOW]) for _, start in weighed[:_TRIED]]


def prose_lines(text: str) -> str:
    """The prose of a text, paragraph by paragraph, so that headings and items stay apart."""
    blocks = (prose(block) for block in text.split("\n\n"))
    return "\n\n".join(block for block in blocks if block)
