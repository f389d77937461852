"""The plan as a document that people read and sign: the story, the five Ps, what is still open."""

from __future__ import annotations

import re
from collections.abc import Iterator

from foretune.plan.completeness import PlanEntry, State, completeness
from foretune.plan.config import Config
from foretune.plan.questions import CHAPTERS

__all__ = ["markdown", "story_sentence"]

_OPEN = "*not decided*"
_REMARKS = {State.DRAFT: " *(draft)*", State.DEFAULT: " *(default)*"}


def story_sentence(config: Config) -> str:
    """As an HR manager, I want …, so that … ."""
    story = config.story
    return f"As {story.persona or '…'}, I want {story.want or '…'}, so that {(story.so_that or '…').rstrip('.')}."


def markdown(config: Config) -> str:
    """The requirements document in Markdown (CommonMark with tables)."""
    return "\n".join(_lines(config)) + "\n"


def _lines(config: Config) -> Iterator[str]:
    plan = completeness(config)
    yield "# Requirements"
    yield ""
    yield f"> {_escaped(story_sentence(config))}"
    for chapter in CHAPTERS[1:]:
        yield from ("", f"## {chapter.title}", "", chapter.about, "", "| | |", "|---|---|")
        for entry in plan.entries:
            if entry.section == chapter.section:
                yield f"| {entry.label} | {_cell(entry)} |"
    yield from ("", "## Still open", "")
    if not plan.missing and not plan.unconfirmed:
        yield "Nothing: every entry was decided by a person."
    for entry in plan.missing:
        yield f"- **{entry.label}** is missing. {entry.why}"
    for entry in plan.unconfirmed:
        yield f"- **{entry.label}** is a {entry.state}: {_escaped(entry.value)}. {entry.why}"
    yield from ("", "## Agreed", "", "| | Name | Date |", "|---|---|---|")
    yield f"| Owner | {_escaped(config.people.owner)} | |"
    yield f"| Signs off | {_escaped(config.people.signs_off)} | |"


def _cell(entry: PlanEntry) -> str:
    return _escaped(entry.value) + _REMARKS.get(entry.state, "") if entry.value else _OPEN


def _escaped(text: str) -> str:
    """Text as text: one line, and nothing in it a mark of Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))
