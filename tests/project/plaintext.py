"""Looking for text of documents where none may be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select
from tests.project.small import CANARIES, Small, sections

from foretune.vault import Vault
from foretune.vault.tables import passage

__all__ = [
    "assert_no_plaintext",
    "assert_no_vectors",
    "fragments",
    "places_with",
    "raw_vectors",
    "scanned_meanwhile",
]

_MEANT = ("documents", "reports", "questions.csv")
"""In a project: what a person put there, and what they asked for."""


def needles() -> list[bytes]:
    """The canaries, the middle of each (an index may have cut off its ends), and a piece of every document."""
    words = [*CANARIES, *(word[1:-1] for word in CANARIES), *(word[2:-3] for word in CANARIES)]
    pieces = [text.split("---\n", 2)[2].strip()[20:50] for text in sections().values()]
    found = [*words, *pieces, *(piece.replace("\n", "\\n") for piece in pieces)]
    lower = [needle.casefold() for needle in found]
    return [encoded for needle in lower for encoded in (needle.encode(), needle.encode("utf-16-le"))]


def fragments() -> list[bytes]:
    """The canaries as pages hold them: small letters, beginning and end off, as an index that shares them may."""
    return [word[2:-3].casefold().encode() for word in CANARIES]


def raw_vectors(vault: Vault) -> list[bytes]:
    """Numbers from the middle of each passage's embedding, as they lie in memory."""
    with vault.reading() as connection:
        return [vector[400:432] for vector in connection.execute(select(passage.c.vector)).scalars()]


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


def assert_no_vectors(small: Small, vectors: list[bytes]) -> None:
    held = [path for path in files(small) if any(vector in path.read_bytes() for vector in vectors)]
    assert vectors
    assert held == []


@contextmanager
def scanned_meanwhile(small: Small) -> Iterator[None]:
    """While the block runs, files are searched as they are written: what was there only for a moment, too."""
    found: list[str] = []
    seen: dict[Path, tuple[int, int]] = {}
    done = threading.Event()

    def fresh() -> Iterator[Path]:
        for path in files(small):
            try:
                about = path.stat()
            except FileNotFoundError:
                continue
            if seen.get(path) != (about.st_size, about.st_mtime_ns):
                seen[path] = (about.st_size, about.st_mtime_ns)
                yield path

    def scan() -> None:
        while not done.wait(0.05):
            found.extend(places_with(needles(), fresh()))

    scanning = threading.Thread(target=scan)
    scanning.start()
    try:
        yield
    finally:
        done.set()
        scanning.join()
    assert seen
    assert found == []
