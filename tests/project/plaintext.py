"""Looking for text of documents where none may be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.project.small import CANARIES, Small, sections

__all__ = ["assert_no_plaintext", "places_with"]

_MEANT = ("documents", "reports", "questions.csv")
"""In a project: what a person put there, and what they asked for."""


def needles() -> list[bytes]:
    """The canaries, the middle of each (an index may have cut off its ends), and a piece of every document."""
    words = [*CANARIES, *(word[1:-1] for word in CANARIES), *(word[2:-3] for word in CANARIES)]
    pieces = [text.split("---\n", 2)[2].strip()[20:50] for text in sections().values()]
    found = [*words, *pieces, *(piece.replace("\n", "\\n") for piece in pieces)]
    lower = [needle.casefold() for needle in found]
    return [encoded for needle in lower for encoded in (needle.encode(), needle.encode("utf-16-le"))]


def files(small: Small) -> Iterator[Path]:
    """Everything that was or could have been written: the project, home, caches, temporary folder, shared memory."""
    for path in small.folder.rglob("*"):
        if path.is_file() and path.relative_to(small.folder).parts[0] not in _MEANT:
            yield path
    yield from (path for path in small.home.rglob("*") if path.is_file())
    yield from (path for path in Path("/dev/shm").glob("*") if path.is_file())


def places_with(wanted: list[bytes], paths: Iterator[Path]) -> list[str]:
    """Files that hold one of ``wanted``, in any case of letters."""
    found = []
    for path in paths:
        try:
            content = path.read_bytes().lower()
        except (FileNotFoundError, PermissionError):  # somebody else's shared memory
            continue
        found += [f"{path}: {needle!r}" for needle in wanted if needle in content]
    return found


def assert_no_plaintext(small: Small) -> None:
    assert places_with(needles(), files(small)) == []
