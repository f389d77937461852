"""Patterns for paths, as people write them: ``leave/*.md``, ``**/draft-*``."""

from __future__ import annotations

from typing import Any

__all__ = ["glob"]


def glob(pattern: str) -> Any:
    """``pattern`` compiled: ``**/`` is any number of folders, ``*`` and ``?`` stay within one.

    It runs in time linear in the path (RE2), whatever the pattern.
    """
    import re2

    pieces = []
    position = 0
    while position < len(pattern):
        if pattern.startswith("**/", position):
            pieces.append("(?:[^/]+/)*")
            position += 3
        elif pattern.startswith("**", position):
            pieces.append(".*")
            position += 2
        else:
            character = pattern[position]
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(character, re2.escape(character)))
            position += 1
    return re2.compile("(?s)" + "".join(pieces))
