"""Garbled text: what a wrong encoding, a broken export or a template engine left behind."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from foretune.governance.checks.registry import CheckSettings, document_check
from foretune.governance.remains import SUSPECT, hints, remains
from foretune.types import Document, Finding, Severity

__all__ = ["clean_line", "garbled"]

TYPES = {
    "mojibake": Severity.MEDIUM,
    "lost": Severity.MEDIUM,
    "control": Severity.LOW,
    "zero_width": Severity.LOW,
    "ligature": Severity.LOW,
    "template": Severity.LOW,
    "placeholder": Severity.LOW,
    "html": Severity.LOW,
    "merge": Severity.HIGH,
    "hyphenation": Severity.LOW,
    "ocr": Severity.LOW,
    "boilerplate": Severity.LOW,
}

_LINE = re.compile(r"[^\n]+")
_TERMINAL_ESCAPE = re.compile(r"\x1b\[[0-9;]{0,40}[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_LIGATURE = re.compile(r"[\ufb00-\ufb06]")
# Never visible and never needed: zero width space, word joiner, byte order mark, soft hyphen.
_INVISIBLE = re.compile(r"[\u200b\u2060\ufeff\u00ad]")
# Needed by Arabic, Persian, Indic scripts and emoji, so wrong only between plain letters.
_JOINER = re.compile(r"(?<=[A-Za-z0-9])[\u200c\u200d]+(?=[A-Za-z0-9 ])")
_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LOST = "\ufffd"

_SEGMENT = 10_000
"""Longer lines are looked at in pieces of this many characters, cut at a space."""
_ROUNDS = 4

_MESSAGES = {
    "mojibake": "Characters were garbled by a wrong encoding; the repair is offered.",
    "control": "Control characters that nobody can see; the repair removes them.",
    "zero_width": "Invisible characters inside the text, which search cannot match; the repair removes them.",
    "ligature": "Letters joined into one character (\ufb01), which search cannot match; the repair writes them out.",
    "template": "A template tag was left in the text; readers of the original page see something else here.",
    "placeholder": "Something was to be filled in here and never was.",
    "html": "Marks of a web page were left in the text; the repair takes them out.",
    "merge": "Two versions stand here one after the other, with the marks of the program that could not join them.",
    "broken word": "A word lost letters that the file had joined into one (fi, ff, fl); the repair puts them back.",
    "hyphenation": "A word was cut in two at the end of a line; the repair joins it.",
    "ocr": "Text recognition took letters for digits here; the repair is a guess.",
}


@document_check("garbled", types=TYPES, columns=("text", "media_type"), version=2, repairs=True)
def garbled(document: Document, _settings: CheckSettings) -> Iterable[Finding]:
    """Text that is not what its author wrote.

    *mojibake*: a wrong encoding ("caf\u00c3\u00a9" for "café"), as `ftfy <https://ftfy.readthedocs.io>`_
    detects it, which leaves correct text alone; *lost*: U+FFFD, a character that cannot be got back;
    *control* and *zero_width*: characters nobody sees; *ligature*: "\ufb01" for "fi", or "con dential";
    *template*: ``{% … %}``, ``{{ … }}`` or ``<% … %>`` that was never filled in; *placeholder*: "[insert name]",
    "TODO:", "lorem ipsum"; *html*: tags and entities in plain text; *merge*: conflict marks; *hyphenation*: words
    cut at the end of a line; *ocr*: "w1th". Nothing in code. A repair is in ``evidence["repair"]``: what ``text``
    should be.
    """
    text = document.text
    hinted = hints(text, document.media_type)
    if SUSPECT in hinted:
        for start, end in _suspect_lines(text):
            yield from _line_findings(document.id, text[start:end], start)
    for found in remains(text, document.media_type, hinted):
        yield Finding(
            document.id,
            "garbled",
            found.kind,
            TYPES[found.kind],
            _MESSAGES["broken word" if found.kind == "ligature" else found.kind],
            found.start,
            found.end,
            text[found.start : found.end],
            evidence={} if found.repair is None else {"repair": found.repair},
        )


def clean_line(line: str) -> str:
    """``line`` without what :func:`garbled` can repair; a fixed point: cleaning twice is cleaning once."""
    from ftfy import fix_encoding
    from ftfy.chardata import LIGATURES

    for _ in range(_ROUNDS):
        before = line
        line = fix_encoding(line)
        if "&" in line and (unescaped := html.unescape(line)) != line:
            # Entities are no fault, unless it is the garbled bytes that were written as entities.
            repaired = fix_encoding(unescaped)
            line = repaired if repaired != unescaped else line
        line = _TERMINAL_ESCAPE.sub("", line)
        line = _CONTROL.sub("", line)
        line = _INVISIBLE.sub("", line)
        line = _JOINER.sub("", line)
        if not _RIGHT_TO_LEFT.search(line):
            line = _DIRECTION.sub("", line)
        line = _LIGATURE.sub(lambda match: str(LIGATURES[ord(match.group())]), line)
        if line == before:
            break
    return line


@cache
def _suspect() -> Any:
    """:data:`~foretune.governance.remains.SUSPECT` in RE2, on UTF-8: it sees a clean line three times as fast."""
    import re2

    return re2.compile(SUSPECT.encode())


def _suspect_lines(text: str) -> Iterator[tuple[int, int]]:
    """Places of the lines (or pieces of very long ones) with anything that can be a fault."""
    suspect = _suspect().search
    for line in _LINE.finditer(text):
        start, end = line.span()
        while start < end:
            cut = end if end - start <= _SEGMENT else text.rfind(" ", start + 1, start + _SEGMENT)
            cut = cut if cut > 0 else start + _SEGMENT
            if suspect(text[start:cut].encode("utf-8", "replace")):
                yield start, cut
            start = cut


def _line_findings(document_id: str, line: str, offset: int) -> Iterator[Finding]:
    clean = clean_line(line)
    if clean != line:
        start, end, repair = _changed(line, clean)
        text = line[start:end]
        kind = _kind(line)
        yield Finding(
            document_id,
            "garbled",
            kind,
            TYPES[kind],
            _MESSAGES[kind],
            offset + start,
            offset + end,
            text,
            evidence={"repair": repair, "explanation": _explanation(line) if kind == "mojibake" else []},
        )
    if _LOST in line:
        start, end = line.index(_LOST), line.rindex(_LOST) + 1
        count = line.count(_LOST)
        yield Finding(
            document_id,
            "garbled",
            "lost",
            TYPES["lost"],
            f"{count} character{'s' if count > 1 else ''} got lost when this was saved and must be typed in again.",
            offset + start,
            offset + end,
            line[start:end],
        )


def _kind(line: str) -> str:
    from ftfy import fix_encoding

    if fix_encoding(line) != line or ("&" in line and fix_encoding(html.unescape(line)) != html.unescape(line)):
        return "mojibake"
    if _CONTROL.search(line):
        return "control"
    return "ligature" if _LIGATURE.search(line) else "zero_width"


def _explanation(line: str) -> list[list[str]]:
    """ftfy's account of what happened to the line, in steps."""
    from ftfy import fix_encoding_and_explain

    return [list(step) for step in fix_encoding_and_explain(line).explanation or []]


def _changed(before: str, after: str) -> tuple[int, int, str]:
    """The stretch of ``before`` that differs, grown to whole words, and what it becomes."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < shorter - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    while start > 0 and not before[start - 1].isspace():
        start -= 1
    while tail > 0 and not before[-tail].isspace():
        tail -= 1
    return start, len(before) - tail, after[start : len(after) - tail]
