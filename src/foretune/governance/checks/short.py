"""Too short: pages with a heading, a link and nothing to learn from."""

from __future__ import annotations

from collections.abc import Iterable

from foretune.governance.checks.registry import CheckSettings, document_check
from foretune.governance.markup import OPENING, opening, prose
from foretune.types import Document, Finding, Severity

__all__ = ["short"]

_LONG_MARKUP = ("<", "```", "~~~")
"""What may open markup that the start of a text does not close; without it, more text is never less prose."""


@document_check("short", types={"empty": Severity.MEDIUM, "short": Severity.LOW}, settings=("min_characters",))
def short(document: Document, settings: CheckSettings) -> Iterable[Finding]:
    """A document with less prose than ``[governance] min_characters``.

    Code, tags, link addresses and Markdown's marks do not count: they are not what a question is answered from.
    """
    if len(document.text) > 50 * settings.min_characters + 10_000:
        return  # so long that some of it is prose; stripping markup would cost more than it tells
    if _prose_before_markup(document.text, settings.min_characters) >= settings.min_characters:
        return
    characters = len(prose(document.text))
    if characters >= settings.min_characters:
        return
    if characters == 0:
        yield Finding(document.id, "short", "empty", Severity.MEDIUM, "There is no text in it besides code and markup.")
        return
    yield Finding(
        document.id,
        "short",
        "short",
        Severity.LOW,
        f"Only {characters} characters of text; the plan asks for {settings.min_characters}.",
        evidence={"characters": characters},
    )


def _prose_before_markup(text: str, enough: int) -> int:
    """Characters of prose with which the text begins, before anything that a later line could make markup of."""
    length = 0
    for start in (text[:OPENING], text[: 4 * enough]):
        places = [place for mark in _LONG_MARKUP if (place := start.find(mark)) >= 0]
        if places:
            return len(prose(start[: start.rfind("\n", 0, min(places)) + 1]))
        length = len(opening(text)) if len(start) == OPENING else len(prose(start))
        if length >= enough:
            break
    return length
