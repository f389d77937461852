"""How the files of an adapter are kept: as they are, or sealed from the first byte that reaches the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from foretune.files import replacing
from foretune.vault.sealed import Sealer, is_there, memory_file

__all__ = ["PLAIN", "WEIGHTS", "WeightFiles"]

WEIGHTS = ("*.pt", "*.gguf", "*.safetensors")
"""Files that can repeat what was learnt; the others hold settings, ids and losses."""


@dataclass(frozen=True, slots=True)
class WeightFiles:
    """Writes and reads checkpoints and weights; with a sealer nothing of them lies plain on the disk at any moment."""

    sealer: Sealer | None = None

    @contextmanager
    def writing(self, path: Path) -> Iterator[BinaryIO]:
        """A stream that takes the place of the file at ``path`` when the block ends well."""
        if self.sealer is not None:
            with self.sealer.writing(path) as stream:
                yield stream
            return
        with replacing(path) as draft, draft.open("wb") as stream:
            yield stream

    @contextmanager
    def draft(self, path: Path) -> Iterator[Path]:
        """The same for a writer that wants a path; sealed files are made in memory first."""
        if self.sealer is None:
            with replacing(path) as plain:
                yield plain
            return
        with memory_file(path.name) as plain:
            yield plain
            with plain.open("rb") as made, self.writing(path) as stream:
                copyfileobj(made, stream)

    def reading(self, path: Path) -> BufferedReader | BytesIO:
        """The file's content.

        Raises:
            FileNotFoundError: there is none.
            VaultError: the sealed file was changed, or is of another vault.
        """
        return path.open("rb") if self.sealer is None else self.sealer.read(path)

    def is_there(self, path: Path) -> bool:
        """Whether the file can be read."""
        return path.exists() if self.sealer is None else is_there(path)

    def sha256(self, path: Path) -> str:
        """Of the content, hexadecimal."""
        with self.reading(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def remove(self, path: Path) -> None:
        """Remove the file, sealed or not."""
        for each in (path, *path.parent.glob(f"{path.name}.sealed")):
            each.unlink(missing_ok=True)

    def prepare(self, folder: Path) -> None:
        """Seal weights that lie in ``folder`` from when its documents had another label.

        Raises:
            VaultError: the system has no files in memory, which the exports would be made in after all the training.
        """
        if self.sealer is None:
            return
        with memory_file("adapter"):
            pass
        for pattern in WEIGHTS:
            for path in folder.rglob(pattern):
                self.sealer.seal(path)


PLAIN = WeightFiles()
