"""Statements: sentences and short list items, with what they stand under.

What a sentence is about often stands outside it: in the title, the heading, the line
that introduces a list, the sentence before. Each statement keeps those words apart
from its own, so that a comparison can count them for less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from foretune.evidence import Span, sentences
from foretune.governance.contradiction.translated import Language, Translation, language_of
from foretune.governance.markup import blank_code

__all__ = ["Statement", "plain", "statements"]

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TEMPLATE_TAG = re.compile(r"\{[%{#][^{}]{0,500}[%}#]\}")
_LINK_TARGET = re.compile(r"(?<=\])\([^()\n]{0,1000}(?:\([^()\n]{0,200}\)[^()\n]{0,500})?\)")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,1000}>")
_ADDRESS = re.compile(r"\bhttps?://[^\s)\]>]{1,2000}", re.IGNORECASE)
_BRACKETS = re.compile(r"!?\[|\]")
_EMPHASIS = re.compile(r"(?<!\w)[*_]+(?=[\w\"'“(])|(?<=[\w.!?,:;)\"'”])[*_]+(?!\w)")
_QUOTE_MARK = re.compile(r"^[ \t]{0,3}>[ \t]?", re.MULTILINE)
_HEADING = re.compile(r"(#{1,6})\s+")
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<marker>[-*+•]|\d{1,3}[.)]|[a-z][.)])\s+")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_WHOLE_ITEM = 420
"""Characters up to which a list item is one statement; longer ones are read by sentence."""
_LONGEST = 700
_CHILDREN = 12


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence and the words around it that say what it is about."""

    start: int
    end: int
    """What is quoted of it: the sentence, or the whole of a short list item."""
    text: str
    """The sentence with links, tags and code blanked."""
    under: str
    """Title, headings and the lines that introduce the list it stands in."""
    before: str
    """The sentence before it in the same paragraph, or the others of a short list item."""
    item: str
    """For a line that introduces a list: the list item this statement is read with."""
    group: int
    """The list or table it belongs to, 0 for running text: rows of one list differ on purpose."""
    translation: Translation | None = None
    """Where the page is in another language: what became of the sentence; the other texts are as that one."""


def plain(text: str) -> str:
    """``text`` with everything but its words as spaces; offsets stay what they are."""
    text = blank_code(text)
    for pattern in (_COMMENT, _TEMPLATE_TAG):
        text = pattern.sub(_blank, text)
    for pattern in (_LINK_TARGET, _TAG, _ADDRESS, _BRACKETS, _EMPHASIS, _QUOTE_MARK):
        text = pattern.sub(_blank, text)
    return text


def _blank(match: re.Match[str]) -> str:
    return "".join("\n" if c == "\n" else " " for c in match.group())


@dataclass(slots=True)
class _Block:
    """A sentence of running text, or a list item with all its sentences, while the page is read."""

    parts: list[Span]
    under: str
    group: int = 0
    indent: int = -1
    parents: tuple[str, ...] = ()
    """The lines that introduce the list, outermost first."""
    before: str = ""
    children: list[str] = field(default_factory=list)


def statements(text: str, title: str = "") -> Iterator[Statement]:
    """The statements of a Markdown or plain text, in order; headings and table rows are none."""
    read = plain(text)
    language = language_of(read)
    if language is None:
        for block in _blocks(read, title):
            yield from _of(block)
        return
    for block in _blocks(language.whole(read), title):
        for each in _of(block):
            yield _translated(each, language)


def _translated(said: Statement, language: Language) -> Statement:
    made = language.translate(said.text)
    under, before, item = (language.translate(words).text for words in (said.under, said.before, said.item))
    return replace(said, text=made.text, under=under, before=before, item=item, translation=made)


def _blocks(read: str, title: str) -> list[_Block]:
    blocks: list[_Block] = []
    headings: list[tuple[int, str]] = []
    open_items: list[_Block] = []
    intro: _Block | None = None
    group = groups = 0
    end = 0
    for span in sentences(read):
        line = read.rfind("\n", 0, span.start) + 1
        indent = span.start - line if not read[line : span.start].strip() else -1
        broken = end == 0 or _BLANK_LINE.search(read, end, span.start + 1) is not None
        end = span.end
        heading = _HEADING.match(span.text) if indent >= 0 else None
        if heading or span.text.count("|") > 1:
            if heading:
                headings = [(n, words) for n, words in headings if n < len(heading[1])]
                headings.append((len(heading[1]), span.text[heading.end() :].rstrip("# ")))
            open_items, intro, group = [], None, 0
            continue
        under = " / ".join([title, *(words for _, words in headings)])
        item = _ITEM.match(span.text) if indent >= 0 else None
        if item:
            open_items = [each for each in open_items if each.indent < indent]
            if not group:
                groups = group = groups + 1
            parent = open_items[-1] if open_items else intro
            block = _Block([span], under, group, indent)
            if parent:
                parent.group = parent.group or group
                block.parents = (*parent.parents, _joined(parent))
                parent.children.append(span.text[item.end() :])
            open_items.append(block)
        elif open_items and (not broken or indent > open_items[-1].indent):
            open_items[-1].parts.append(span)
            continue
        else:
            block = _Block([span], under)
            if blocks and not broken and blocks[-1].indent < 0:
                block.before = blocks[-1].parts[0].text
            open_items, group = [], 0
            intro = block if span.text.endswith(":") else None
        blocks.append(block)
    return blocks


def _joined(block: _Block) -> str:
    return " ".join(part.text for part in block.parts)[:_LONGEST]


def _of(block: _Block) -> Iterator[Statement]:
    first, last = block.parts[0], block.parts[-1]
    whole = last.end - first.start <= _WHOLE_ITEM
    under = " / ".join([block.under, *block.parents])
    for i, part in enumerate(block.parts):
        quote = Span("", first.start, last.end) if whole else part
        beside = [other.text for j, other in enumerate(block.parts) if j != i and (whole or j == i - 1)]
        introduces = part.text.endswith(":") and part is last
        for child in block.children[:_CHILDREN] if introduces and block.children else [""]:
            yield Statement(
                quote.start,
                quote.end,
                part.text[:_LONGEST],
                under,
                " ".join(beside) or block.before,
                child,
                block.group,
            )
