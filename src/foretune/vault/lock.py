"""One writer at a time: two runs over the same project would do each other's work twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foretune.errors import VaultError

__all__ = ["working"]


@contextmanager
def working(folder: Path) -> Iterator[None]:
    """Hold the project's lock; the system releases it when the process ends, however it ends.

    Raises:
        VaultError: another process holds it.
    """
    import fcntl

    descriptor = os.open(folder / "working.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip() or "unknown"
            raise VaultError(
                f"Another foretune (process {holder}) is working in {folder.parent}: wait until it is done, or stop it."
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
