"""Statements of the vault that others can verify: canonical JSON, signed with Ed25519 (RFC 8032)."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from foretune.vault.tables import setting

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from foretune.vault.vault import Vault

__all__ = ["keyed_hash", "public_key", "sign", "verify"]

_SIGNING_KEY = "signing.key"
_HASH_KEY = "erasure.key"


def sign(vault: Vault, connection: Connection, statement: Mapping[str, Any]) -> dict[str, Any]:
    """``statement`` with ``public_key`` and ``signature`` (hex digits). The vault's key is made at its first use."""
    key = _private_key(vault, connection)
    signed = {**statement, "public_key": key.public_key().public_bytes_raw().hex()}
    return {**signed, "signature": key.sign(_canonical(signed)).hex()}


def verify(signed: Mapping[str, Any]) -> bool:
    """Whether the signature of what :func:`sign` returned is right for the public key it names."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    statement = {name: value for name, value in signed.items() if name != "signature"}
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed["public_key"]))
        key.verify(bytes.fromhex(signed["signature"]), _canonical(statement))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def keyed_hash(vault: Vault, connection: Connection, content_hash: str) -> str:
    """HMAC-SHA-256 of a content hash under a key that never leaves the vault (64 hex digits).

    It recognises content that was erased, and tells nobody else whether a file they hold was in the vault.
    """
    return hmac.new(_stored(vault, connection, _HASH_KEY), content_hash.encode(), hashlib.sha256).hexdigest()


def public_key(connection: Connection) -> str:
    """The key that signatures of this vault are verified with (64 hex digits); empty before the first signature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    query = select(setting.c.value).where(setting.c.name == _SIGNING_KEY)
    known = connection.execute(query).scalar_one_or_none()
    if known is None:
        return ""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(known)).public_key().public_bytes_raw().hex()


def _private_key(vault: Vault, connection: Connection) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(_stored(vault, connection, _SIGNING_KEY))


def _stored(vault: Vault, connection: Connection, name: str) -> bytes:
    """Thirty-two random bytes that the vault keeps under ``name``."""
    known = connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar_one_or_none()
    if known is None:
        known = secrets.token_hex(32)
        vault.set_setting(connection, name, known)
    return bytes.fromhex(known)


def _canonical(statement: Mapping[str, Any]) -> bytes:
    return json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
