"""Failures in one sentence, without what was asked or answered."""

from __future__ import annotations

import traceback
from pathlib import Path

from foretune.errors import ForetuneError

__all__ = ["in_words"]


def in_words(error: Exception) -> str:
    """What to tell whoever runs the server.

    A defect is named by kind and place only: its message and traceback may quote
    a prompt or a document.
    """
    if isinstance(error, ForetuneError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}, which is a defect of Foretune: please report it."
