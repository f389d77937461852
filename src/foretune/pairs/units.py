"""What becomes a response: a whole document, or heading-sized pieces of a long one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from foretune.types import GovernedDocument, digest

__all__ = ["Unit", "sections", "units"]

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Unit:
    """A text that is to be the response of a pair."""

    document: GovernedDocument
    recipe: str
    """Of the pairs that are made of it: ``document`` for a whole one, ``section`` for a piece of a long one."""
    start: int
    end: int
    """Into the governed text."""
    headings: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]

    @property
    def topic(self) -> str:
        """Title and nearest heading, without repeating one in the other."""
        title = self.document.title
        last = self.headings[-1] if self.headings else ""
        if not last or last.casefold() in title.casefold():
            return title
        return last if not title or title.casefold() in last.casefold() else f"{last} ({title})"

    @property
    def id(self) -> str:
        return digest(self.document.id, self.recipe, self.text, self.document.title, self.headings)[:16]


def units(document: GovernedDocument, *, max_words: int, min_characters: int) -> Iterator[Unit]:
    """The document's units; pieces shorter than ``min_characters`` make none."""
    whole = _trimmed(document, "document", 0, len(document.text), ())
    if whole is None or len(whole.text) < min_characters:
        return
    if len(whole.text.split()) <= max_words:
        yield whole
        return
    for start, end, headings in sections(document.text):
        for piece_start, piece_end in _pieces(document.text, start, end, max_words):
            unit = _trimmed(document, "section", piece_start, piece_end, headings)
            if unit is not None and len(unit.text) >= min_characters:
                yield unit


def _trimmed(document: GovernedDocument, recipe: str, start: int, end: int, headings: tuple[str, ...]) -> Unit | None:
    text = document.text[start:end]
    stripped = text.strip()
    if not stripped:
        return None
    start += len(text) - len(text.lstrip())
    return Unit(document, recipe, start, start + len(stripped), headings)


def sections(text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Each heading's own text, without the heading line: start, end, headings above it."""
    fences = [match.span() for match in _FENCE.finditer(text)]
    path: list[tuple[int, str]] = []
    start = 0
    for match in _HEADING.finditer(text):
        if any(a <= match.start() < b for a, b in fences):  # a comment in code, not a heading
            continue
        yield start, match.start(), tuple(heading for _, heading in path)
        level = len(match[1])
        path = [*(entry for entry in path if entry[0] < level), (level, match[2].strip())]
        start = match.end()
    yield start, len(text), tuple(heading for _, heading in path)


def _pieces(text: str, start: int, end: int, max_words: int) -> Iterator[tuple[int, int]]:
    section = text[start:end]
    if len(section.split()) <= max_words:
        yield start, end
        return
    from semantic_text_splitter import MarkdownSplitter

    splitter = MarkdownSplitter.from_callback(lambda piece: len(piece.split()), max_words)
    for offset, piece in splitter.chunk_indices(section):
        yield start + offset, start + offset + len(piece)
