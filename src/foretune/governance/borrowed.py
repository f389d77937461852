"""Passages an author did not write: long quotations, verse, press releases, guest posts.

These are seen by their form, not by their style: a quotation says that it is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from foretune.governance.markup import blank_code

__all__ = ["Borrowed", "borrowed"]

_QUOTED_LINES = re.compile(r"(?:^ {0,3}>[^\n]*(?:\n|\Z)){2,}", re.MULTILINE)
_QUOTED_RUN = re.compile(r"(?<!\w)[“\"](?=\w)[^“”\"]{400,4000}[”\"]")
_VERSE_LINE = re.compile(r"[ \t>]*(?![-*+•#|\d!<\[])[^\n|{}<>:;=]{2,60}(?: {2}|\\|<br ?/?>)?")
_LEAST_VERSES = 8
_VERSE_WORDS = range(2, 11)
_RELEASE = re.compile(r"^\W*(?:for immediate release|press release|media (?:release|contacts?)\b)", re.I | re.M)
_GUEST = re.compile(
    r"\b(?:this is a guest (?:post|article|blog)|(?:a |today's )?guest (?:post|article|blog)(?: post)? (?:by|"
    r"from|written)"
    r"|re-?(?:posted|printed|published) (?:here )?with (?:\w+ )?permission)",
    re.IGNORECASE,
)
_HEAD = 1_500
"""Characters at either end where a text says what it is."""


class Borrowed(NamedTuple):
    """A passage that says of itself that it is somebody else's."""

    kind: str
    """quotation, verse, press_release or guest_post."""
    start: int
    end: int
    share: float
    """Of the text's letters, 0 to 1; 1 where the mark is about the whole text."""


def borrowed(text: str) -> Borrowed | None:
    """The clearest sign in ``text`` that it, or much of it, is somebody else's; None without one.

    A quotation or verse counts by its share of the letters: all of a kind together, with the place of the longest.
    """
    for kind, pattern in (("press_release", _RELEASE), ("guest_post", _GUEST)):
        head = pattern.search(text[:_HEAD])
        if head:
            return Borrowed(kind, head.start(), head.end(), 1.0)
        offset = max(0, len(text) - _HEAD)
        tail = pattern.search(text[offset:]) if kind == "guest_post" else None
        if tail:
            return Borrowed(kind, offset + tail.start(), offset + tail.end(), 1.0)
    clean = blank_code(text)
    best: Borrowed | None = None
    quoted = [match.span() for pattern in (_QUOTED_LINES, _QUOTED_RUN) for match in pattern.finditer(clean)]
    kinds = [(kind, spans) for kind, spans in (("quotation", quoted), ("verse", list(_verses(clean)))) if spans]
    letters = max(1, sum(map(str.isalpha, clean))) if kinds else 1
    for kind, spans in kinds:
        held = sum(sum(map(str.isalpha, clean[start:end])) for start, end in spans)
        start, end = max(spans, key=lambda span: (span[1] - span[0], -span[0]))
        share = min(1.0, held / letters)
        if best is None or share > best.share:
            best = Borrowed(kind, start, end, share)
    return best


def _verses(text: str) -> Iterator[tuple[int, int]]:
    """Runs of short lines that mostly begin with a capital and end without a full stop, as songs and poems do."""
    run: list[tuple[int, int, bool, bool]] = []
    position = 0
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        words = line.split()
        if not words:
            continue  # a verse goes on after a blank line
        if len(words) in _VERSE_WORDS and _VERSE_LINE.fullmatch(line.rstrip("\n")):
            bare = line.strip().rstrip("\\").strip("*_ ")
            run.append((start, position, bare[:1].isupper(), bare.endswith((".", ":"))))
            continue
        yield from _verse(run)
        run = []
    yield from _verse(run)


def _verse(run: list[tuple[int, int, bool, bool]]) -> Iterator[tuple[int, int]]:
    if len(run) < _LEAST_VERSES:
        return
    capitals = sum(line[2] for line in run) / len(run)
    stopped = sum(line[3] for line in run) / len(run)
    if capitals >= 0.7 and stopped <= 0.25:
        yield run[0][0], run[-1][1]
