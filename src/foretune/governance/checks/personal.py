"""Personal and secret data, by pattern and checksum."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from foretune.governance.checks.registry import CheckSettings, document_check
from foretune.governance.markup import blank_code
from foretune.types import Document, Finding, Severity

__all__ = ["TYPES", "personal"]

TYPES = {
    "person": Severity.LOW,
    "address": Severity.MEDIUM,
    "phone": Severity.MEDIUM,
    "email": Severity.MEDIUM,
    "national_id": Severity.HIGH,
    "card": Severity.HIGH,
    "iban": Severity.HIGH,
    "account": Severity.HIGH,
    "birth_date": Severity.HIGH,
    "age": Severity.LOW,
    "ip": Severity.LOW,
    "domain": Severity.INFO,
    "licence": Severity.HIGH,
    "secret": Severity.HIGH,
    "health": Severity.HIGH,
}

_ONLY_IN_TEXT = frozenset({"domain", "person", "age"})
"""In metadata these are what the metadata is for: the author, the address of the page."""


@document_check(
    "personal",
    types=TYPES,
    columns=("text", "title", "author", "event", "tags", "keywords", "properties"),
    masks=True,
)
def personal(document: Document, _settings: CheckSettings) -> Iterable[Finding]:
    """Data about a person, and secrets.

    Numbers with a checksum (cards, IBAN, national numbers) are found when it is right; others by their format, or by
    the words before them ("account number", "born on"). What is reserved for examples (example.com, 555-01xx,
    private networks) is left alone. An office's address (``info@…``) matters less than a person's. Names without a
    title ("Dr. …") need a language model and are not found here.
    """
    from foretune.governance.personal.contact import is_role_address

    seen_domains: set[str] = set()
    for start, end, pattern in _matches(document.text):
        text = document.text[start:end]
        severity = pattern.severity
        if pattern.type == "domain":
            if text.lower() in seen_domains:
                continue
            seen_domains.add(text.lower())
        elif pattern.type == "email" and is_role_address(text):
            severity = Severity.LOW
        yield Finding(
            document.id,
            "personal",
            pattern.type,
            severity,
            f"{pattern.what} in the text.",
            start,
            end,
            text,
            pattern.score,
        )
    for field, value in _metadata(document):
        for start, end, pattern in _matches(value):
            if pattern.type not in _ONLY_IN_TEXT:
                yield Finding(
                    document.id,
                    "personal",
                    pattern.type,
                    pattern.severity,
                    f"{pattern.what} in its metadata ({field}).",
                    text=value[start:end],
                    score=pattern.score,
                    evidence={"field": field},
                )


def _matches(text: str) -> Iterator[tuple[int, int, Any]]:
    """Accepted spans that do not overlap, in order of place; of two that overlap, the earlier pattern's."""
    from foretune.governance.personal import PATTERNS

    lowered, without_code = text.lower(), ""
    taken: list[tuple[int, int, int]] = []  # start, end, position of the pattern
    for position, pattern in enumerate(PATTERNS):
        if pattern.cues and not any(cue in lowered for cue in pattern.cues):
            continue
        if not pattern.in_code:
            without_code = without_code or blank_code(text)
        for match in pattern.regex.finditer(text if pattern.in_code else without_code):
            span = pattern.accept(match)
            if span is not None and not _overlaps(taken, *span):
                insort(taken, (*span, position))
    for start, end, position in taken:
        yield start, end, PATTERNS[position]


def _overlaps(taken: list[tuple[int, int, int]], start: int, end: int) -> bool:
    position = bisect_left(taken, (start, end, 0))
    before = position > 0 and taken[position - 1][1] > start
    after = position < len(taken) and taken[position][0] < end
    return before or after


def _metadata(document: Document) -> Iterator[tuple[str, str]]:
    """The strings of the metadata, with the field each stands in."""
    for field in ("title", "author", "event"):
        yield field, getattr(document, field)
    for field in ("tags", "keywords"):
        for value in getattr(document, field):
            yield field, value
    yield from _strings("", document.properties)


def _strings(field: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strings(str(key), item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(field, item)
