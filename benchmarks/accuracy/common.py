"""What the scripts of this folder share."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from foretune.intervals import wilson
from foretune.types import Document, Finding

__all__ = ["row", "speed"]


def row(what: str, count: int, total: int) -> None:
    """Print a line of a table: a share with its 95 % Wilson interval."""
    low, high = wilson(count, total)
    print(f"| {what} | {count} | {total} | {count / total if total else 0:.1%} | {low:.1%} to {high:.1%} |")


def speed(findings_in: Callable[[Document], list[Finding]], documents: Sequence[Document], size: int = 2_500) -> float:
    """Pieces of ``size`` characters that a check reads per CPU-second, after everything is loaded."""
    pieces = [
        Document("d", "s", "p.md", "h", document.text[start : start + size], media_type=document.media_type)
        for document in documents
        for start in range(0, len(document.text), size)
    ]
    for piece in pieces[:200]:
        findings_in(piece)
    began = time.process_time()
    for piece in pieces:
        findings_in(piece)
    return sum(len(piece.text) for piece in pieces) / size / (time.process_time() - began)
