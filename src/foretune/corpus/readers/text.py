"""Plain text and Markdown: decoded, and otherwise byte for byte what the file holds, after its front matter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from foretune.corpus.readers.decoding import decode
from foretune.corpus.readers.reading import Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader

__all__ = ["split_front_matter"]

_FRONT_MATTER = re.compile(
    r"\A(?:(?P<yaml>---)|(?P<toml>\+\+\+))[ \t]*\r?\n"
    r"(?P<body>.{0,65536}?)"
    r"^(?(yaml)(?:---|\.\.\.)|\+\+\+)[ \t]*(?:\r?\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
"""YAML between lines of three dashes (Jekyll), TOML between plus signs (Hugo); more than 64 KB is not front matter."""
_XML_ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding=[\"']([\w.-]{2,40})[\"']")
_PAIR = re.compile(r"^([A-Za-z][\w .-]{0,60}):[ \t]+(\S.*?)[ \t]*\r?$", re.MULTILINE)
_DEEPEST = 50
ONLY_FRONT_MATTER = "there is only front matter in it, no text"


@reader(
    "a Markdown file",
    suffixes=(".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdx", ".qmd", ".rmd"),
    isolated=False,
)
def read_markdown(raw: Raw) -> Iterable[Extract]:
    text, encoding = decode(raw.data)
    metadata, start = split_front_matter(text)
    if metadata and not text[start:].strip():
        raise Unreadable(ONLY_FRONT_MATTER)
    yield Extract(text[start:], "text/markdown", _with_encoding(metadata, encoding))


@reader("a text", suffixes=("", ".txt", ".text", ".log"), isolated=False)
def read_text(raw: Raw) -> Iterable[Extract]:
    text, encoding = decode(raw.data)
    metadata, start = split_front_matter(text)
    yield Extract(text[start:], "text/plain", _with_encoding(metadata, encoding))


@reader("an XML file", suffixes=(".xml",), opening=(b"<?xml",), isolated=False)
def read_xml(raw: Raw) -> Iterable[Extract]:
    """As it is written, marks and all: nothing is left out, and no entity is looked up."""
    declared = _XML_ENCODING.match(raw.data)
    text, encoding = decode(raw.data, declared[1].decode("ascii") if declared else "")
    yield Extract(text, "application/xml", _with_encoding({}, encoding), headings=False)


def split_front_matter(text: str) -> tuple[dict[str, Any], int]:
    """The front matter of ``text`` and where the text after it begins; ``({}, 0)`` where there is none.

    Broken YAML (an unquoted colon, often) is read line by line as far as it goes.
    What lies between two rulers but holds no ``key: value`` is text.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, 0
    metadata = _toml(match["body"]) if match["toml"] else _yaml(match["body"])
    if metadata is None:
        metadata = {key: value.strip("\"'") for key, value in _PAIR.findall(match["body"])}
        if not metadata:
            return {}, 0
    return {str(key): value for key, value in metadata.items()}, match.end()


def _yaml(body: str) -> Mapping[Any, Any] | None:
    from frontmatter.default_handlers import SafeLoader, YAMLHandler
    from yaml import YAMLError, parse
    from yaml.events import CollectionEndEvent, CollectionStartEvent

    try:
        depth = 0
        for event in parse(body, Loader=SafeLoader):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > _DEEPEST:  # the loader recurses in C: brackets alone could overflow the stack
                return None
        loaded = YAMLHandler().load(body)
    except (YAMLError, ValueError, TypeError, OverflowError, RecursionError, AttributeError):
        return None
    if loaded is None and not body.strip():
        return {}
    return loaded if isinstance(loaded, Mapping) else None


def _toml(body: str) -> Mapping[str, Any] | None:
    try:
        return tomllib.loads(body.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError):
        return None


def _with_encoding(metadata: Mapping[str, Any], encoding: str) -> dict[str, Any]:
    return {**metadata} if encoding == "utf-8" else {**metadata, "encoding": encoding}
