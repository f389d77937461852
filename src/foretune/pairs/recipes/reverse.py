"""Reverse instruction: the prompt for which a document, whole or in heading-sized pieces, is the answer.

LongForm (Köksal et al. 2023, https://arxiv.org/abs/2304.08460) and instruction backtranslation
(Li et al. 2023, https://arxiv.org/abs/2308.06259): the response is a real text, only the prompt is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foretune.pairs.prompts import ask_for_prompt, template_prompt
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.units import units
from foretune.types import GovernedDocument

__all__ = ["document", "section"]


@recipe("document", group="reverse")
def document(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """The prompt for which the whole document is the answer; documents of at most ``max_words`` words."""
    return _of_recipe("document", documents, making)


@recipe("section", group="reverse")
def section(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """The prompt for which one section of a long document is the answer."""
    return _of_recipe("section", documents, making)


def _of_recipe(name: str, documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    settings = making.settings
    for each in documents:
        for unit in units(each, max_words=settings.max_words, min_characters=settings.min_characters):
            if unit.recipe == name:
                template = Draft(template_prompt(unit, making.style, making.role), unit.text)
                yield Slot(name, unit, rule=template, ask=None if making.rules_only else ask_for_prompt(unit, making))
