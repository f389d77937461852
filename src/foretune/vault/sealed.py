"""Files beside the database that are as secret as it: encrypted on disk, opened in memory only.

AES-256-GCM in the STREAM construction (Hoang et al. 2015, https://eprint.iacr.org/2015/189): chunks of 1 MiB, each
under a nonce of a random prefix, its number and whether it is the last, so that none can be changed, moved or cut off.
The key is derived from the vault's.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from foretune.errors import VaultError
from foretune.files import replacing
from foretune.vault.vault import Vault

__all__ = ["is_there", "opened", "opened_folder", "seal"]

SUFFIX = ".sealed"
_MAGIC = b"foretune sealed\x01"
_CHUNK = 1 << 20
_TAG, _PREFIX = 16, 7
_PURPOSE = "sealed files"

_memory: dict[tuple[str, int, int], int] = {}
"""Descriptors of what is open, by path, size and time of the sealed file; the system frees them with the process."""


def seal(vault: Vault, path: Path) -> Path:
    """Encrypt the file at ``path`` into one beside it, and remove it; returns the sealed file."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, prefix = AESGCM(vault.derived_key(_PURPOSE)), os.urandom(_PREFIX)
    target = path.with_name(path.name + SUFFIX)
    with path.open("rb") as plain, replacing(target) as draft, draft.open("wb") as file:
        file.write(_MAGIC + prefix)
        chunk, number = plain.read(_CHUNK), 0
        while True:
            following = plain.read(_CHUNK)
            file.write(cipher.encrypt(_nonce(prefix, number, last=not following), chunk, path.name.encode()))
            if not following:
                break
            chunk, number = following, number + 1
    _overwrite(path)
    return target


def is_there(path: Path) -> bool:
    """Whether the file is there, sealed or not."""
    return path.exists() or path.with_name(path.name + SUFFIX).exists()


def opened(vault: Vault, path: Path) -> Path:
    """A path at which this process, and no other user, can read the file: itself, or its content in memory.

    Raises:
        VaultError: the sealed file was changed or is of another vault, or the system has no files in memory.
    """
    sealed = path.with_name(path.name + SUFFIX)
    if path.exists() or not sealed.exists():
        return path
    status = sealed.stat()
    key = (str(sealed), status.st_size, status.st_mtime_ns)
    if key not in _memory:
        _memory[key] = _in_memory(vault, sealed, path.name)
    return Path(f"/proc/self/fd/{_memory[key]}")


@contextmanager
def opened_folder(vault: Vault, folder: Path) -> Iterator[Path]:
    """A folder in which the files of ``folder`` can be read; what is sealed there is a link to its content in memory.

    Raises:
        VaultError: as :func:`opened`.
    """
    if not any(folder.glob(f"*{SUFFIX}")):
        yield folder
        return
    with TemporaryDirectory() as links:
        for file in folder.iterdir():
            plain = file.with_name(file.name.removesuffix(SUFFIX))
            (Path(links) / plain.name).symlink_to(opened(vault, plain))
        yield Path(links)


def _in_memory(vault: Vault, sealed: Path, name: str) -> int:
    if not hasattr(os, "memfd_create"):
        raise VaultError(f"{sealed} is encrypted and is only opened in memory, which this system cannot do: use Linux.")
    descriptor = os.memfd_create(f"{name}-{sealed.parent.name}", os.MFD_CLOEXEC)
    try:
        with sealed.open("rb") as file, os.fdopen(os.dup(descriptor), "wb") as memory:
            _decrypt(vault, file, memory, name)
    except Exception:
        os.close(descriptor)
        raise
    return descriptor


def _decrypt(vault: Vault, file: BinaryIO, memory: BinaryIO, name: str) -> None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(vault.derived_key(_PURPOSE))
    head = file.read(len(_MAGIC) + _PREFIX)
    chunk, number = file.read(_CHUNK + _TAG), 0
    while True:
        following = file.read(_CHUNK + _TAG)
        try:
            memory.write(cipher.decrypt(_nonce(head[len(_MAGIC) :], number, last=not following), chunk, name.encode()))
        except (InvalidTag, ValueError):
            raise VaultError(
                f"{file.name} was changed, or is of another vault: put it back from a backup, or tune again."
            ) from None
        if not following:
            return
        chunk, number = following, number + 1


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + struct.pack(">I?", number, last)


def _overwrite(path: Path) -> None:
    """Remove a file after its bytes; a file system that copies on write may keep them all the same."""
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(bytes(min(left, _CHUNK)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
