"""Dialogue: from transcripts with speakers, what was asked and what somebody answered.

As conversations are turned into training data since OpenAssistant (Köpf et al. 2023, https://arxiv.org/abs/2304.07327):
the turns before are the prompt, the next turn of another speaker is the response.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.units import Unit
from foretune.types import GovernedDocument

__all__ = ["Turn", "dialogue", "turns"]

_SPEAKER = re.compile(r"^(?:\*\*)?(?P<name>[^\W\d_][^:\n*]{0,48}?)(?:\*\*)?:(?:\*\*)?[ \t]+(?=\S)", re.MULTILINE)
_FEWEST_TURNS = 6
_FEWEST_SPEAKERS, _MOST_SPEAKERS = 2, 30
_BEFORE = 2
"""Turns before the one that is answered."""
_FEWEST_WORDS, _MOST_WORDS = 6, 200
"""Of an answer."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker said in one go; offsets into the document's text."""

    speaker: str
    text: str
    start: int
    end: int


@recipe("dialogue")
def dialogue(documents: Sequence[GovernedDocument], _making: Making) -> Iterator[Slot]:
    """What was asked in a meeting or interview → what was answered."""
    for document in documents:
        said = turns(document.text)
        for number in range(1, len(said)):
            asked, answer = said[number - 1], said[number]
            words = len(answer.text.split())
            if not asked.text.rstrip().endswith("?") or not _FEWEST_WORDS <= words <= _MOST_WORDS:
                continue
            before = said[max(0, number - _BEFORE) : number]
            prompt = "\n".join(f"{turn.speaker}: {turn.text}" for turn in before)
            about = f" in “{document.title}”" if document.title else ""
            unit = Unit(document, "dialogue", before[0].start, answer.end, ())
            yield Slot("dialogue", unit, rule=Draft(prompt, answer.text, f"You are {answer.speaker}{about}."))


def turns(text: str) -> list[Turn]:
    """Turns of a transcript in order, one speaker's neighbouring paragraphs as one; none where it is no transcript.

    A transcript has few names that return often; ``label: value`` lines have many, or the same ones in the same order.
    """
    found: list[Turn] = []
    matches = list(_SPEAKER.finditer(text))
    names = {match["name"].strip() for match in matches}
    if len(matches) < _FEWEST_TURNS or not _FEWEST_SPEAKERS <= len(names) <= _MOST_SPEAKERS:
        return []
    if len(names) > len(matches) / 2:
        return []
    ends = [*(match.start() for match in matches[1:]), len(text)]
    for match, end in zip(matches, ends, strict=True):
        said, name = " ".join(text[match.end() : end].split()), match["name"].strip()
        stop = match.end() + len(text[match.end() : end].rstrip())
        if found and found[-1].speaker == name:
            last = found.pop()
            found.append(Turn(name, f"{last.text} {said}", last.start, stop))
        elif said:
            found.append(Turn(name, said, match.start(), stop))
    asks = sum(turn.text.endswith("?") for turn in found)
    return found if asks and len(found) >= _FEWEST_TURNS else []
