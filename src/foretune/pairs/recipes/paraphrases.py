"""Paraphrases: many ways of asking the same thing, with the same answer.

A model that met a fact in one wording answers that wording only; see
:mod:`foretune.pairs.rephrasing` for the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foretune.pairs.prompts import ask_for_paraphrase
from foretune.pairs.recipes.question_answer import known_answers
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.rephrasing import rephrased
from foretune.pairs.slots import Draft, Making, Slot
from foretune.types import GovernedDocument

__all__ = ["paraphrases"]


@recipe("paraphrases")
def paraphrases(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """Each question of the question-answer recipe, asked in up to ``paraphrases`` other ways."""
    for document in documents:
        for known in known_answers(document):
            topic = known.unit.topic
            ways = rephrased(known.asked, topic, making.settings.paraphrases)
            for number, (text, question) in enumerate(ways):
                ask = None
                if making.engine_writes:
                    ask = ask_for_paraphrase(known.unit, known.asked[0].text, known.answer, number, making)
                yield Slot(
                    "paraphrases",
                    known.unit,
                    key=f"way {number}",
                    rule=Draft(text, known.answered(question)),
                    ask=ask,
                    family=known.unit.id,
                )
