"""Summary: what a document says, in a few of its own sentences or, by a model, in fewer words.

The sentences are chosen by how many of the document's frequent words they hold (Luhn 1958, The Automatic Creation of
Literature Abstracts, https://doi.org/10.1147/rd.22.0159); what a model writes has to be supported by the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from foretune.evidence import content_stems
from foretune.pairs.prompts import ask_for_text
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.statements import Statement, statements
from foretune.pairs.units import Unit
from foretune.types import GovernedDocument

__all__ = ["summary"]

_SENTENCES = 3
_FEWEST = 6
"""Statements from which a summary says less than the document."""
_INSTRUCTION = (
    "Summarise the text in at most three sentences. Say only what the text says, and keep its numbers and names."
)


@recipe("summary")
def summary(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """The document in three sentences."""
    for document in documents:
        found = [each for each in statements(document) if not each.items and not each.lead]
        if len(found) < _FEWEST:
            continue
        unit = Unit(document, "summary", 0, len(document.text), ())
        prompt = f"Summarise in {_SENTENCES} sentences what we say about {unit.topic or document.path}."
        rule = Draft(prompt, " ".join(each.text for each in _central(found)))
        ask = ask_for_text(unit, _INSTRUCTION, prompt) if making.engine_writes else None
        yield Slot("summary", unit, rule=rule, ask=ask)


def _central(found: Sequence[Statement]) -> list[Statement]:
    stems = [set(content_stems(each.text)) for each in found]
    frequent = Counter(stem for each in stems for stem in each)

    def weight(number: int) -> float:
        mine = stems[number]
        return sum(frequent[stem] - 1 for stem in mine) / (len(mine) + 5)

    best = sorted(range(len(found)), key=lambda number: (-weight(number), number))[:_SENTENCES]
    return [found[number] for number in sorted(best)]
