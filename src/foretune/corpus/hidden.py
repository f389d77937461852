"""What stands in a page's markup but is not shown to its readers: comments and elements styled away.

Works on HTML and on Markdown that holds HTML. Search engines publish the same list as
"hidden text" abuse (https://developers.google.com/search/docs/essentials/spam-policies).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Hidden", "blank_hidden", "hidden_parts", "hidden_words"]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A stretch of markup that no reader of the page sees (code points, end exclusive)."""

    start: int
    end: int
    how: str
    """``comment``, ``not displayed``, ``too small``, ``transparent``, ``off the page`` or ``same colour``."""


_OPENING = re.compile(r"<!--|<[A-Za-z]")
_TAG = re.compile(r"<(?P<name>[A-Za-z][\w-]{0,30})(?P<attributes>(?:\s[^<>]{0,2000})?)>")
_STYLE = re.compile(r"""\sstyle\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_HIDDEN_ATTRIBUTE = re.compile(r"""\shidden(?:\s*=\s*["']?(?:hidden|true|)["']?)?(?=[\s/]|$)""", re.IGNORECASE)
_FONT_COLOUR = re.compile(r"""\scolor\s*=\s*["']?([#\w]{3,20})""", re.IGNORECASE)
_STYLES = (
    ("not displayed", re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)),
    (
        "too small",
        re.compile(r"(?:^|[;\s])font-size\s*:\s*(?:0+(?:\.0+)?(?![.\d])|[01](?:\.\d+)?p[xt])", re.IGNORECASE),
    ),
    ("transparent", re.compile(r"(?:^|[;\s])opacity\s*:\s*0*\.?0+\s*(?:;|!|$)", re.IGNORECASE)),
    (
        "off the page",
        re.compile(r"(?:^|[;\s])(?:left|top|right|margin-left|text-indent)\s*:\s*-\d{3,}", re.IGNORECASE),
    ),
)
_COLOUR = re.compile(r"(?:^|[;\s])color\s*:\s*([^;!]{1,40})", re.IGNORECASE)
_BACKGROUND = re.compile(r"(?:^|[;\s])background(?:-color)?\s*:\s*([^;!]{1,60})", re.IGNORECASE)
_ANY_BACKGROUND = re.compile(
    r"\bbackground(?:-color|-image)?\s*:\s*([^;\"'}]{1,60})|\bbgcolor\s*=\s*[\"']?([#\w]{3,20})", re.I
)
_WHITES = frozenset(("white", "#fff", "#ffffff", "#fefefe", "rgb(255,255,255)", "rgba(255,255,255,1)"))
_VOID = frozenset(("area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"))
_MARKUP = re.compile(r"<!--|-->|</?[A-Za-z][^<>]{0,2000}>")
_LOOK_AHEAD = 20_000
_UNCLOSED = 50
"""After so many elements that are never closed, no more ends are looked for: what is broken stays cheap."""


def hidden_parts(markup: str) -> list[Hidden]:
    """Comments and hidden elements of ``markup``, in order, none inside another.

    A comment or element that is never closed ends at the next empty line.
    """
    if "<" not in markup:
        return []
    found: list[Hidden] = []
    position = unclosed = 0
    while match := _OPENING.search(markup, position):
        start = position = match.start()
        if match.group() == "<!--":
            how, end = "comment", markup.find("-->", start + 2)
            end = end + 3 if end >= 0 else 0
        else:
            tag = _TAG.match(markup, start)
            how = _how(tag, markup) if tag else ""
            if not tag or not how:
                position = start + 2
                continue
            end = _end(markup, tag) if unclosed < _UNCLOSED else 0
        if not end:
            unclosed += 1
            gap = markup.find("\n\n", start)
            end = gap if gap >= 0 else len(markup)
        found.append(Hidden(start, end, how))
        position = end
    return found


def hidden_words(markup: str) -> Iterator[tuple[str, str]]:
    """How it is hidden, and the words, of each hidden part that holds any."""
    for part in hidden_parts(markup):
        words = " ".join(_MARKUP.sub(" ", markup[part.start : part.end]).split())
        if any(character.isalnum() for character in words):
            yield part.how, words


def blank_hidden(markup: str, *, code: str | None = None) -> str:
    """``markup`` with hidden parts as spaces, so that offsets stay what they are.

    ``code`` is the same text with its code as spaces, where markup in code is to stay: there it is shown.
    """
    parts = hidden_parts(markup if code is None else code)
    pieces: list[str] = []
    position = 0
    for part in parts:
        lost = "".join("\n" if character == "\n" else " " for character in markup[part.start : part.end])
        pieces += (markup[position : part.start], lost)
        position = part.end
    return "".join(pieces) + markup[position:] if parts else markup


def _how(tag: re.Match[str], markup: str) -> str:
    attributes = tag["attributes"]
    name = tag["name"].lower()
    if not attributes or name in _VOID:
        return ""
    if _HIDDEN_ATTRIBUTE.search(attributes):
        return "not displayed"
    declared = _STYLE.search(attributes)
    style = (declared[1] or declared[2] or "") if declared else ""
    for how, pattern in _STYLES:
        if pattern.search(style):
            return how
    colour = _COLOUR.search(style) or (_FONT_COLOUR.search(attributes) if name == "font" else None)
    if colour:
        behind = _BACKGROUND.search(style)
        ink = _plain_colour(colour[1])
        if _plain_colour(behind[1]) == ink if behind else ink in _WHITES and not _is_dark_somewhere(markup):
            return "same colour"
    return ""


def _plain_colour(value: str) -> str:
    value = re.sub(r"\s", "", value.lower())
    return "white" if value in _WHITES else value


def _is_dark_somewhere(markup: str) -> bool:
    """Whether anything in the page has a background but white: then white letters may well be seen."""
    return any(_plain_colour(match[1] or match[2]) != "white" for match in _ANY_BACKGROUND.finditer(markup))


def _end(markup: str, tag: re.Match[str]) -> int:
    """Where the element that ``tag`` opens ends; 0 where it is not closed."""
    depth = 0
    pattern = re.compile(rf"<(/?){re.escape(tag['name'])}\b[^<>]{{0,2000}}>", re.IGNORECASE)
    for match in pattern.finditer(markup, tag.start(), tag.start() + _LOOK_AHEAD):
        depth += -1 if match[1] else 1
        if depth == 0:
            return match.end()
    return 0
