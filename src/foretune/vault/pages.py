"""The pages of an encrypted file, decrypted: to prove that nothing of a text is left in any of them.

Reads the file and its write-ahead log as they lie on disk, free pages included,
which no query can see.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from foretune.vault.keys import Key

__all__ = ["PAGE_SIZE", "decrypted_pages"]

PAGE_SIZE = 4096
"""SQLCipher 4's default, in bytes (https://www.zetetic.net/sqlcipher/sqlcipher-api/#cipher_page_size)."""
_RESERVED = 80
"""At the end of each page: initialisation vector (16 bytes) and HMAC-SHA512 (64 bytes)."""
_VECTOR = 16
_SALT = 16
"""At the start of the file, in place of SQLite's magic string."""
_ROUNDS = 256_000
_AT_ONCE = 1024
"""Pages that are decrypted together: 4 MB."""
_LOG_HEADER, _FRAME_HEADER = 32, 24
"""Of the write-ahead log, in bytes (https://sqlite.org/fileformat2.html#walformat)."""


def decrypted_pages(path: Path, key: Key) -> Iterator[bytes]:
    """Every page of the database at ``path``, then every page in its log: plaintext, without the reserved bytes.

    AES-256 in CBC mode; a passphrase is stretched by PBKDF2-HMAC-SHA512
    (https://www.zetetic.net/sqlcipher/design/). Pages are not authenticated here: opening the file did that.
    """
    with path.open("rb") as file:
        first = file.read(PAGE_SIZE)
        secret = _secret(key, first[:_SALT])
        yield _decrypted(first, secret, skip=_SALT)
        while pages := file.read(_AT_ONCE * PAGE_SIZE):
            whole = len(pages) - len(pages) % PAGE_SIZE
            yield from _decrypted_together(pages[:whole], secret)
            if whole < len(pages):  # the file is being written to, or was cut short
                yield _decrypted(pages[whole:], secret, skip=0)
    log = path.with_name(f"{path.name}-wal")
    if not log.exists():
        return
    with log.open("rb") as file:
        file.read(_LOG_HEADER)
        while header := file.read(_FRAME_HEADER):
            number = int.from_bytes(header[:4], "big")
            page = file.read(PAGE_SIZE)
            if len(page) == PAGE_SIZE:  # a frame that was cut short by a kill was never part of anything
                yield _decrypted(page, secret, skip=_SALT if number == 1 else 0)


def _secret(key: Key, salt: bytes) -> bytes:
    if re.fullmatch(r"[0-9a-fA-F]{64}", key.secret):
        return bytes.fromhex(key.secret)
    return hashlib.pbkdf2_hmac("sha512", key.secret.encode(), salt, _ROUNDS, dklen=32)


def _decrypted_together(pages: bytes, secret: bytes) -> Iterator[bytes]:
    """Many whole pages with one call of the cipher, which costs more than the page it is called for.

    A block in CBC mode is the block decrypted by itself, combined with the encrypted block before it
    (NIST SP 800-38A, section 6.2); before the first of a page stands its initialisation vector.
    """
    import numpy as np
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    held = np.frombuffer(pages, np.uint8).reshape(-1, PAGE_SIZE)
    end = PAGE_SIZE - _RESERVED
    blocks = held[:, :end]
    before = np.concatenate((held[:, end : end + _VECTOR], held[:, : end - _VECTOR]), axis=1)
    decryptor = Cipher(algorithms.AES(secret), modes.ECB()).decryptor()  # noqa: S305 - a step of CBC
    alone = np.frombuffer(decryptor.update(blocks.tobytes()) + decryptor.finalize(), np.uint8)
    plain = (alone.reshape(before.shape) ^ before).tobytes()
    for start in range(0, len(plain), end):
        yield plain[start : start + end]


def _decrypted(page: bytes, secret: bytes, *, skip: int) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    end = len(page) - _RESERVED
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(page[end : end + _VECTOR])).decryptor()
    return decryptor.update(page[skip:end]) + decryptor.finalize()
