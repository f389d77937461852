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

from sqlalchemy import Connection, insert, select

from foretune.vault.clock import now
from foretune.vault.tables import event

__all__ = ["leaf_hash", "record", "root"]


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


def root(leaves: Iterable[str]) -> str:
    """RFC 6962 Merkle tree hash of ``leaves`` (hex digits), 64 hex digits; of none: SHA-256 of nothing."""
    stack: list[tuple[int, bytes]] = []  # (height, hash): equal heights merge, leftovers fold at the end
    for leaf in leaves:
        node = (0, bytes.fromhex(leaf))
        while stack and stack[-1][0] == node[0]:
            node = (node[0] + 1, hashlib.sha256(b"\x01" + stack.pop()[1] + node[1]).digest())
        stack.append(node)
    if not stack:
        return hashlib.sha256(b"").hexdigest()
    right = stack.pop()[1]
    while stack:
        right = hashlib.sha256(b"\x01" + stack.pop()[1] + right).digest()
    return right.hex()


def leaves(connection: Connection) -> list[str]:
    """All leaf hashes in order."""
    return list(connection.execute(select(event.c.leaf).order_by(event.c.sequence)).scalars())
