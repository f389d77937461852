"""Findings of any number, in memory that stays small, given back with the most important first.

Within a check they are ordered by severity, then by score, then as the documents were
read. All of one severity and score come in that order already, so they are appended to
one list of rows, which is compressed as it grows.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from foretune.governance.inspect.worker import Found
from foretune.types import Severity

__all__ = ["Collected"]

_BLOCK = 64 * 1024


@dataclass(slots=True)
class _Rows:
    """Rows of JSON, in order."""

    blocks: list[bytes] = field(default_factory=list)
    last: list[bytes] = field(default_factory=list)
    size: int = 0

    def append(self, line: bytes) -> None:
        self.last.append(line)
        self.size += len(line)
        if self.size >= _BLOCK:
            self.blocks.append(zlib.compress(b"\n".join(self.last), 1))
            self.last, self.size = [], 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self.blocks:
            yield from zlib.decompress(block).split(b"\n")
        yield from self.last


class Collected:
    """What was found so far."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, int, float], _Rows] = {}
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """By check, type and severity."""

    def add(self, found: Found) -> None:
        key = (found.check, -found.severity, -found.score)
        rows = self._rows.get(key)
        if rows is None:
            rows = self._rows[key] = _Rows()
        rows.append(found.line)
        self.counts[(found.check, found.type, Severity(found.severity).name.lower())] += 1

    def lines(self, checks: Sequence[str]) -> Iterator[bytes]:
        """Rows of JSON, the checks in the given order."""
        for check in checks:
            for key in sorted(key for key in self._rows if key[0] == check):
                yield from self._rows[key]
