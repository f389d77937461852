"""The audit log: who did what to what, in the same transaction as the deed.

Events are leaves of a Merkle tree (RFC 6962, section 2.1), so that a signed root
proves that none was changed, removed or slipped in. A detail names things by id
or hash and never holds document text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, insert

from foretune.vault.clock import now
from foretune.vault.tables import event

__all__ = ["MerkleTree", "leaf_hash", "record", "root"]


def leaf_hash(at: str, actor: str, action: str, subject: str, detail: Mapping[str, Any]) -> str:
    """RFC 6962 leaf hash, ``SHA-256(0x00 || entry)``, of an event as canonical JSON (64 hex digits)."""
    entry = json.dumps([at, actor, action, subject, detail], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"\x00" + entry.encode()).hexdigest()


def record(
    connection: Connection, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Append an event; it is there when, and only when, the caller's transaction is."""
    at = now()
    detail = dict(detail or {})
    connection.execute(
        insert(event).values(
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            detail=detail,
            leaf=leaf_hash(at, actor, action, subject, detail),
        )
    )


class MerkleTree:
    """RFC 6962 Merkle tree that grows leaf by leaf and keeps only the roots of its full subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[tuple[int, bytes]] = []
        """Height and hash: equal heights merge, leftovers fold when the root is asked for."""

    def add(self, leaf: str) -> None:
        """Append a leaf hash (64 hex digits)."""
        node = (0, bytes.fromhex(leaf))
        while self._full and self._full[-1][0] == node[0]:
            node = (node[0] + 1, hashlib.sha256(b"\x01" + self._full.pop()[1] + node[1]).digest())
        self._full.append(node)
        self.size += 1

    def root(self) -> str:
        """The Merkle tree hash of all leaves so far (64 hex digits); of none: SHA-256 of nothing."""
        if not self._full:
            return hashlib.sha256(b"").hexdigest()
        *left, (_, right) = self._full
        for _, node in reversed(left):
            right = hashlib.sha256(b"\x01" + node + right).digest()
        return right.hex()


def root(leaves: Iterable[str]) -> str:
    """The Merkle tree hash of ``leaves`` (hex digits)."""
    tree = MerkleTree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()
