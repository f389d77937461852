"""The sentences of a document that state something by themselves, with where they stand.

Markup is taken off; a list item is read with the line that introduces it. What points
back to another sentence ("This is why …") says nothing alone and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from foretune.evidence import Span, sentences
from foretune.governance.markup import prose
from foretune.pairs.units import sections
from foretune.types import GovernedDocument

__all__ = ["Statement", "statements"]

_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_POINTING = re.compile(
    r"^(?:this|that|these|those|it|they|he|she|here|there it|such|both|either|neither|also|as noted|for example|e\.g|"
    r"however|otherwise|instead|then|so|but|and|or|see|note)\b",
    re.IGNORECASE,
)
_HEADING_MARKS = re.compile(r"\{#[^{}]*\}|\[|\]\([^()]*\)|^\d+[.)]\s+")
_EMPTY_LINK = re.compile(r"\[([^\[\]]*)\]\(\s*\)")
_GOES_ON = re.compile(r"(?:This|That|These|Those|It|They|Otherwise|However)\b")
_TABLE = re.compile(r"^\s*\|")
FEWEST_WORDS, MOST_WORDS = 5, 45
_FEWEST_ITEM_WORDS = 3
_LONGEST_LEAD = 30
"""Words of the line above a list."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that stands by itself."""

    text: str
    """Without markup, on one line; a list item without the line above the list."""
    start: int
    end: int
    """Of the sentence as it stands in the governed text."""
    headings: tuple[str, ...]
    title: str = ""
    """Of the document."""
    lead: str = ""
    """The line above the list, without its colon, where this is an item."""
    items: tuple[str, ...] = ()
    """The items of the list that this sentence introduces."""
    more: str = ""
    """The next sentence, where it goes on from this one (*This is because …*)."""

    @property
    def topic(self) -> str:
        """The nearest heading, or the document's title."""
        return _HEADING_MARKS.sub("", self.headings[-1] if self.headings else self.title).strip(" :?#*`")

    @property
    def whole(self) -> str:
        """What is said, complete: lead and item, or the sentence with its list."""
        if self.items:
            return f"{self.text}: {'; '.join(item.rstrip('.;,') for item in self.items)}."
        said = _ended(f"{self.lead}: {self.text}" if self.lead else self.text)
        return f"{said} {self.more}" if self.more else said


def _clean(text: str) -> str:
    return _EMPTY_LINK.sub(r"\1", prose(text))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text.rstrip(";,:") + "."


def statements(document: GovernedDocument) -> Iterator[Statement]:
    """In the order of the text; a list is told once whole, at the line that introduces it, and then item by item."""
    for start, end, headings in sections(document.text):
        yield from _in_section(document.text[start:end], start, headings, document.title)


def _in_section(text: str, offset: int, headings: tuple[str, ...], title: str) -> Iterator[Statement]:
    spans = [span for span in sentences(text) if not _TABLE.match(span.text)]
    number = 0
    while number < len(spans):
        span, clean = spans[number], _clean(spans[number].text)
        number += 1
        if clean.endswith(":") and len(clean.split()) <= _LONGEST_LEAD:
            items = []
            while number < len(spans) and _ITEM.match(spans[number].text):
                items.append(spans[number])
                number += 1
            yield from _listed(span, clean.rstrip(": "), items, offset, headings, title)
        elif _fit(clean, item=bool(_ITEM.match(span.text))):
            end, more = span.end, ""
            if number < len(spans) and "\n\n" not in text[span.end : spans[number].start]:
                following = _clean(spans[number].text)
                if _GOES_ON.match(following) and len(following.split()) <= _LONGEST_LEAD and following.endswith("."):
                    end, more = spans[number].end, following
            yield Statement(clean, offset + span.start, offset + end, headings, title, more=more)


def _listed(
    lead: Span, text: str, items: list[Span], offset: int, headings: tuple[str, ...], title: str
) -> Iterator[Statement]:
    told = [(item, clean) for item in items if (clean := _clean(item.text))]
    if len(told) > 1 and not _POINTING.match(text):
        whole = tuple(clean for _, clean in told)
        if sum(len(clean.split()) for clean in whole) <= 2 * MOST_WORDS:
            yield Statement(text, offset + lead.start, offset + told[-1][0].end, headings, title, items=whole)
    for item, clean in told:
        if len(clean.split()) >= _FEWEST_ITEM_WORDS and len(clean.split()) <= MOST_WORDS:
            above = "" if _POINTING.match(text) else text
            yield Statement(clean, offset + item.start, offset + item.end, headings, title, lead=above)


def _fit(text: str, *, item: bool) -> bool:
    words = len(text.split())
    fewest = _FEWEST_ITEM_WORDS if item else FEWEST_WORDS
    ends = text.endswith((".", "!")) or item
    return fewest <= words <= MOST_WORDS and ends and not _POINTING.match(text) and not text.endswith("?")
