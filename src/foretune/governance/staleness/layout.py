"""A page as statements under headings, and which of them tell of the past or only show an example.

What a history, a changelog, a blog post or a worked example says was true when it
was written and is not stale; everything else claims to hold today.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from foretune.evidence import Span, sentences
from foretune.governance.markup import blank_markup

__all__ = ["Line", "is_record", "lines"]

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.{1,200}?)[ \t#]*$", re.MULTILINE)
_TOLD = re.compile(
    r"\b(?:histor(?:y|ies|ical)|chang[e ]?logs?|changes|release notes|revisions?|versions?|version control"
    r"|past|previous(?:ly)?|archived?s?|examples?|sample|case stud(?:y|ies)|retrospectives?|post-?mortems?|timeline"
    r"|milestones|bibliography|references|sources|press|awards|our story|origins?|lessons learned"
    r"|(?:19|20)\d\d\s*[-–]\s*(?:present|now|today|(?:19|20)\d\d))\b",
    re.IGNORECASE,
)
"""A section that tells or shows, by its heading."""
_RECORD_FOLDER = re.compile(
    r"(?:^|[/_.-])(?:blog|posts?|news|newsletters?|chang[e]?logs?|changes|archives?|archived|releases?|release[-_]notes"
    r"|minutes|meetings?|meeting[-_]notes|transcripts?|retro(?:spective)?s?|post-?mortems?|incidents?|press"
    r"|histor(?:y|ies)|journal|diary|standups?)(?=$|[/_.-])",
    re.IGNORECASE,
)
_RECORD_NAME = re.compile(r"(?:^|/)(?:19|20)\d\d[-_.]?[01]\d[-_.]?[0-3]\d[^/]*$")
_EXAMPLE = re.compile(
    r"\b(?:for example|for instance|e\.g\.|examples?:|suppose|imagine|let's say|let’s say|such as|hypothetical(?:ly)?)",
    re.IGNORECASE,
)
_LONGEST = 700
"""Characters; no sentence is longer, what is longer is a table without line ends or a listing."""


_LONG_LINE = re.compile(rf"[^\n]{{1,{_LONGEST}}}")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, list item, table row or heading of a page."""

    text: str
    """Its words without code, tags and link targets, single spaces between them."""
    start: int
    """Where it lies in the document, in code points."""
    end: int
    heading: str
    """The nearest heading above, empty before the first."""
    told: bool
    """Under a heading that tells of the past, or an example."""
    item: bool
    """A list item or table row."""


def is_record(path: str) -> bool:
    """Whether a page reports what was at one time: a post, minutes, release notes, by folder or dated file name.

    ``path`` is relative to the corpus: where the corpus lies ("/srv/archive/handbook") says nothing about its pages.
    """
    return bool(_RECORD_NAME.search(path) or _RECORD_FOLDER.search(path))


def lines(text: str) -> list[Line]:
    """The statements of a page in order; code, quoted lines and link targets are no statements."""
    blank = blank_markup(text, quotes=True)
    headings = [(match.start(), len(match[1]), match[2].strip(" *_")) for match in _HEADING.finditer(blank)]
    found: list[Line] = []
    open_headings: list[tuple[int, str]] = []
    told = False
    position = 0
    example_until = 0
    for span in _pieces(blank):
        while position < len(headings) and headings[position][0] <= span.start:
            _, level, title = headings[position]
            open_headings = [each for each in open_headings if each[0] < level] + [(level, title)]
            told = any(_TOLD.search(name) for depth, name in open_headings if depth > 1)
            position += 1
        if _EXAMPLE.search(span.text):
            paragraph_end = blank.find("\n\n", span.start)
            example_until = len(blank) if paragraph_end < 0 else paragraph_end
        item = bool(re.match(r"[-*+•|]|\d{1,3}[.)]\s", span.text)) or "|" in span.text
        heading = open_headings[-1][1] if open_headings else ""
        told_here = told or span.start < example_until
        found.append(Line(" ".join(span.text.split()), span.start, span.end, heading, told_here, item))
    return found


def _pieces(blank: str) -> Iterator[Span]:
    for sentence in sentences(blank):
        if len(sentence.text) <= _LONGEST:
            yield sentence
            continue
        for match in _LONG_LINE.finditer(sentence.text):
            raw = match.group()
            if text := raw.strip():
                begin = sentence.start + match.start() + len(raw) - len(raw.lstrip())
                yield Span(text, begin, begin + len(text))
