"""Files that are whole or absent."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_sha256", "replacing", "replacing_folder", "sweep_drafts"]


def file_sha256(path: Path) -> str:
    """SHA-256 of what the file holds, hexadecimal; read in pieces.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it takes ``path``'s place when the block ends well.

    Readable by the owner only: what is written here repeats what documents say. Where the block
    fails, nothing is left and ``path`` is as it was.
    """
    draft = path.with_name(f".{path.name}.tmp")  # one name: what a kill leaves is written over by the next try
    try:
        draft.touch(mode=0o600)
        yield draft
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself must survive a power cut
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A new folder beside ``path`` to write to; it takes ``path``'s place, with all in it, when the block ends well.

    For the owner only. Where the block fails, nothing is left and ``path`` is as it was; a kill between the two
    renames leaves the former folder as ``.NAME.old``, which the next try puts back first.
    """
    draft, old = path.with_name(f".{path.name}.tmp"), path.with_name(f".{path.name}.old")
    if old.exists() and not path.exists():
        old.replace(path)
    for left in (draft, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700)
        yield draft
        if path.exists():
            path.replace(old)
        draft.replace(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def sweep_drafts(folder: Path) -> None:
    """Remove what a kill in mid-write left behind."""
    for draft in folder.glob(".*.tmp"):
        if draft.is_file():
            draft.unlink()
