"""The audit log for others: signed checkpoints, export, and verification with nothing but the public key.

A log is JSON Lines in canonical form: a head with the checkpoints, then one event a
line. A checkpoint is the root of the Merkle tree over the first events (RFC 6962,
section 2.1), signed with Ed25519; kept elsewhere, it shows that nothing it covers was
changed, removed, slipped in or put in another order since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from foretune.vault.audit import MerkleTree, leaf_hash
from foretune.vault.clock import now
from foretune.vault.signing import public_key, sign, verify
from foretune.vault.tables import checkpoint, event
from foretune.vault.vault import Vault

__all__ = ["Verification", "checkpoints", "log_lines", "make_checkpoint", "verify_log"]

FORMAT = 1
_KIND = "foretune audit log"
_FIELDS = ("sequence", "at", "actor", "action", "subject", "detail", "leaf")
_MOST_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of verifying a log."""

    events: int
    covered: int
    """Events under the last checkpoint that holds; those after it are signed by nobody yet."""
    checkpoints: int
    public_key: str
    problems: tuple[str, ...]
    """In words, the first twenty; none where the log is what was signed."""

    @property
    def holds(self) -> bool:
        return not self.problems


def make_checkpoint(vault: Vault) -> dict[str, Any]:
    """Sign the log as it is now; the signed statement is kept in the vault and returned, to be kept elsewhere too."""
    vault.require_log()
    with vault.logging() as connection:
        vault.record(connection, "audit.checkpoint", vault.id)
        tree = MerkleTree()
        for leaf in connection.execute(select(event.c.leaf).order_by(event.c.sequence)).scalars():
            tree.add(leaf)
        signed = sign(vault, connection, _statement(vault.id, tree.size, tree.root(), now()))
        row = {name: signed[name] for name in ("size", "root", "signature", "at")}
        connection.execute(insert(checkpoint).values(row))
    return signed


def _statement(vault_id: str, size: int, root: str, at: str) -> dict[str, Any]:
    return {"kind": "foretune audit checkpoint", "vault": vault_id, "size": size, "root": root, "at": at}


def checkpoints(vault: Vault) -> list[dict[str, Any]]:
    """The signed checkpoints, the oldest first."""
    vault.require_log()
    with vault.reading() as connection:
        rows = connection.execute(select(checkpoint).order_by(checkpoint.c.size)).all()
        key = public_key(connection)
    return [
        {**_statement(vault.id, row.size, row.root, row.at), "public_key": key, "signature": row.signature}
        for row in rows
    ]


def log_lines(vault: Vault) -> Iterator[bytes]:
    """The log as it is exported, a line at a time; of one moment. Holds ids and hashes, never document text."""
    signed = checkpoints(vault)
    with vault.reading() as connection:
        count = connection.execute(select(func.count()).select_from(event)).scalar_one()
        head = {"kind": _KIND, "format": FORMAT, "vault": vault.id, "events": count, "checkpoints": signed}
        yield _line(head)
        query = select(*(event.c[name] for name in _FIELDS)).order_by(event.c.sequence)
        for row in connection.execute(query).yield_per(1000).mappings():
            yield _line(dict(row))


def _line(values: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(values), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def verify_log(lines: Iterable[bytes], *, key: str = "", kept: Iterable[Mapping[str, Any]] = ()) -> Verification:
    """Hold a log against its checkpoints, and against those that were kept elsewhere.

    Args:
        key: the public key (hex digits) the checkpoints must be signed with; empty: the one they name themselves,
            which shows that the log is whole, not whose it is.
        kept: signed checkpoints from outside the log.
    """
    checking = _Checking(key)
    for number, line in enumerate(lines):
        checking.read(number, line, list(kept) if number == 0 else [])
    return checking.verdict()


class _Checking:
    """Reads a log once, in order."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._tree = MerkleTree()
        self._roots: dict[int, str] = {0: self._tree.root()}
        self._signed: list[Mapping[str, Any]] = []
        self._expected = 0
        self._vault = ""
        self._problems: list[str] = []

    def read(self, number: int, line: bytes, kept: list[Mapping[str, Any]]) -> None:
        values = self._values(number, line)
        if number == 0:
            self._head(values, kept)
        elif values is not None:
            self._event(number, values)

    def _values(self, number: int, line: bytes) -> dict[str, Any] | None:
        try:
            values = json.loads(line)
        except ValueError:
            values = None
        if not isinstance(values, dict) or _line(values) != line:
            self._problem(f"Line {number + 1} is not as it was written.")
            return values if isinstance(values, dict) else None
        return values

    def _head(self, values: dict[str, Any] | None, kept: list[Mapping[str, Any]]) -> None:
        if values is None or values.get("kind") != _KIND or not isinstance(values.get("checkpoints"), list):
            self._problem("It does not begin like an audit log.")
            values = {}
        elif values.get("format") != FORMAT:
            self._problem(f"Its format is {values.get('format')!r}, and this version knows {FORMAT}.")
        self._vault, self._expected = str(values.get("vault", "")), values.get("events", 0)
        for statement in [*values.get("checkpoints", []), *kept]:
            if self._is_signed(statement):
                self._signed.append(statement)
        for statement in self._signed:
            self._roots.setdefault(statement["size"], "")

    def _is_signed(self, statement: Any) -> bool:
        named = f"The checkpoint at event {statement.get('size') if isinstance(statement, dict) else '?'}"
        if not isinstance(statement, dict) or not isinstance(statement.get("size"), int) or not verify(statement):
            self._problem(f"{named} has no valid signature.")
            return False
        self._key = self._key or statement["public_key"]
        if statement["public_key"] != self._key:
            self._problem(f"{named} was signed with another key.")
            return False
        if statement.get("vault") != self._vault:
            self._problem(f"{named} is of another vault.")
            return False
        return True

    def _event(self, number: int, values: Mapping[str, Any]) -> None:
        if sorted(values) != sorted(_FIELDS) or values["sequence"] != number:
            self._problem(f"Line {number + 1} is not event {number}: one is missing, added or out of order.")
        try:
            leaf = leaf_hash(*(values[name] for name in ("at", "actor", "action", "subject", "detail")))
        except (KeyError, TypeError):
            leaf = hashlib.sha256(b"").hexdigest()
        if leaf != values.get("leaf"):
            self._problem(f"Event {number} is not what was recorded.")
        self._tree.add(leaf)
        if self._tree.size in self._roots:
            self._roots[self._tree.size] = self._tree.root()

    def verdict(self) -> Verification:
        """What it comes to, once everything is read."""
        if self._expected != self._tree.size:
            self._problem(f"It should hold {self._expected} events and holds {self._tree.size}.")
        covered = 0
        for statement in self._signed:
            size = statement["size"]
            if size > self._tree.size:
                self._problem(f"A checkpoint covers {size} events, and only {self._tree.size} are there.")
            elif self._roots[size] != statement["root"]:
                self._problem(f"The first {size} events are not those that were signed on {statement['at'][:10]}.")
            else:
                covered = max(covered, size)
        if not self._signed:
            self._problem("No checkpoint covers it: `foretune audit checkpoint` signs the log.")
        return Verification(self._tree.size, covered, len(self._signed), self._key, tuple(self._problems))

    def _problem(self, sentence: str) -> None:
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(sentence)
