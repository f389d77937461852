"""Files beside the database that are as secret as it: encrypted on disk, opened in memory only.

AES-256-GCM in the STREAM construction (Hoang et al. 2015, https://eprint.iacr.org/2015/189): chunks of 1 MiB, each
under a nonce of a random prefix, its number and whether it is the last, so that none can be changed, moved or cut off.
The key is derived from the vault's.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, cast

from foretune.errors import VaultError
from foretune.files import replacing
from foretune.vault.vault import Vault

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Sealer", "is_there", "memory_file", "opened", "opened_folder", "seal", "sealer"]

SUFFIX = ".sealed"
_MAGIC = b"foretune sealed\x01"
_CHUNK = 1 << 20
_TAG, _PREFIX = 16, 7
_PURPOSE = "sealed files"

_memory: dict[tuple[str, int, int], int] = {}
"""Descriptors of what is open, by path, size and time of the sealed file; the system frees them with the process."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Writes and reads sealed files with a key alone, so that it can travel to where no vault is open."""

    key: bytes = field(repr=False)
    """32 bytes, derived from the vault's key."""

    @contextmanager
    def writing(self, path: Path) -> Iterator[BinaryIO]:
        """A stream to write to; its bytes end up encrypted beside ``path``, whole or not at all."""
        with replacing(path.with_name(path.name + SUFFIX)) as draft, draft.open("wb") as file:
            stream = _Encrypting(self.key, path.name, file)
            yield cast(BinaryIO, stream)
            stream.finish()

    def seal(self, path: Path) -> Path:
        """Encrypt the file at ``path`` into one beside it, and remove it; returns the sealed file."""
        with path.open("rb") as plain, self.writing(path) as sealed:
            copyfileobj(plain, sealed, _CHUNK)
        _overwrite(path)
        return path.with_name(path.name + SUFFIX)

    def read(self, path: Path) -> io.BytesIO:
        """The content of what is sealed beside ``path``, in memory.

        Raises:
            FileNotFoundError: nothing is.
            VaultError: it was changed, or is of another vault.
        """
        content = io.BytesIO()
        with path.with_name(path.name + SUFFIX).open("rb") as file:
            _decrypt(self.key, file, content, path.name)
        content.seek(0)
        return content


def sealer(vault: Vault) -> Sealer:
    """What seals under the key of ``vault``."""
    return Sealer(vault.derived_key(_PURPOSE))


def seal(vault: Vault, path: Path) -> Path:
    """Encrypt the file at ``path`` into one beside it, and remove it; returns the sealed file."""
    return sealer(vault).seal(path)


@contextmanager
def memory_file(name: str) -> Iterator[Path]:
    """A path to write to and read from that leads to memory, not to a disk; it is gone after the block.

    Raises:
        VaultError: the system has no files in memory.
    """
    descriptor = _new_memory(name)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


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
    descriptor = _new_memory(f"{name}-{sealed.parent.name}")
    try:
        with sealed.open("rb") as file, os.fdopen(os.dup(descriptor), "wb") as memory:
            _decrypt(sealer(vault).key, file, memory, name)
    except Exception:
        os.close(descriptor)
        raise
    return descriptor


def _new_memory(name: str) -> int:
    if not hasattr(os, "memfd_create"):
        raise VaultError(
            f"{name} is kept encrypted and is only opened in memory, which this system cannot do: use Linux."
        )
    return os.memfd_create(name, os.MFD_CLOEXEC)


class _Encrypting(io.RawIOBase):
    """Takes plain bytes, writes encrypted chunks to a file."""

    def __init__(self, key: bytes, name: str, file: BinaryIO) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher, self._prefix, self._name = AESGCM(key), os.urandom(_PREFIX), name.encode()
        self._file, self._waiting, self._number = file, bytearray(), 0
        file.write(_MAGIC + self._prefix)

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        with memoryview(data) as view:
            self._waiting += view
            size = view.nbytes
        while len(self._waiting) > _CHUNK:  # the last chunk may be full, but never empty after another
            self._emit(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]
        return size

    def finish(self) -> None:
        """Mark what is left as the end."""
        self._emit(bytes(self._waiting), last=True)

    def _emit(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last=last)
        self._file.write(self._cipher.encrypt(nonce, chunk, self._name))
        self._number += 1


def _decrypt(key: bytes, file: BinaryIO, memory: BinaryIO, name: str) -> None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(key)
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
