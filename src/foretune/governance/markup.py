"""Markdown and HTML, as far as checks have to know what is markup and what is prose.

Every function is linear in the length of the text: unclosed fences and comments
are what broken documents have.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["OPENING", "blank_code", "blank_markup", "opening", "prose"]

OPENING = 600
"""Characters in the opening of a text."""
_AT_HAND = 512
"""Texts kept at hand: several checks look at each, one after the other."""
_SHORT = 10_000
"""Characters up to which that pays: what is at hand takes some megabytes at most."""

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_FENCES = ("`", "~")
_INLINE_CODE = re.compile(r"(`{1,3})(?!`)[^`\n]{1,2000}\1(?!`)")
_CODE_ELEMENT = re.compile(r"<(pre|code|script|style)\b[^<>]{0,500}>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,2000}>")
_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|cite|del|em|i|ins|kbd|mark|q|s|small|span|strong|sub|sup|u)\b[^<>]{0,2000}>", re.IGNORECASE
)
_TEMPLATE_TAG = re.compile(r"\{[%{#][^{}\n]{0,500}[%}#]\}")
_IMAGE = re.compile(r"!\[[^\[\]\n]{0,500}\]\([^()\s]{0,2000}[^()\n]{0,200}\)")
_LINK = re.compile(r"\[([^\[\]\n]{0,1000})\](?:\([^()\s]{0,2000}[^()\n]{0,200}\)|\[[^\[\]\n]{0,200}\])")
_BARE_URL = re.compile(r"\b(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)
_TARGET = re.compile(r"(?<=\])\((?:[^()\s{]|\{(?!%)|\{%[^{}\n]{0,300}%\}|\([^()\s]{0,200}\)){0,2000}+[^()\n]{0,200}+\)")
_BLOCK_TAG = re.compile(
    r"</?(?:td|th|tr|li|ul|ol|p|div|h[1-6]|br|table|section|summary|details)\b[^<>]{0,2000}>", re.IGNORECASE
)
_QUOTED_LINE = re.compile(r"^[ \t]*>(?![ \t]*(?:\[!|\*\*)).*$", re.MULTILINE)
_LINE_MARKUP = re.compile(r"^[ \t]*(?:#{1,6}[ \t]|>[ \t]?|[-*+][ \t]|\d{1,3}[.)][ \t]|[-=*_| :]{3,}$)", re.MULTILINE)
_EMPHASIS = "*_~`|"


def blank_code(text: str) -> str:
    """``text`` with code as spaces, so that offsets stay what they are."""
    return _kept_without_code(text) if len(text) <= _SHORT else _without_code(text)


@lru_cache(maxsize=_AT_HAND)
def _kept_without_code(text: str) -> str:
    return _without_code(text)


def _without_code(text: str) -> str:
    text = _blank_fences(text)
    if "<" in text:
        text = _blank_elements(text)
    return _INLINE_CODE.sub(lambda match: " " * len(match.group()), text) if "`" in text else text


def blank_markup(text: str, *, quotes: bool = False) -> str:
    """``text`` with code, tags and link targets as spaces, so that offsets stay what they are.

    Block elements of HTML end a paragraph. With ``quotes`` quoted lines (``> ...``) are blanked too,
    except call-outs (``> [!NOTE]``, ``> **Note**``), which are the page's own words.
    """
    text = blank_code(text)
    if "<!--" in text:
        text = _blank_comments(text)
    if quotes:
        text = _QUOTED_LINE.sub(_same_length, text)
    if "](" in text:
        text = _TARGET.sub(_same_length, text)
    if "{" in text:
        text = _TEMPLATE_TAG.sub(_same_length, text)
    if "<" in text:
        text = _BLOCK_TAG.sub(lambda match: "\n\n".ljust(len(match.group())), text)
        text = _TAG.sub(_same_length, text)
    return _BARE_URL.sub(_same_length, text)


def prose(text: str) -> str:
    """The words a reader sees: without code, tags, link targets and marks, spaces collapsed."""
    text = blank_code(_without_comments(text))
    if "[" in text:
        text = _IMAGE.sub(" ", text)
        text = _LINK.sub(r"\1", text)
    if "{" in text:
        text = _TEMPLATE_TAG.sub(" ", text)
    if "<" in text:
        text = _INLINE_TAG.sub("", text)
        text = _TAG.sub(" ", text)
    if "://" in text or "www." in text.lower():
        text = _BARE_URL.sub(" ", text)
    text = _LINE_MARKUP.sub(" ", text)
    for mark in _EMPHASIS:
        text = text.replace(mark, "")
    return " ".join(text.split())


def opening(text: str) -> str:
    """The prose of the first :data:`OPENING` characters."""
    return _prose_of_opening(text[:OPENING])


@lru_cache(maxsize=_AT_HAND)
def _prose_of_opening(text: str) -> str:
    return prose(text)


def _spaces(text: str) -> str:
    return "\n".join(" " * len(line) for line in text.split("\n"))


def _blank_fences(text: str) -> str:
    if "```" not in text and "~~~" not in text:
        return text
    lines, fence = [], ""
    for line in text.splitlines(keepends=True):
        match = _FENCE.match(line) if line[:4].lstrip(" ")[:1] in _FENCES else None
        if fence:
            lines.append(_spaces(line))
            if match and match[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match:
            fence = match[1]
            lines.append(_spaces(line))
        else:
            lines.append(line)
    return "".join(lines)


def _blank_elements(text: str) -> str:
    pieces, position = [], 0
    unclosed: set[str] = set()
    while match := _CODE_ELEMENT.search(text, position):
        name = match[1].lower()
        close = None if name in unclosed else re.compile(f"</{name}", re.IGNORECASE).search(text, match.end())
        if close is None:
            unclosed.add(name)  # so is every later one: no need to search to the end again
            pieces.append(text[position : match.end()])
            position = match.end()
        else:
            pieces += (text[position : match.start()], _spaces(text[match.start() : close.start()]))
            position = close.start()
    return "".join(pieces) + text[position:]


def _same_length(match: re.Match[str]) -> str:
    return _spaces(match.group())


def _blank_comments(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while (start := text.find("<!--", position)) >= 0:
        end = text.find("-->", start)
        if end < 0:
            break
        pieces += (text[position:start], _spaces(text[start : end + 3]))
        position = end + 3
    return "".join(pieces) + text[position:]


def _without_comments(text: str) -> str:
    pieces, position = [], 0
    while (start := text.find("<!--", position)) >= 0:
        end = text.find("-->", start)
        if end < 0:
            break
        pieces.append(text[position:start])
        position = end + 3
    return "".join(pieces) + text[position:]
