"""What is known about a document: from its front matter or properties, else from its text, else from its name.

Sources spell the same thing in many ways (``lastmod``, ``Last Modified``,
``article:modified_time``). Spelling is compared without case and punctuation;
whatever is not understood stays in ``properties`` under its own name.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from itertools import islice
from typing import Any

from foretune.corpus.dates import date_in_name, iso_date
from foretune.types import Label

__all__ = [
    "SPELLINGS",
    "SURROGATES",
    "Description",
    "clean_text",
    "describe",
    "first_heading",
    "json_value",
    "spelling",
]

SPELLINGS: dict[str, tuple[str, ...]] = {
    "title": ("title", "headline", "dctitle", "ogtitle", "pagetitle", "name"),
    "author": (
        *("author", "authors", "by", "byline", "writer", "writtenby", "creator", "creators", "dccreator"),
        *("articleauthor", "from", "initialcreator"),
    ),
    "event": ("event", "eventname", "meeting", "conference", "occasion"),
    "date": (
        *(
            "date",
            "published",
            "publishedat",
            "publishedon",
            "datepublished",
            "publisheddate",
            "publishdate",
            "pubdate",
        ),
        *("articlepublishedtime", "dcdate", "dctermsissued", "issued", "posted", "postedon", "dateposted"),
        *("dateapproved", "approved", "eventdate", "meetingdate"),
        *("created", "createdat", "createdon", "datecreated", "creationdate", "dctermscreated"),
    ),
    "modified": (
        *("modified", "modifiedat", "datemodified", "lastmodified", "lastmod", "updated", "updatedat", "updatedon"),
        *("lastupdated", "dateupdated", "articlemodifiedtime", "dctermsmodified", "revised", "lastrevised"),
    ),
    "tags": ("tags", "tag", "categories", "category", "labels", "topics", "topic", "articletag"),
    "keywords": ("keywords", "keyword", "newskeywords", "dcsubject"),
    "label": ("label", "classification", "sensitivity", "confidentiality", "securitylabel"),
}
"""Field → spellings in order of preference, lower case, letters and digits only."""

_NO_TITLE = re.compile(
    r"(untitled|\(?anonymous\)?|\(?unspecified\)?|no title|titel|title|document ?\d*|powerpoint presentation|"
    r"presentation ?\d*|book ?\d*|slide ?1)\.?",
    re.IGNORECASE,
)
"""What programs write where nobody gave a title."""
_NOBODY = re.compile(
    r"(\(?anonymous\)?|\(?unspecified\)?|unknown|none|n/a|python-docx|user|admin(istrator)?|root)", re.I
)
_INLINE = re.compile(r"</?(?:em|strong|b|i|code|span|small|sup|sub|br)\b[^<>]{0,200}>", re.IGNORECASE)
_PROGRAM = re.compile(r"^(microsoft (word|powerpoint|excel) - )", re.IGNORECASE)
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_STATED = re.compile(
    r"[\s>*_#-]*(?P<key>authors?|by|written by|date|published|event|meeting|last updated|updated)"
    r"[*_\s]*:[*_\s]*(?P<value>\S.{0,98}?)[*_\s]*$",
    re.IGNORECASE,
)
_STATED_FIELDS = {"author": "author", "authors": "author", "by": "author", "written by": "author"}
_STATED_FIELDS |= {"date": "date", "published": "date", "event": "event", "meeting": "event"}
_STATED_FIELDS |= {"last updated": "modified", "updated": "modified"}
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
SURROGATES = re.compile("[\ud800-\udfff]")
_MARKED = re.compile(r"[\[<{*_`]")
_MARKS = frozenset("#=`~")
"""What a line begins with that is a heading, underlines one, or opens code."""
_NOTHING: Mapping[str, list[Any]] = {name: [] for name in SPELLINGS}
_HEAD_LINES = 40
"""A title, or a line such as ``Date: 4 March 2021``, is looked for in this many lines."""
_DEPTH, _NODES, _STRING = 12, 4_000, 20_000
"""Limits of ``properties``: nesting, values, characters a value."""


@dataclass(frozen=True, slots=True)
class Description:
    """The fields of :class:`~foretune.types.Document` that describe its text."""

    title: str = ""
    author: str = ""
    event: str = ""
    date: str = ""
    modified: str = ""
    tags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    label: Label | None = None
    """What the document says of itself; None where it says nothing."""
    properties: dict[str, Any] = field(default_factory=dict)


def describe(metadata: Mapping[str, Any], text: str, name: str, *, markdown: bool = True) -> Description:
    """Sort ``metadata`` into fields and fill what it leaves open from ``text`` and from the file's ``name``.

    Args:
        metadata: As the source spelled it.
        text: The document; a title is its first heading, an author or date what its first lines state.
        name: Path or name of the file, the last resort for title and day.
        markdown: Whether headings of ``text`` are the document's own (not, say, names of sheets).
    """
    head = text[: 200 * _HEAD_LINES]
    lines = head.splitlines()
    markdown = markdown and ("#" in head or "=" in head)  # else there is no heading to look for
    stated = dict(_stated(lines))
    stem = posixpath.splitext(posixpath.basename(name))[0]
    known, properties = _sort(metadata) if metadata else (_NOTHING, {})
    title = _title(known, stem) or (_first_heading(lines) if markdown else "") or _humanised(stem)
    return Description(
        title=title,
        author=_first(known["author"], _names) or (_names(stated["author"]) if "author" in stated else ""),
        event=_first(known["event"], _line) or stated.get("event", ""),
        date=_first(known["date"], iso_date) or iso_date(stated.get("date")) or date_in_name(stem),
        modified=_first(known["modified"], iso_date) or iso_date(stated.get("modified")),
        tags=_words(known["tags"]),
        keywords=_words(known["keywords"]),
        label=next((label for label in map(_label, known["label"]) if label), None),
        properties=json_value(properties) if properties else {},
    )


def clean_text(text: str) -> str:
    """``text`` with NUL and lone surrogates, which neither SQLite nor JSON carries, replaced one for one by U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def first_heading(text: str) -> str:
    """The first heading of level 1 near the top, else the first of any level; without Markdown's marks."""
    return _first_heading(text[: 200 * _HEAD_LINES].splitlines())


