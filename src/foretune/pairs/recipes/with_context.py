"""With retrieved context: the question together with the passage that answers it and others that do not.

RAFT (Zhang et al. 2024, https://arxiv.org/abs/2403.10131): a model that answers from retrieval is tuned on what
retrieval gives it, distractors included, and in part of the pairs without the passage that answers. There RAFT has the
answer learned by heart; here the answer is that the documents do not say, which is what the bench asks for.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

from foretune.evidence import content_stems
from foretune.pairs.recipes.question_answer import Known, known_answers
from foretune.pairs.recipes.refusal import NOT_IN_DOCUMENTS
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.units import Unit
from foretune.types import GovernedDocument

__all__ = ["INSTRUCTION", "with_context"]

INSTRUCTION = "Answer the question in a few words, using only the text above."
"""As the retrieval arms ask, word for word."""
_DISTRACTORS = 2
_WITHOUT = 5
"""Every fifth pair lacks the passage that answers (RAFT's best share with it lies between 60 and 100 %)."""
_TELLING = 4
"""Rarest words of a question by which likely distractors are looked up."""


@recipe("with_context")
def with_context(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """Passages and a question → the answer, or that the passages do not give it."""
    for side in ("train", "evaluation"):
        known = [each for document in documents if making.side(document) == side for each in known_answers(document)]
        index = _Index(known)
        for number, each in enumerate(known):
            distractors = index.like(number)
            if len(distractors) < _DISTRACTORS:
                continue
            question = each.asked[0]
            place = int(hashlib.sha256(each.unit.id.encode()).hexdigest()[:8], 16)
            answered = place % _WITHOUT != 0
            texts = [known[other].answer for other in distractors]
            if answered:
                texts.insert(place % (len(texts) + 1), each.answer)
            prompt = "\n".join(texts) + f"\n\nQuestion: {question.text}\n{INSTRUCTION}"
            unit = Unit(each.unit.document, "with_context", each.unit.start, each.unit.end, each.unit.headings)
            others = {known[other].unit.document.id: known[other].unit.document for other in distractors}
            others.pop(each.unit.document.id, None)
            yield Slot(
                "with_context",
                unit,
                rule=Draft(prompt, each.answered(question) if answered else NOT_IN_DOCUMENTS),
                others=tuple(others.values()),
            )


class _Index:
    """Known answers by their words."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._known = known
        self._stems = [frozenset(content_stems(each.answer)) for each in known]
        self._asked = [frozenset(content_stems(each.asked[0].text)) for each in known]
        self._by_stem: defaultdict[str, list[int]] = defaultdict(list)
        for number, stems in enumerate(self._stems):
            for stem in stems:
                self._by_stem[stem].append(number)

    def like(self, number: int) -> list[int]:
        """Answers of other places that share most words with the question, but not so many that they answer it."""
        asked = self._asked[number]
        rare = sorted(
            (stem for stem in asked if stem in self._by_stem), key=lambda stem: (len(self._by_stem[stem]), stem)
        )
        found = {other for stem in rare[:_TELLING] for other in self._by_stem[stem][:200]} - {number}
        mine = self._known[number]
        fit = [
            other
            for other in found
            if self._known[other].answer != mine.answer and len(asked & self._stems[other]) <= 0.7 * len(asked)
        ]
        fit.sort(key=lambda other: (-len(asked & self._stems[other]), self._known[other].unit.id))
        return fit[:_DISTRACTORS]
