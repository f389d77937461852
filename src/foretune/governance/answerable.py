"""Can these documents answer that question? For a bench, before anything is built.

The documents that share most of a question's telling words are read, and in them the
few sentences that hold most of what is asked (:func:`foretune.evidence.support`). The
score is how much that is. Where it is too little, the passage nearest in meaning is
looked for: people ask in words that documents do not use. ``docs/checks/sufficiency.md``
says how often both are wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from foretune.embedding import Embedder
from foretune.evidence import AnswerType, asked, content_stems, facts, sentences, support
from foretune.governance.passages import passages_of, prose_lines
from foretune.governance.topics import Terms, TopicSpace, bucket, terms

__all__ = ["ANSWERABLE", "NEAR", "VERY_NEAR", "Answerability", "answerability"]

ANSWERABLE = 0.55
"""Scores below this mean that the documents do not seem to say it: ``benchmarks/accuracy/sufficiency.py``."""

NEAR = 0.38
"""Cosine of question and passage from which the passage may answer it in other words; likewise."""

VERY_NEAR = 0.5
"""Cosine below which a passage that is near most often speaks of the subject and does not answer; likewise."""

_READ = 5
"""Documents read for a question."""
_READ_FOR_MEANING = 30
"""Documents whose passages are compared with a question that none answers in its own words."""
_MOST_PASSAGES = 2_500
"""Embedded for all questions together: about 50 CPU-seconds, whatever the size of the corpus."""
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
    near: float = 0.0
    """Cosine of the passage nearest in meaning; 0 where it was not looked for."""
    passage: str = ""
    """That passage; ``document`` is where it stands."""
    lacks: tuple[str, ...] = ()
    """What the question asks for and that passage has not: words, then ``a number`` or ``a date``."""

    @property
    def likely(self) -> bool:
        """The documents say it in the question's words."""
        return self.score >= ANSWERABLE

    @property
    def unsure(self) -> bool:
        """They may say it, in other words."""
        return not self.likely and self.near >= VERY_NEAR

    @property
    def doubtful(self) -> bool:
        """They speak of something near, which most often is not what is asked."""
        return not self.likely and NEAR <= self.near < VERY_NEAR


def answerability(
    questions: Sequence[str],
    documents: Sequence[Terms],
    space: TopicSpace,
    text: Callable[[int], str],
    *,
    embedder: Embedder | None = None,
) -> list[Answerability]:
    """One result a question; ``text`` gives a document by its position. Without ``embedder`` by words alone."""
    import numpy as np

    if not documents:
        return [Answerability(question, 0.0, -1, ()) for question in questions]
    relevance = space.relevance(documents)
    found: list[Answerability] = []
    shares: dict[int, list[int]] = {}
    for number, question in enumerate(questions):
        scores = np.asarray(relevance[:, terms(question).buckets].sum(axis=1)).ravel()
        order = [each for each in np.argsort(-scores, kind="stable")[:_READ_FOR_MEANING].tolist() if scores[each] > 0]
        found.append(_in_its_words(question, sorted(order[:_READ]), space, text))
        if not found[-1].likely:
            shares[number] = order
    if embedder is not None:
        for number, (near, position, passage) in _nearest(questions, shares, text, embedder).items():
            lacks = _lacking(questions[number], passage)
            found[number] = replace(found[number], near=near, document=position, passage=passage, lacks=lacks)
    return found


def _in_its_words(
    question: str, positions: Sequence[int], space: TopicSpace, text: Callable[[int], str]
) -> Answerability:
    def idf(root: str) -> float:
        return math.log((1 + space.documents) / (1 + float(space.frequency[bucket(root)]))) + 0.1

    best = Answerability(question, 0.0, -1, ())
    wanted = set(content_stems(question))
    for position in positions:
        for window in _windows(text(position), wanted, idf):
            held = support(question, window, idf=idf)
            if held.score > best.score:
                best = Answerability(question, round(held.score, 4), position, held.missing)
    return best


def _lacking(question: str, passage: str) -> tuple[str, ...]:
    """The question's words that are not in ``passage``, in order, and the kind of value that it does not give."""
    wanted = asked(question)
    there = set(content_stems(passage))
    words = tuple(dict.fromkeys(term.text for term in wanted.terms if term.stem not in there))
    stated = facts(passage)
    if wanted.type is AnswerType.NUMBER and not stated.quantities:
        return (*words, "a number")
    return (*words, "a date") if wanted.type is AnswerType.DATE and not stated.dates else words


def _nearest(
    questions: Sequence[str], shares: Mapping[int, Sequence[int]], text: Callable[[int], str], embedder: Embedder
) -> dict[int, tuple[float, int, str]]:
    """For each question by its number: cosine, document and words of the passage nearest to it in meaning.

    ``shares`` has the documents that may hold it, by number of the question, the likeliest first.
    """
    import numpy as np

    passages: list[str] = []
    places: dict[int, tuple[int, int]] = {}
    for rank in range(_READ_FOR_MEANING):
        for order in shares.values():
            if rank < len(order) and order[rank] not in places and len(passages) < _MOST_PASSAGES:
                cut = passages_of(text(order[rank]))
                places[order[rank]] = (len(passages), len(passages) + len(cut))
                passages += cut
    if not passages:
        return {}
    vectors = embedder.embed(passages)
    asked_for = embedder.embed([questions[number] for number in shares])
    owners = np.array([position for position, (start, end) in places.items() for _ in range(start, end)])
    nearest = {}
    for number, vector in zip(shares, asked_for, strict=True):
        cosines = vectors @ vector
        best = int(cosines.argmax())
        nearest[number] = (round(float(cosines[best]), 4), int(owners[best]), passages[best])
    return nearest


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