def _first_heading(lines: Sequence[str]) -> str:
    lower = ""
    fenced = False
    lines = lines[:_HEAD_LINES]
    marked = [number for number, line in enumerate(lines) if line[:1] in _MARKS or line[:1] == " "]
    for number in marked:
        line = lines[number]
        if line.lstrip(" ")[:1] not in _MARKS:
            continue
        if _FENCE.match(line):
            fenced = not fenced
        if fenced:
            continue
        match = _HEADING.match(line)
        if match and len(match[1]) == 1:
            return _unmarked(match[2])
        if match and not lower:
            lower = _unmarked(match[2])
        if number and _UNDERLINE.match(line) and lines[number - 1].strip():
            return _unmarked(lines[number - 1])
    return lower


def json_value(value: Any) -> Any:
    """``value`` made of JSON's types only, bounded in depth, number and length, safe to store.

    Front matter can be built to explode when it is written out (YAML aliases), or to contain itself.
    """
    budget = [_NODES]

    def plain(item: Any, depth: int) -> Any:
        budget[0] -= 1
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, int):
            return item if abs(item) < 2**63 else str(item)[:_STRING] if item.bit_length() < 4096 else None
        if isinstance(item, float):
            return item if math.isfinite(item) else None
        if isinstance(item, str):
            return clean_text(item[:_STRING])
        if isinstance(item, date | time):
            return iso_date(item) or item.isoformat()
        if depth >= _DEPTH:
            return None
        if isinstance(item, Mapping):
            return {clean_text(str(key)[:200]): plain(inner, depth + 1) for key, inner in item.items() if budget[0] > 0}
        if isinstance(item, Sequence | set | frozenset) and not isinstance(item, bytes | bytearray):
            return [plain(inner, depth + 1) for inner in item if budget[0] > 0]
        return None

    return plain(value, 0)


