"""Train and evaluation: never the same source, nor its near-duplicate, on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

__all__ = ["assign"]


def assign(groups: Sequence[str], *, fraction: float, seed: int) -> Mapping[str, str]:
    """``train`` or ``evaluation`` for each group (a document, or a cluster of near-duplicates).

    A group's side depends on its own name only, so it stays when others come and go; where
    chance leaves the evaluation side empty, the group nearest to it goes there.
    """

    def place(group: str) -> float:
        return int.from_bytes(hashlib.sha256(f"{seed}/{group}".encode()).digest()[:8], "big") / 2**64

    distinct = sorted(set(groups), key=place)
    sides = {group: "evaluation" if place(group) < fraction else "train" for group in distinct}
    if fraction > 0 and len(distinct) > 1 and "evaluation" not in sides.values():
        sides[distinct[0]] = "evaluation"
    if len(distinct) > 1 and "train" not in sides.values():
        sides[distinct[-1]] = "train"
    return sides
