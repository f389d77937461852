"""Personal and secret data, by pattern and checksum."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from foretune.governance.checks.registry import CheckSettings, document_check
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
    version=3,
    masks=True,
    model="rampart",
)
def personal(document: Document, _settings: CheckSettings) -> Iterable[Finding]:
    """Data about a person, and secrets.

    Numbers with a checksum (cards, IBAN, national numbers) are found when it is right; others by their format, or by
    the words before them ("account number", "born on"). What is reserved for examples (example.com, 555-01xx,
    private networks) is left alone. An office's address (``info@…``) matters less than a person's. Names without a
    title ("Dr. …") and addresses in other forms than the usual need the model ``rampart``; without it they are not
    found.
    """
    from foretune.governance.personal.classifier import classifier
    from foretune.governance.personal.contact import is_role_address
    from foretune.governance.personal.hints import hinted
    from foretune.governance.personal.scan import matches, scan

    seen_domains: set[str] = set()
    for seen in scan(document.text, classifier()):
        text = document.text[seen.start : seen.end]
        severity = seen.severity
        if seen.type == "domain":
            if text.lower() in seen_domains:
                continue
            seen_domains.add(text.lower())
        elif seen.type == "email" and is_role_address(text):
            severity = Severity.LOW
        yield Finding(
            document.id,
            "personal",
            seen.type,
            severity,
            f"{seen.what} in the text.",
            seen.start,
            seen.end,
            text,
            seen.score,
        )
    metadata = list(_metadata(document))
    if not hinted("\n".join(value for _, value in metadata)):
        return  # nothing in any of them, told at once
    for field, value in metadata:
        for seen in matches(value, value):
            if seen.type not in _ONLY_IN_TEXT:
                yield Finding(
                    document.id,
                    "personal",
                    seen.type,
                    seen.severity,
                    f"{seen.what} in its metadata ({field}).",
                    text=value[seen.start : seen.end],
                    score=seen.score,
                    evidence={"field": field},
                )


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
