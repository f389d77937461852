"""Where the vault's key comes from: the environment, a key file, or the system's keyring.

A key of 64 hex digits is used as it is (256 bits); anything else is a passphrase,
stretched by SQLCipher's PBKDF2-HMAC-SHA512 (256,000 rounds,
https://www.zetetic.net/sqlcipher/sqlcipher-api/#kdf_iter). It never comes from a
command line, and is never logged or shown.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from foretune.errors import VaultError

__all__ = [
    "NEW_VARIABLE",
    "Key",
    "create_key",
    "derived",
    "find_keys",
    "keep_key",
    "key_file",
    "next_key",
    "settle_next_key",
]

VARIABLE = "FORETUNE_KEY"
NEW_VARIABLE = "FORETUNE_NEW_KEY"
"""The key to change to, where the present one comes from :data:`VARIABLE`."""
_NEXT = ".next"
"""Ends the name of a key that is being changed to: until that is over, either may be the right one."""
_SERVICE = "foretune"
_ROUNDS = 256_000


@dataclass(frozen=True, slots=True)
class Key:
    """A secret and where it was found; its ``repr`` shows only the latter."""

    secret: str = field(repr=False)
    origin: str

    def pragma(self) -> str:
        """The value for ``PRAGMA key``, quoted."""
        if re.fullmatch(r"[0-9a-fA-F]{64}", self.secret):
            return f"\"x'{self.secret}'\""
        return "'" + self.secret.replace("'", "''") + "'"

    def material(self, salt: str) -> bytes:
        """What keys for other purposes are derived from.

        A passphrase is first stretched like SQLCipher does, so that what is made with a derived key and leaves the
        vault helps nobody to guess it.
        """
        if re.fullmatch(r"[0-9a-fA-F]{64}", self.secret):
            return bytes.fromhex(self.secret)
        return hashlib.pbkdf2_hmac("sha512", self.secret.encode(), salt.encode(), _ROUNDS)


def derived(material: bytes, purpose: str, salt: str) -> bytes:
    """32 bytes for one purpose, made anew whenever they are needed and never stored: HKDF-SHA256 (RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt.encode(), purpose.encode()).derive(material)


def key_file(vault_id: str) -> Path:
    """Where the key file of a vault lies: in the user's configuration folder, never in the project."""
    return platformdirs.user_config_path("foretune") / "keys" / f"{vault_id}.key"


def create_key(vault_id: str) -> Key:
    """Take the key from ``FORETUNE_KEY``, or make one and keep it in the keyring or a 0600 file."""
    if secret := os.environ.get(VARIABLE):
        return Key(secret, VARIABLE)
    return keep_key(vault_id, secrets.token_hex(32))


def keep_key(vault_id: str, secret: str) -> Key:
    """Keep a key in the keyring, or in a 0600 file; whatever was kept there before is replaced."""
    if _keyring_set(vault_id, secret):
        return Key(secret, "keyring")
    path = key_file(vault_id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return Key(secret, str(path))


def find_keys(vault_id: str) -> list[Key]:
    """The key of an existing vault; a second one where a change of key was cut short, and either may be right.

    Raises:
        VaultError: no key is to be found, or the key file can be read by others.
    """
    if secret := os.environ.get(VARIABLE):
        new = os.environ.get(NEW_VARIABLE)
        return [Key(secret, VARIABLE), *([Key(new, NEW_VARIABLE)] if new else [])]
    found = [key for name in (vault_id, vault_id + _NEXT) if (key := _kept(name))]
    if not found:
        raise VaultError(
            f"There is no key for this vault: set {VARIABLE}, or put the key file back at {key_file(vault_id)} "
            "(without the key nobody can open the vault)."
        )
    return found


def next_key(vault_id: str) -> Key:
    """The key to change to, kept beside the present one until :func:`settle_next_key`.

    Raises:
        VaultError: the present key comes from the environment, and the next one does not.
    """
    if os.environ.get(VARIABLE):
        if new := os.environ.get(NEW_VARIABLE):
            return Key(new, NEW_VARIABLE)
        raise VaultError(f"The key comes from {VARIABLE}: set {NEW_VARIABLE} to the one to change to.")
    return keep_key(vault_id + _NEXT, secrets.token_hex(32))


def settle_next_key(vault_id: str) -> None:
    """Let the next key take the place of the present one."""
    if os.environ.get(VARIABLE):
        return
    upcoming = _kept(vault_id + _NEXT)
    if upcoming is not None:
        keep_key(vault_id, upcoming.secret)
        key_file(vault_id + _NEXT).unlink(missing_ok=True)
        _keyring_delete(vault_id + _NEXT)


def _kept(name: str) -> Key | None:
    path = key_file(name)
    if path.exists():
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise VaultError(f"The key file {path} can be read by others: run `chmod 600 {path}`.")
        return Key(path.read_text().strip(), str(path))
    secret = _keyring_get(name)
    return None if secret is None else Key(secret, "keyring")


def _keyring_usable() -> bool:
    if os.name == "posix" and not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and os.uname().sysname == "Linux":
        return False  # no session bus, no keyring; saves the import
    import keyring
    from keyring.backends.fail import Keyring as NoKeyring

    return not isinstance(keyring.get_keyring(), NoKeyring)


def _keyring_get(vault_id: str) -> str | None:
    if not _keyring_usable():
        return None
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, vault_id)
    except KeyringError:
        return None


def _keyring_set(vault_id: str, secret: str) -> bool:
    if not _keyring_usable():
        return False
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, vault_id, secret)
    except KeyringError:
        return False
    return True


def _keyring_delete(vault_id: str) -> None:
    if not _keyring_usable():
        return
    import contextlib

    import keyring
    from keyring.errors import KeyringError

    with contextlib.suppress(KeyringError):
        keyring.delete_password(_SERVICE, vault_id)
