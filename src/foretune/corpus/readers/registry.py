"""Which reader takes a file: its first bytes decide, then its suffix, then whether it looks like text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from foretune.corpus.readers.reading import Extract, Raw, Unreadable

__all__ = ["Reader", "reader", "reader_for", "refuse"]

Read = Callable[[Raw], Iterable[Extract]]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one kind of file is read."""

    kind: str
    """With its article, as it reads in a sentence: ``a PDF``."""
    read: Read
    isolated: bool
    """Whether it runs in a process of its own, because a hostile file could crash it or eat memory."""


_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a]")

_by_magic: list[tuple[bytes, int, Reader]] = []
_refused: list[tuple[bytes, int, Reader]] = []
_by_suffix: dict[str, Reader] = {}
_by_opening: list[tuple[bytes, Reader]] = []


def reader(
    kind: str,
    *,
    suffixes: Iterable[str] = (),
    magic: Iterable[bytes | tuple[int, bytes]] = (),
    opening: Iterable[bytes] = (),
    isolated: bool = True,
) -> Callable[[Read], Read]:
    """Register a reader.

    Args:
        kind: With its article, as it reads in a sentence (``a PDF``).
        suffixes: Lower case, with the dot.
        magic: First bytes, or (offset, bytes), that no text begins with: they overrule the suffix.
        opening: First characters, lower case, that tell the kind of a text whose suffix says nothing.
        isolated: False only for code that no file can make crash, hang or take much memory.
    """

    def register(read: Read) -> Read:
        made = Reader(kind, read, isolated)
        _by_magic.extend((first, offset, made) for first, offset in map(_placed, magic))
        _by_opening.extend((first, made) for first in opening)
        _by_suffix.update(dict.fromkeys(suffixes, made))
        return read

    return register


def _placed(magic: bytes | tuple[int, bytes]) -> tuple[bytes, int]:
    return (magic[1], magic[0]) if isinstance(magic, tuple) else (magic, 0)


def refuse(reason: str, *, suffixes: Iterable[str] = (), magic: Iterable[bytes | tuple[int, bytes]] = ()) -> None:
    """Register files that are set aside for what they are."""

    def read(_: Raw) -> Iterable[Extract]:
        raise Unreadable(reason)

    made = Reader(reason, read, isolated=False)
    _refused.extend((first, offset, made) for first, offset in map(_placed, magic))
    _by_suffix.update(dict.fromkeys(suffixes, made))


def reader_for(name: str, head: bytes) -> Reader:
    """The reader for a file of this name that begins with ``head`` (1 KB is enough).

    A file with an Office suffix that holds HTML (an export, often) is read as what it holds.
    """
    # A text may begin with "ID3" or "GIF89a", but not hold what follows that in a sound or a picture.
    magic = (*_by_magic, *_refused) if _BINARY.search(head) else _by_magic
    for first, offset, found in magic:
        if head.startswith(first, offset):
            return found
    suffix = PurePosixPath(name).suffix.lower()
    named = _by_suffix.get(suffix)
    if suffix and named is not None and not named.isolated:
        return named
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for first, found in _by_opening:
        if start.startswith(first):
            return found
    return named or _by_suffix[""]
