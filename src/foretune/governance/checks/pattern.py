"""What the plan's own patterns find: regular expressions that people write into their rules.

They run in RE2 (https://github.com/google/re2/wiki/Syntax), whose time is linear in the
text for every expression, so that none can hang a review. What costs backtracking
(look-around, back references) it refuses, and so do we, when the plan is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from foretune.governance.checks.registry import CheckSettings, document_check
from foretune.types import Document, Finding, Severity

__all__ = ["compiled", "pattern"]

_MOST = 10_000
"""Places in one document; a pattern that fits more was not meant so."""
_MEMORY = 64 << 20
"""Bytes a pattern may take at most when compiled."""


def compiled(expression: str) -> Any:
    """``expression`` ready to run.

    Raises:
        ValueError: it is no expression RE2 knows; with its words on why.
    """
    import re2

    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from None


@document_check(
    "pattern",
    types={"match": Severity.MEDIUM, "everywhere": Severity.MEDIUM},
    settings=("patterns",),
    masks=True,
)
def pattern(document: Document, settings: CheckSettings) -> Iterable[Finding]:
    """Places that a ``pattern`` of ``[[governance.rules]]`` fits, such as ``EMP-\\d{5}`` for staff numbers.

    A pattern that fits more than ten thousand places of a document is reported once, as ``everywhere``: a rule that
    would redact it makes the document wait instead, until somebody has narrowed the pattern.
    """
    for expression in settings.patterns:
        yield from _matches(document, expression)


def _matches(document: Document, expression: str) -> list[Finding]:
    found: list[Finding] = []
    for match in compiled(expression).finditer(document.text):
        if match.start() == match.end():
            continue
        if len(found) == _MOST:
            message = f"A pattern of the plan fits more than {_MOST:,} places of it: narrow the pattern."
            evidence = {"pattern": expression}
            return [Finding(document.id, "pattern", "everywhere", Severity.MEDIUM, message, evidence=evidence)]
        found.append(
            Finding(
                document.id,
                "pattern",
                "match",
                Severity.MEDIUM,
                "A pattern of the plan fits this place.",
                match.start(),
                match.end(),
                match.group(),
                evidence={"pattern": expression},
            )
        )
    return found
