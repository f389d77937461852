"""What a reader is given, what it gives back, and what it says when it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from foretune.corpus.metadata import Description

__all__ = ["DAMAGED", "ENCRYPTED", "NO_TEXT", "PARTED", "Extract", "Raw", "Reading", "Unreadable"]

ENCRYPTED = "encrypted: remove the password and add it again"
PARTED = ("application/mbox",)
"""Media types of files that make several documents; each of these has the type of the file, which no text can feign."""
NO_TEXT = "there is no text in it"
DAMAGED = "damaged, or not really {kind}: open it in its own program, save it again and add that"


class Unreadable(Exception):
    """A file that is set aside; ``str(error)`` is the reason, in plain words and without any text of the file."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A file as it lies on disk."""

    name: str
    """Its path, with forward slashes; only suffix and stem are looked at."""
    data: bytes
    max_characters: int
    """A text longer than this is set aside."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What one reader found: the text, and what the source says about it in its own spelling."""

    text: str
    media_type: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""
    """``1``, ``2`` … where one file holds several documents (a mailbox); else empty."""
    data: bytes | None = None
    """The bytes of the part, where the file has parts."""
    headings: bool = True
    """Whether Markdown headings in the text are the document's own: then the first can be its title."""
    note: str = ""
    """What a person should know although the file was read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as it goes into the vault."""

    text: str
    media_type: str
    content_hash: str
    """SHA-256 of the bytes it was read from."""
    description: Description
    part: str = ""
    note: str = ""
