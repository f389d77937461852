"""Where the files of a source are, and how their bytes are had."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

from foretune.corpus.isolation import FileReader
from foretune.corpus.readers import Reading
from foretune.corpus.source import Target
from foretune.corpus.walk import EXCLUDED, Entry, Filter, entry_for, read_bytes, walk

__all__ = ["GONE", "Disk", "Origin", "mark"]

GONE = "it is no longer there"


class Origin(Protocol):
    """What an update needs to know of a place."""

    def entries(self, known: Collection[str]) -> list[Entry]:
        """What is there, each once; ``known`` are the paths the vault has documents of.

        Raises:
            InputError: the place cannot be looked into; then nothing is taken for gone.
        """

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        """The bytes of a file, and what it was when they were had.

        Raises:
            Unreadable: with the reason.
            FileNotFoundError: it has gone meanwhile.
        """

    def readings(self, entry: Entry, data: bytes, reader: FileReader) -> list[Reading]:
        """The documents in a file's bytes.

        Raises:
            Unreadable: with the reason.
        """

    def why_gone(self, path: str) -> str:
        """Why a file that was there is not among the entries."""


def mark(version: str) -> int:
    """A version as a number that fits where a file's time is kept: another version, another number (63 bits)."""
    return int.from_bytes(hashlib.sha256(version.encode("utf-8", "surrogatepass")).digest()[:8], "big") >> 1


class Disk:
    """Files and folders of this machine."""

    def __init__(self, target: Target, filtered: Filter, *, max_megabytes: float) -> None:
        self._target, self._filtered, self._max_megabytes = target, filtered, max_megabytes

    def entries(self, known: Collection[str]) -> list[Entry]:
        """The walk, and hidden files that were named explicitly once."""
        root, start = os.fspath(self._target.source.root), self._target.start
        if not self._target.location.is_dir():
            entry = entry_for(root, start) if start else None
            return [] if entry is None else [replace(entry, refusal=entry.refusal or self._excluded(start))]
        found = list(walk(root, self._filtered, start=start))
        reached = {entry.path for entry in found}
        for path in known:
            if path not in reached and any(part.startswith(".") for part in path.split("/")):
                entry = entry_for(root, path)
                if entry is not None and not self._excluded(path):
                    found.append(entry)
        return found

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        data, about = read_bytes(entry.location, self._max_megabytes)
        return data, replace(entry, size=about.st_size, mtime_ns=about.st_mtime_ns)

    def readings(self, entry: Entry, data: bytes, reader: FileReader) -> list[Reading]:
        return reader.read(entry.path, data)

    def why_gone(self, path: str) -> str:
        return self._excluded(path) or GONE

    def _excluded(self, path: str) -> str:
        return EXCLUDED if self._filtered.excludes(path) else ""