def spelling(key: str) -> str:
    """A key without case and punctuation, as :data:`SPELLINGS` holds it."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def _sort(metadata: Mapping[str, Any]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Values by field, the preferred spelling first; and the rest, to which values that say nothing return."""
    spelled = {spelling(str(key)): str(key) for key in metadata}
    known: dict[str, list[Any]] = {}
    used: set[str] = set()
    for name, spellings in SPELLINGS.items():
        keys = [spelled[one] for one in spellings if one in spelled]
        usable = [key for key in keys if _usable(name, metadata[key])]
        known[name] = [metadata[key] for key in usable]
        # All tags are kept; of dates, titles and so on only the preferred one, the others stay properties.
        used.update(usable if name in ("tags", "keywords") else usable[:1])
    rest = {str(key): value for key, value in metadata.items() if str(key) not in used and value not in (None, "", [])}
    return known, rest


def _usable(field_name: str, value: Any) -> bool:
    match field_name:
        case "date" | "modified":
            return bool(iso_date(value))
        case "label":
            return _label(value) is not None
        case "author":
            return bool(_names(value))
        case "tags" | "keywords":
            return bool(_words([value]))
        case _:
            return bool(_line(value))


def _first(values: list[Any], read: Any) -> str:
    return read(values[0]) if values else ""


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("name", value.get("title"))
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        return ""
    return clean_text(" ".join(str(value).split()))[:500]


def _title(known: Mapping[str, list[Any]], stem: str) -> str:
    if not known["title"]:
        return ""
    title = _INLINE.sub("", _PROGRAM.sub("", _line(known["title"][0])))
    file_name = title.rsplit(".", 1)[0] == stem and re.search(r"[-_.\d]", title)
    return "" if file_name or _NO_TITLE.fullmatch(title) else title


def _names(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ", ".join(dict.fromkeys(name for name in map(_names, value) if name))[:500]
    name = _line(value) if not isinstance(value, bool) else ""
    return "" if _NOBODY.fullmatch(name) else name


def _words(values: list[Any]) -> tuple[str, ...]:
    if not values:
        return ()
    return tuple(dict.fromkeys(word for value in values for word in _split(value)))[:200]


def _split(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        pieces = re.split(r"[,;\n]", value)
        if len(pieces) == 1 and value.lstrip().startswith("#"):
            pieces = value.split()
        yield from (word for word in (" ".join(piece.split()).lstrip("#") for piece in pieces) if word)
    elif isinstance(value, Mapping):
        yield from _split(value.get("name", ""))
    elif isinstance(value, Sequence | set) and not isinstance(value, bytes):
        for item in value:
            yield from _split(item if isinstance(item, str | Mapping) else _line(item))
    elif _line(value):
        yield _line(value)


def _label(value: Any) -> Label | None:
    try:
        return Label(str(value).strip().lower())
    except ValueError:
        return None


def _stated(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Lines near the top that state something: ``**Author:** Ann Example``."""
    first = list(islice(filter(str.strip, lines), 12))
    for line in reversed(first):  # the first one wins: it is the last to be set
        match = _STATED.match(line[:200]) if ":" in line else None
        if match is None:
            continue
        name, value = _STATED_FIELDS[match["key"].lower()], clean_text(match["value"])
        if name != "author" or (len(value.split()) <= 6 and not re.search(r"[\d/@]", value)):
            yield name, value


def _unmarked(heading: str) -> str:
    if not _MARKED.search(heading):
        return clean_text(" ".join(heading.split()))[:500]
    heading = re.sub(r"!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])?", r"\1", heading)
    heading = re.sub(r"<[^<>]{1,200}>|\{[#.:][^{}]{0,200}\}", "", heading)
    return clean_text(" ".join(re.sub(r"(\*\*|__|`|(?<!\w)[*_]|[*_](?!\w))", "", heading).split()))[:500]


def _humanised(stem: str) -> str:
    """``2021-03-04-my_first-post`` → ``My first post``."""
    if date_in_name(stem):
        stem = re.sub(r"^[\d._-]{8,10}[-_. ]*", "", stem) or stem
    words = " ".join(re.sub(r"[-_+]+", " ", stem).split())
    return clean_text(words[:1].upper() + words[1:])
