"""Cutting a document into passages: pieces small enough to find and to show, whole enough to understand.

Cuts are made where the document itself has its joints (headings, then blocks,
then sentences, then words), by ``semantic-text-splitter``. A passage is a span
of the document's text, character for character.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from foretune.retrieval.readable import readable_text
from foretune.types import GovernedDocument

__all__ = ["SPLITTER_VERSION", "PassageDraft", "count_words", "split"]

SPLITTER_VERSION = 1
"""Raised by every change that may move a cut or change what is embedded."""

_PLAIN = frozenset({"text/plain", "text/vtt", "application/x-subrip", "message/rfc822", "application/mbox"})
"""Media types whose text is not Markdown; readers turn everything else into it."""

_LONGEST_WORD = 200
_UNSPACED = "぀-ヿ㐀-鿿豈-﫿"  # Japanese and Chinese are written without spaces: each character counts
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]{{1,{_LONGEST_WORD}}}")
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))??(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_BLOCK_START = re.compile(r"[ \t]*(?:[-*+>|#]|\d{1,9}[.)][ \t]|$)|(?: {4}|\t)")
_TABLE_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*$")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


@dataclass(frozen=True, slots=True)
class PassageDraft:
    """A passage before it is embedded."""

    ordinal: int
    """0, 1, 2 … within the document."""
    start: int
    end: int
    """Into the document's text: code points, end exclusive."""
    text: str
    """``document.text[start:end]``."""
    headings: tuple[str, ...]
    """From the document's title down to the nearest heading."""
    table_header: str = ""
    """Of the table whose rows the passage begins with, where the header itself is in an earlier passage."""


@dataclass(frozen=True, slots=True)
class _Heading:
    start: int
    end: int
    level: int
    text: str


def count_words(text: str) -> int:
    """Words of ``text``; a character of an unspaced script counts as one, a monster (an address) as several."""
    if text.isascii() or not _UNSPACED_CHARACTER.search(text):
        # The splitter asks several times for each passage, and for such a text this takes a tenth of the time.
        words = text.split()
        if max(map(len, words), default=0) <= _LONGEST_WORD:
            return len(words)
        return sum(-(-len(word) // _LONGEST_WORD) for word in words)
    return len(_WORD.findall(text))


def split(document: GovernedDocument, *, words: int = 160) -> list[PassageDraft]:
    """Passages of ``document`` in order, of at most ``words`` words each.

    All of the text but white space between passages is in exactly one of them.
    A passage that would consist of headings only is put before the next one,
    which then is longer by that heading.

    Source of 160: with a heading path before it, that is what a model that reads
    256 tokens reads to the end in nearly all English passages; 120 and 220 were
    found to be worse (docs/decisions/0004-retrieval.md).
    """
    text = document.text
    is_markdown = document.media_type not in _PLAIN
    headings = list(_headings(text)) if is_markdown else []
    spans = [(start, start + len(piece)) for start, piece in _splitter(words, is_markdown).chunk_indices(text)]
    if is_markdown:
        spans = _with_their_headings(text, spans)
    title = _one_line(document.title)
    return [
        PassageDraft(
            ordinal,
            start,
            end,
            text[start:end],
            _path(title, headings, text, start, end),
            _table_header(text, start) if is_markdown else "",
        )
        for ordinal, (start, end) in enumerate(spans)
    ]


@lru_cache(maxsize=8)
def _splitter(words: int, is_markdown: bool) -> Any:
    from semantic_text_splitter import MarkdownSplitter, TextSplitter

    kind: Callable[..., Any] = (MarkdownSplitter if is_markdown else TextSplitter).from_callback
    return kind(count_words, words)


def _headings(text: str) -> Iterator[_Heading]:
    """Headings of both Markdown styles, outside code.

    Source: CommonMark 0.31, sections 4.2 (``# ATX``), 4.3 (underlined) and 4.5 (fences).
    """
    position, fence, paragraph = 0, "", ("", 0)
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        line = line.rstrip("\r\n")
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if opened:
            fence, paragraph = opened[1], ("", 0)
        elif match := _ATX.match(line):
            yield _Heading(start, position, len(match[1]), _one_line(match[2] or ""))
            paragraph = ("", 0)
        elif paragraph[0] and (match := _SETEXT.match(line)):
            yield _Heading(paragraph[1], position, 1 if match[1][0] == "=" else 2, _one_line(paragraph[0]))
            paragraph = ("", 0)
        elif _BLOCK_START.match(line) or paragraph[0]:
            paragraph = ("", 0)  # an underlined heading is a line of its own here; longer ones are prose over a rule
        else:
            paragraph = (line, start)


def _with_their_headings(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    waiting: int | None = None
    for start, end in spans:
        begin = start if waiting is None else waiting
        waiting = None
        if _only_headings(text[start:end]):
            waiting = begin
        else:
            joined.append((begin, end))
    if waiting is not None:  # headings with nothing under them end the document
        joined.append((waiting, spans[-1][1]))
    return joined


def _only_headings(piece: str) -> bool:
    lines = [line for line in piece.splitlines() if line.strip()]
    return all(_ATX.match(line) for line in lines)


def _path(title: str, headings: list[_Heading], text: str, start: int, end: int) -> tuple[str, ...]:
    """Title and headings in force where the passage's own words begin."""
    stack: list[_Heading] = []
    reached = start
    for heading in headings:
        if heading.start > reached or heading.start >= end:
            break
        stack = [*(above for above in stack if above.level < heading.level), heading]
        if heading.start >= start:  # the passage opens with it, perhaps with its subheading next
            reached = heading.end
            while reached < end and text[reached].isspace():
                reached += 1
    names = [title, *(heading.text for heading in stack)]
    return tuple(name for before, name in pairwise(["", *names]) if name and name != before)


def _table_header(text: str, start: int) -> str:
    """Header row of the table that ``start`` is in the middle of; empty elsewhere."""
    if not _TABLE_ROW.match(_line_at(text, start)):
        return ""
    lines = _lines_before(text, start)
    header = previous = ""
    for line in lines:
        if not _TABLE_ROW.match(line) and not _TABLE_RULE.match(line):
            break
        if _TABLE_RULE.match(previous):
            header = line
        previous = line
    return header.strip()


def _line_at(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : len(text) if end < 0 else end]


def _lines_before(text: str, start: int) -> Iterator[str]:
    end = text.rfind("\n", 0, start)
    while end >= 0:
        begin = text.rfind("\n", 0, end) + 1
        yield text[begin:end].rstrip("\r")
        end = begin - 1


def _one_line(text: str) -> str:
    return " ".join(html.unescape(readable_text(text)).split())
