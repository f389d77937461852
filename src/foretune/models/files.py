"""Files that are whole or absent, and hashes that are computed once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

__all__ = ["CHUNK", "HashMemo", "chunks", "write_atomically"]

CHUNK = 1 << 20
"""Bytes read at a time."""


def chunks(stream: IO[bytes], size: int) -> Iterator[bytes]:
    """The next ``size`` bytes of ``stream`` (fewer where it ends) in pieces of :data:`CHUNK`."""
    while size > 0 and (block := stream.read(min(CHUNK, size))):
        size -= len(block)
        yield block


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then put it in its place.

    Readers see the old file or the new one, never a part, whatever happens on the way.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
            # mkstemp makes files for the owner alone; a store may be shared.
            os.fchmod(stream.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class HashMemo:
    """SHA-256 of large files, remembered as long as size and modification time stay the same.

    Kept in one small JSON file, ``verified.json``, in ``folder``; where that
    cannot be written (a read-only store) hashes are computed at every call.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "verified.json"

    def sha256(self, path: Path) -> str:
        """64 hex digits. Reads the whole file only when it changed or was never read."""
        stat = path.stat()
        state = [stat.st_size, stat.st_mtime_ns]
        known = self._load().get(str(path.resolve()))
        if known is not None and known[:2] == state:
            return str(known[2])
        with path.open("rb") as stream:
            value = hashlib.file_digest(stream, "sha256").hexdigest()
        self.remember(path, value)
        return value

    def remember(self, path: Path, sha256: str) -> None:
        """Record a hash that was computed while the file was written."""
        stat = path.stat()
        known = {name: entry for name, entry in self._load().items() if Path(name).exists()}
        known[str(path.resolve())] = [stat.st_size, stat.st_mtime_ns, sha256]
        text = json.dumps(known, indent=1)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, lambda stream: stream.write(text.encode()))

    def _load(self) -> dict[str, list[object]]:
        # A memo that is absent or damaged only costs a hash computation.
        try:
            known = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
