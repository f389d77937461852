"""What a page says of itself: that it is outdated, when it was last revised, when it is due for review.

From its front matter (``outdated: true``, ``superseded_by: ...``, ``review_by: 2021-05-01``),
from a banner or heading ("This page is deprecated"), and from a line that states a
revision ("Last updated: May 2019").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from foretune.corpus.metadata import spelling
from foretune.evidence import dates
from foretune.evidence.text import any_of, word_list
from foretune.governance.staleness.layout import Line

__all__ = ["Notice", "banners", "declared", "revisions"]

_DEAD = any_of(
    r"""deprecated outdated out[-\s]of[-\s]date obsolete archived retired superseded replaced withdrawn discontinued
    inactive unmaintained rescinded revoked no\slonger\s(?:being\s)?(?:maintained|updated|valid|current|in\suse|accurate
    |relevant|supported|used|active|applicable|in\seffect)"""
).replace("\n", "")
_PAGE = any_of(
    """page document section guide guidance policy article content information handbook wiki process procedure doc file
    site material playbook runbook faq post proposal plan"""
)
_BANNER = re.compile(
    rf"\bth(?:is|ese)\W{{1,4}}(?:\w+ ){{0,2}}{_PAGE}s?\W{{0,4}}(?: below| above| here)?\W{{1,4}}(?:is|are"
    rf"|has been|have been|was|were)"
    rf"(?: now| being| all| currently)?\W{{1,5}}(?P<dead>{_DEAD})\b"
    rf"|\b(?:this|the) {_PAGE} has (?:been )?moved\b",
    re.IGNORECASE,
)
_MARKED = re.compile(
    rf"^[\W\d]*(?:\[!?\w+\]\W*)?(?:(?P<first>DEPRECATED|OUTDATED|OBSOLETE|ARCHIVED|SUPERSEDED|RETIRED|WITHDRAWN)\b"
    rf"|.{{1,80}}[(\[](?P<last>{_DEAD})[)\]]\W*$)"
)
"""A heading or call-out that opens with the word in capitals, or ends with it in brackets."""
_HYPOTHETICAL = re.compile(
    r"\b(?:if|when|whether|unless|might|may|could|banner|saying|says|e\.g|once)\b", re.IGNORECASE
)
_FLAGS = frozenset(
    word_list(
        """outdated deprecated obsolete archived retired superseded withdrawn expired stale legacy unmaintained
        isoutdated isdeprecated isarchived outofdate discontinued"""
    )
)
_STATES = frozenset(word_list("status state stage lifecycle pagestatus documentstatus"))
_SUCCESSORS = frozenset(
    word_list("supersededby replacedby movedto redirectto redirect newlocation successor obsoletedby")
)
_LIMITS = frozenset(
    word_list(
        """expires expiry expiration expirydate expirationdate expireson validuntil validto validthrough reviewby
        reviewdate nextreview nextreviewdate reviewdue reviewon sunset sunsetdate enddate"""
    )
)
_REVISED = re.compile(
    r"(?:^|[|(\[]|\.\s)\W{0,8}(?:(?:this \w+|page|document|policy|date|was|were|has been|last|latest|most recently"
    r"|content)\W{1,6}){0,5}"
    r"(?:updated?|revised|reviewed|revision|review|modified|edited|iterated|amended|verified|version"
    r"|effective(?: date|:)"
    r"|date|issued|approved)(?:\W{1,4}date)?\W{0,8}(?:(?:\d[\d.]{0,8}|on|in|as of|from)\W{1,4}){0,3}$",
    re.IGNORECASE,
)
_EDGE = 1_500
"""Characters at either end of a page where it says when it was revised."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a page says of itself."""

    kind: str
    """``flagged`` (outdated, in its own words), ``moved`` (something else took its place), ``limit`` or ``revised``."""
    text: str
    start: int | None = None
    """None where it stands in the metadata."""
    end: int | None = None
    day: date | None = None
    whole: bool = True
    """About the whole page, not a section of it."""


def declared(properties: Mapping[str, Any]) -> list[Notice]:
    """Notices in the metadata; ``text`` is the entry as YAML writes it."""
    return list(_declared(properties))


def _declared(properties: Mapping[str, Any]) -> Iterator[Notice]:
    for key, value in properties.items():
        name, shown = spelling(str(key)), _shown(value)
        text = f"{key}: {shown}"
        raised = name in _FLAGS and shown and shown.lower() not in ("false", "no", "0", "none", "null")
        if raised or (name in _STATES and re.fullmatch(_DEAD, shown, re.IGNORECASE)):
            yield Notice("flagged", text)
        elif name in _SUCCESSORS and shown:
            yield Notice("moved", text)
        elif name in _LIMITS and (said := dates(shown)) and said[0].latest:
            yield Notice("limit", text, day=said[0].latest)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(str(value).split())[:200] if isinstance(value, str | int | float) else ""


def banners(page: Sequence[Line], title: str = "") -> list[Notice]:
    """Sentences in which a page, or a section under a heading, says that it no longer holds."""
    found = []
    if title and _MARKED.match(title):
        found.append(Notice("flagged", title))
    for line in page:
        text = line.text
        match = _BANNER.search(text)
        callout = text.startswith((">", "#", "[", "*", "!", "_")) or line.start == 0
        if match is None and callout:
            match = _MARKED.match(text)
        if match is None or _HYPOTHETICAL.search(text):
            continue
        whole = not text.startswith("#") and line.start <= _EDGE and "section" not in text.lower()
        found.append(Notice("flagged", text, line.start, line.end, whole=whole))
    return found


def revisions(page: Sequence[Line], length: int) -> list[Notice]:
    """Lines near the beginning or end that state when the page was revised."""
    found = []
    for line in page:
        text = line.text
        near = line.start <= _EDGE or line.start >= length - _EDGE
        if not near or not re.search(r"(?:19|20)\d\d", text):
            continue
        for said in dates(text):
            before = text[max(0, said.start - 80) : said.start]
            if said.latest and _REVISED.search(before):
                found.append(Notice("revised", text, line.start, line.end, said.latest))
    return found
