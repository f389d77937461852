"""Web pages as Markdown: headings, lists, tables and code kept; no scripts, styles, navigation or hidden text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from foretune.corpus.hidden import hidden_parts, hidden_words
from foretune.corpus.readers.decoding import decode
from foretune.corpus.readers.reading import Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader

__all__ = ["kept_hidden", "to_markdown"]

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_DEPTH = 1024
"""Elements inside each other; converters recurse, and pages of people stay below a hundred."""
_PROGRAMS = re.compile(r"<(script|style)\b[^<>]{0,500}>.{0,100000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
_HIDDEN_PARTS, _HIDDEN_CHARACTERS, _HIDDEN_WORDS = 100, 2_000, 3
"""How much of what a page hides is kept: parts, characters a part, and the fewest words a part has."""
TOO_DEEP = "its elements are nested too deeply to be read whole"


@reader(
    "a web page",
    suffixes=(".html", ".htm", ".xhtml", ".shtml"),
    opening=(b"<!doctype html", b"<html"),
)
def read_html(raw: Raw) -> Iterable[Extract]:
    declared = _CHARSET.search(raw.data[:4096])
    text, encoding = decode(raw.data, declared[1].decode("ascii") if declared else "")
    markdown, metadata = to_markdown(text)
    if encoding != "utf-8":
        metadata["encoding"] = encoding
    yield Extract(markdown, "text/html", metadata)


def to_markdown(html: str) -> tuple[str, dict[str, Any]]:
    """The Markdown of a page, and what its head says, in its spelling.

    Raises:
        Unreadable: nested so deeply that text would be left out.
    """
    from html_to_markdown import ConversionOptions, convert

    result = convert(
        _shown(html),
        ConversionOptions(
            bullets="-",
            compact_tables=True,
            inline_data_media="alt_text_only",
            max_depth=_DEPTH,
        ),
    )
    if result.warnings:
        raise Unreadable(TOO_DEEP)
    metadata = _metadata(result.metadata.document)
    if hidden := kept_hidden(html):
        metadata["hidden"] = hidden
    return _without_head(result.content or ""), metadata


def kept_hidden(html: str) -> list[dict[str, str]]:
    """What the page hides, for the check that looks whether it addresses a language model; not its one-word notes."""
    found = (
        {"how": how, "text": words[:_HIDDEN_CHARACTERS]}
        for how, words in hidden_words(_PROGRAMS.sub(" ", html))
        if len(words.split()) >= _HIDDEN_WORDS and not words.startswith(("[if ", "[endif"))
    )
    return list(islice(found, _HIDDEN_PARTS))


def _shown(html: str) -> str:
    """The page without elements that the converter does not know to be hidden (white on white, off the page)."""
    for part in reversed(hidden_parts(html)):
        if part.how != "comment":
            html = html[: part.start] + html[part.end :]
    return html


def _without_head(markdown: str) -> str:
    """The converter writes what the page's head says as front matter, and breaks as blanks at the end of a line.

    A ruler the page itself begins with has an empty line after it.
    """
    markdown = re.sub(r"\A---\n(?:\S[^\n]*\n)+?---\n+", "", markdown, count=1)
    return re.sub(r" +$", "", markdown, flags=re.MULTILINE)


def _metadata(head: Any) -> dict[str, Any]:
    found: dict[str, Any] = {**(head.open_graph or {}), **(head.meta_tags or {})}
    for key in ("title", "author", "description", "language", "canonical_url"):
        if value := getattr(head, key):
            found[key] = value
    if head.keywords:
        found["keywords"] = list(head.keywords)
    for noise in ("viewport", "generator", "Generator", "robots", "theme-color"):
        found.pop(noise, None)
    return found
