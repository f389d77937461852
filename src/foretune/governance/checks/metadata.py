"""Metadata: what later stages cite, sort and filter by, and is not there."""

from __future__ import annotations

from collections.abc import Iterable

from foretune.governance.checks.registry import CheckSettings, document_check
from foretune.types import Document, Finding, Severity

__all__ = ["metadata", "missing"]

_FIELDS = ("title", "author", "event", "date", "modified", "language", "tags", "keywords")


def missing(document: Document, required: Iterable[str]) -> list[str]:
    """The names in ``required`` that neither a field nor a property of the document answers."""
    absent = []
    for name in required:
        value = getattr(document, name) if name in _FIELDS else document.properties.get(name)
        if value in (None, "", (), []):
            absent.append(name)
    return absent


@document_check(
    "metadata",
    types={"missing": Severity.LOW},
    columns=(*_FIELDS, "properties"),
    settings=("require",),
)
def metadata(document: Document, settings: CheckSettings) -> Iterable[Finding]:
    """Metadata that the plan requires (``[governance] require``) and the document lacks: one finding a document.

    A missing title matters a little (citations show it), the rest is for information.
    A name that is no field of ours is looked up among the document's own properties (``owner``, ``licence``).
    """
    absent = missing(document, settings.require)
    if absent:
        yield Finding(
            document.id,
            "metadata",
            "missing",
            Severity.LOW if "title" in absent else Severity.INFO,
            f"Nothing says its {_listed(absent)}.",
            evidence={"missing": absent},
        )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
