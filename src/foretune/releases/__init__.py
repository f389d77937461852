"""Releases: what people are answered by, pinned by hash, promoted and rolled back.

Hands on to serving which :class:`Release` is current, and :func:`verify`, which
says whether it still is what it was.
"""

from __future__ import annotations

from foretune.releases.releases import (
    Promotion,
    Release,
    Specification,
    create,
    current,
    find,
    list_releases,
    promote,
    promotion,
    rollback,
)
from foretune.releases.verify import verify

__all__ = [
    "Promotion",
    "Release",
    "Specification",
    "create",
    "current",
    "find",
    "list_releases",
    "promote",
    "promotion",
    "rollback",
    "verify",
]
