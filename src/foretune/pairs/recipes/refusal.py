"""Refusal: everyday questions that the documents cannot answer, and that they say so.

As the unanswerable questions of SQuAD 2.0 (Rajpurkar et al. 2018, https://arxiv.org/abs/1806.03822), which taught
readers to abstain. The questions are a data file written for Foretune; each is used only where its words are in no
document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files

from foretune.evidence import content_stems
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.units import Unit
from foretune.types import GovernedDocument

__all__ = ["NOT_IN_DOCUMENTS", "refusal"]

NOT_IN_DOCUMENTS = "This is not in the documents."
"""What the search arm says too, word for word."""


@recipe("refusal")
def refusal(documents: Sequence[GovernedDocument], _making: Making) -> Iterator[Slot]:
    """A question that no document answers → “This is not in the documents.”"""
    vocabularies = [(document, frozenset(content_stems(document.text))) for document in documents]
    for words, question in _questions():
        stems = frozenset(content_stems(words))
        if any(stems <= known for _, known in vocabularies):
            continue
        asked = frozenset(content_stems(question))
        # The document that comes nearest: where it goes, whether anything answers is looked at again.
        nearest = max(vocabularies, key=lambda each: (len(asked & each[1]), each[0].id), default=None)
        if nearest is not None:
            unit = Unit(nearest[0], "refusal", 0, 0, ())
            yield Slot("refusal", unit, key=question, rule=Draft(question, NOT_IN_DOCUMENTS))


def _questions() -> Iterator[tuple[str, str]]:
    text = (files("foretune.pairs") / "recipes" / "data" / "unanswerable.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        words, bar, question = line.partition("|")
        if bar and not line.startswith("#"):
            yield words.strip(), question.strip()
