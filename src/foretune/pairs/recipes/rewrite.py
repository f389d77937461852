"""Rewrite in the voice: from plain notes to the author's own text.

The plain version is made and the real text is the answer, as in style transfer by paraphrase (Krishna et al. 2020,
https://arxiv.org/abs/2010.05700): by rule the notes are the content words of each sentence, by a model a plain
retelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foretune.evidence import content, sentences
from foretune.governance.markup import prose
from foretune.pairs.prompts import ask_for_plain
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.units import Unit, units
from foretune.types import GovernedDocument

__all__ = ["rewrite"]

_NOTES = 8
_WORDS = 7
"""Of a note."""


@recipe("rewrite")
def rewrite(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """Plain notes in, the piece as it was written out."""
    settings = making.settings
    for document in documents:
        for unit in units(document, max_words=settings.max_words, min_characters=settings.min_characters):
            notes = _notes(unit.text)
            if len(notes) < 2:
                continue
            prompt = f"{_asked(unit, making)}\n\n" + "\n".join(f"- {note}" for note in notes)
            yield Slot(
                "rewrite",
                Unit(document, "rewrite", unit.start, unit.end, unit.headings),
                rule=Draft(prompt, unit.text),
                ask=ask_for_plain(unit, _asked(unit, making)) if making.engine_writes else None,
            )


def _asked(unit: Unit, making: Making) -> str:
    about = f" about {unit.topic}" if unit.topic else ""
    return f"Write this up{about} as {making.role} would:"


def _notes(text: str) -> list[str]:
    notes = []
    for span in sentences(text)[:_NOTES]:
        words = [token.text for token in content(prose(span.text))]
        if len(words) >= 3:
            notes.append(" ".join(words[:_WORDS]).lower())
    return notes
