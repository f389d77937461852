"""Answering from the documents, evidence first.

1. The best passages are found, and in them the sentences that support an answer.
2. Where nothing supports one well enough, the answer is that the documents don't
   say; that is decided by the evidence, not by the language model's mood.
3. The engine phrases the answer from that evidence.
4. What it phrased is held against the evidence; where it says something else,
   the evidence itself is the answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foretune.embedding import Embedder
from foretune.engines import Engine
from foretune.evidence import AnswerType, Support, asked, ground
from foretune.governance.hostile import neutralise
from foretune.retrieval.filters import DocumentFilter
from foretune.retrieval.quotes import Quote, best_quotes, holds_what_is_asked
from foretune.retrieval.search import Searcher
from foretune.types import Message, Passage, digest

if TYPE_CHECKING:
    from foretune.plan.config import RetrievalSettings

__all__ = ["NOT_IN_DOCUMENTS", "PROMPT", "Answer", "Answerer", "Citation"]

NOT_IN_DOCUMENTS = "This is not in the documents."
"""What is answered when nothing supports an answer."""

_INSTRUCTION = "Answer the question in a few words, using only the text above."
PROMPT = digest("evidence first, version 1", _INSTRUCTION, NOT_IN_DOCUMENTS)
"""Identity of how the engine is asked: part of what a release pins and a bench run depends on."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The span an answer rests on."""

    number: int
    """1, 2 … as in ``[1]`` in the answer."""
    document: str
    passage: int
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and what it was made from."""

    question: str
    text: str
    outcome: str
    """``answered``, ``quoted`` (the evidence stands in for the engine) or ``not_in_documents``."""
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    """What was put to the engine, or looked at before declining."""
    support: float
    """How well the best evidence supports an answer, on the scale of ``retrieval.min_support``."""
    phrased: str
    """What the engine said, before it was checked; empty when it was not asked."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    seconds: float = 0.0


class Answerer:
    """Answers questions from an index, with an engine."""

    def __init__(self, searcher: Searcher, embedder: Embedder, engine: Engine, settings: RetrievalSettings) -> None:
        self._searcher, self._embedder, self._engine, self._settings = searcher, embedder, engine, settings

    def answer(
        self,
        question: str,
        *,
        adapter: Path | None = None,
        filters: Sequence[DocumentFilter] = (),
        max_tokens: int = 64,
        seed: int = 0,
    ) -> Answer:
        """Answer ``question`` from the documents.

        Args:
            adapter: a LoRA adapter to phrase the answer with.
            filters: answer only from documents they let through.
            max_tokens: of the engine's phrase.
        """
        started = time.perf_counter()
        hits = self._searcher.search(question, k=self._settings.passages, filters=filters)
        quotes = best_quotes(question, hits, self._embedder, idf=self._searcher.idf, count=self._count())
        support = quotes[0].score if quotes else 0.0
        if support < self._settings.min_support:
            return Answer(
                question,
                NOT_IN_DOCUMENTS,
                "not_in_documents",
                (),
                tuple(hit.passage for hit in hits[:3]),
                support,
                "",
                seconds=time.perf_counter() - started,
            )
        shown = self._within_budget(quotes)
        completion = self._engine.complete(
            self.messages(question, shown), max_tokens=max_tokens, seed=seed, adapter=adapter, stop=("\n",)
        )
        phrased = completion.text.strip()
        used, text, outcome = self._checked(question, shown, phrased)
        citations = tuple(
            Citation(n, q.sentence.hit.passage.path, q.sentence.hit.passage.id, q.start, q.end, q.text)
            for n, q in enumerate(used, start=1)
        )
        return Answer(
            question,
            text,
            outcome,
            citations,
            tuple(dict.fromkeys(q.sentence.hit.passage for q in shown)),
            support,
            phrased,
            completion.tokens_in,
            completion.tokens_out,
            completion.cost,
            time.perf_counter() - started,
        )

    @staticmethod
    def messages(question: str, quotes: Sequence[Quote]) -> list[Message]:
        """What the engine is asked."""
        evidence = "\n".join(_framed(quote) for quote in quotes)
        return [Message("user", f"{evidence}\n\nQuestion: {question}\n{_INSTRUCTION}")]

    def _count(self) -> int:
        """How many quotes the engine is shown: a small model takes the wrong one of several."""
        if self._settings.quotes:
            return self._settings.quotes
        parameters = self._engine.info().parameters
        return 1 if parameters is not None and parameters < 1e9 else 3

    def _within_budget(self, quotes: Sequence[Quote]) -> list[Quote]:
        """As many quotes, best first, as the context budget holds; always the best one."""
        left = self._settings.context_tokens
        kept: list[Quote] = []
        for quote, tokens in zip(quotes, self._embedder.count_tokens([_framed(q) for q in quotes]), strict=True):
            if kept and tokens > left:
                break
            kept.append(quote)
            left -= tokens
        return kept

    def _checked(self, question: str, shown: Sequence[Quote], phrased: str) -> tuple[list[Quote], str, str]:
        """The quotes the answer rests on, its text, and its outcome."""
        phrase = _OPENING.sub("", phrased).strip().strip('"“”')
        best = shown[0]
        if phrase and _is_to_be_phrased(question, best, phrase):
            for quote in shown:
                verdict = ground(_framed(quote), phrase, question=question).verdict
                if verdict is Support.SUPPORTED:
                    return [quote], phrase[0].upper() + phrase[1:], "answered"
                if verdict is Support.CONTRADICTED:  # a better quote says the opposite: no worse one may save it
                    break
        return [best], best.text, "quoted"


_OPENING = re.compile(r"^(?:the )?answer(?: to (?:the|this|your) question)?(?: is)?\s*[:,]?\s+", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;]|\band\b", re.IGNORECASE)


def _is_to_be_phrased(question: str, best: Quote, phrase: str) -> bool:
    """Whether a phrase may stand for the quote.

    Reasons are quoted: whether a paraphrase of one is right cannot be told from its words. A list is not
    shortened to one item, and what does not hold the kind of thing that is asked for is no answer.
    """
    kind = asked(question).type
    if kind is AnswerType.REASON or (best.is_list and not _SEPARATOR.search(phrase)):
        return False
    return kind is AnswerType.YES_NO or holds_what_is_asked(question, phrase)


def _framed(quote: Quote) -> str:
    """The quote under its headings: "Leave > Annual leave: Fewer than 3 years: 4 hours".

    It is a document's text and goes to the model: what is hidden in it or addresses the model loses its force.
    """
    headings = " > ".join(quote.sentence.hit.passage.headings[-2:])
    return neutralise(f"{headings}: {quote.text}" if headings else quote.text)
