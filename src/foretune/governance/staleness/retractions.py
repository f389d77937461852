"""What a corpus says is gone: "X was replaced by Y", "X (formerly Z)", "we no longer use X".

A retraction names a thing by its proper name; a page elsewhere that still speaks of it
as something in use contradicts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.evidence import Span, fold, names
from foretune.evidence.text import STOP_WORDS, word_list
from foretune.governance.staleness.layout import Line

__all__ = ["Retraction", "mentions", "retractions", "words"]

_WORD = re.compile(r"[^\W_]+")

_ADVERB = r"(?:now |mostly |largely |since |recently |officially |formally |completely |fully |been |also |all )*"
_GONE_AFTER = re.compile(
    rf"[\"”’')\]*_]{{0,4}}(?:,? which | (?:application|app|tool|service|platform|site|website|system|page)\b"
    rf"| (?P<noun>team|office|program|programme|policy|form|process|channel|group|portfolio|chapter|guild"
    rf"|board)\b)? ?(?:was|were|has|have|is|are|will be) {_ADVERB}"
    r"(?:(?P<by>replaced|superseded|succeeded) (?:by|with)|(?P<to>renamed)(?: to| as)?|(?P<gone>retired|decommissioned"
    r"|discontinued|sunset(?:ted)?|shut down|shuttered|abolished|disbanded|dissolved|withdrawn|phased out|rescinded"
    r"|deprecated|no longer (?:used|in use|supported|offered|maintained|accepted|approved|available to)))\b"
)
_GONE_BEFORE = re.compile(
    r"\b(?:(?P<now>formerly|previously|originally)(?: known as| called| named|,)?"
    r"|(?P<now2>used to be (?:known as|called|named))"
    rf"|(?:which |it |that |has |have )+{_ADVERB}(?P<now3>replaced|superseded)"
    r"|(?P<gone>we|staff|employees|teams|gsa|tts) (?:no longer use|(?:have )?stopped using)"
    r"|(?P<moved>(?:moved|migrated|switched|transitioned) (?:\w+ ){0,3}from))"
    r"\s+(?:the )?[\"“‘'*_\[]*",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“]([^\"”\n]{2,40})[\"”]")
_PAST_MENTION = re.compile(
    r"\b(?:formerly|previously|originally|was|were|had|replaced|renamed|histor\w+|old|legacy|retired|former"
    r"|used to|no longer"
    r"|deprecated|decommissioned|discontinued|superseded|sunset\w*|instead of|rather than|migrat\w+|until"
    r"|before|(?:19|20)\d\d"
    r"|aka|a\.k\.a\.?|became|not)\b",
    re.IGNORECASE,
)
_NOT_A_THING = frozenset(
    word_list(
        """january february march april may june july august september october november december fall spring summer
        winter"""
    )
)
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Retraction:
    """A statement that something is gone."""

    old: str
    """Its name, as written."""
    new: str
    """What took its place; empty where nothing did."""
    start: int
    end: int
    text: str
    """The sentence."""


def retractions(page: Sequence[Line], title: str) -> list[Retraction]:
    """Things with a proper name that a page says are gone."""
    found: dict[str, Retraction] = {}
    for line in page:
        text = line.text
        if not (_GONE_BEFORE.search(text) or _GONE_AFTER.search(text)):
            continue
        for old, new in _pairs(text, title):
            if _usable(old, new):
                found.setdefault(fold(old), Retraction(old, new, line.start, line.end, text))
    return list(found.values())


def _pairs(text: str, title: str) -> Iterator[tuple[str, str]]:
    called = names(text)
    for match in _GONE_AFTER.finditer(text):
        old = next((each for each in called if 0 <= match.start() - each.end + 1 <= 3), None)
        new = next((each for each in called if 0 <= each.start - match.end() <= 8), None)
        if old and (new or match["gone"]):
            name = f"{old.text} {match['noun']}" if match["noun"] else old.text
            yield name, new.text if new and not match["gone"] else ""
    for match in _GONE_BEFORE.finditer(text):
        quoted = _QUOTED.match(text, max(match.end() - 1, 0))
        after = _first(called, match.end())
        if quoted is None and after is None:
            continue
        named = quoted[1].rstrip(".,") if quoted else after.text if after else ""
        before = [each for each in called if each.end <= match.start()]
        instead = (
            ""
            if match["gone"]
            else before[-1].text
            if before
            else ""
            if text[: match.start()].strip(" *_-#>")
            else title
        )
        yield named.rstrip("."), instead


def _first(called: Sequence[Span], position: int) -> Span | None:
    return next((each for each in called if 0 <= each.start - position <= 2), None)


def _usable(old: str, new: str) -> bool:
    """Whether a name is one that can be looked for: its own, and no part of what took its place."""
    mine, other = words(old), words(new)
    if not mine or len(old) < _SHORTEST or len(mine) > 6 or mine <= _NOT_A_THING:
        return False
    if all(word in STOP_WORDS or word.isdigit() for word in mine):
        return False
    return not (mine <= other) and fold(old) != fold(new)


def words(text: str) -> frozenset[str]:
    """The folded words of a text."""
    return frozenset(_WORD.findall(fold(text)))


def mentions(name: str, page: Sequence[Line], *, live: bool = True) -> Iterator[Line]:
    """Sentences that speak of ``name``; with ``live``, only those that do so as of something in use.

    A longer name around it is another thing ("Federalist" is not in "Federalist Papers").
    """
    exactly = live or (name.isupper() and len(name) <= _SHORTEST)  # "IT" is not "it"
    pattern = re.compile(rf"(?<![\w.@#/-]){re.escape(name)}(?![\w@-]|\.\w)", 0 if exactly else re.IGNORECASE)
    for line in page:
        text = line.text
        if live and (line.told or _PAST_MENTION.search(text)):
            continue
        for match in pattern.finditer(text):
            if not live or not _longer(text, match):
                yield line
                break


def _longer(text: str, match: re.Match[str]) -> bool:
    after = re.match(r"[ -]([A-Z][\w]+)", text[match.end() :])
    before = re.search(r"([A-Z][\w]+)[ -]$", text[: match.start()])
    opening = before is not None and not text[: before.start()].strip(" *_-|#>")
    return after is not None or (before is not None and not opening)
