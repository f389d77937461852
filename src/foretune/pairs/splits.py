"""Train and evaluation: never the same source, nor its near-duplicate, on both sides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from foretune.types import GovernedDocument

__all__ = ["assign", "split_groups"]


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


def split_groups(documents: Sequence[GovernedDocument], by: Sequence[str]) -> Mapping[str, str]:
    """The group of each document (by id) that has to stay on one side.

    Always the document and its near-duplicates; with ``author`` or ``year`` in ``by`` also all that share an author, or
    the year they were written in. Documents that say neither stand for themselves.
    """
    groups = {document.id: document.cluster or document.id for document in documents}
    parent = {group: group for group in groups.values()}

    def root(group: str) -> str:
        while parent[group] != group:
            group = parent[group]
        return group

    first: dict[tuple[str, str], str] = {}
    for document in documents:
        for kind, value in (("author", document.author.strip().casefold()), ("year", document.date[:4])):
            if kind in by and value:
                mine = root(groups[document.id])
                theirs = root(first.setdefault((kind, value), mine))
                parent[max(mine, theirs)] = min(mine, theirs)
    return {document: root(group) for document, group in groups.items()}
