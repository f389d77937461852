"""An embedder that keeps what it made between runs: a benchmark embeds the same public texts again and again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from foretune.embedding import Embedder, Vectors

__all__ = ["CachedVectors"]


class CachedVectors:
    """An :class:`~foretune.embedding.Embedder`; vectors are kept in a SQLite file by text and model.

    Args:
        embedder: makes what is not kept yet.
        path: of the file; its folder is made.
    """

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self._embedder = embedder
        self.name, self.dimensions, self.max_tokens = embedder.name, embedder.dimensions, embedder.max_tokens
        self.hash, self.remote, self.count_tokens = embedder.hash, embedder.remote, embedder.count_tokens
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path)
        self._file.execute("CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, value BLOB)")

    def embed(self, texts: Sequence[str]) -> Vectors:
        keys = [sha256(f"{self.hash}\n{text}".encode()).digest() for text in texts]
        known = {key: vector for key in dict.fromkeys(keys) if (vector := self._kept(key)) is not None}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            made = dict(zip(missing, self._embedder.embed(list(missing.values())), strict=True))
            rows = [(key, vector.tobytes()) for key, vector in made.items()]
            self._file.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?)", rows)
            self._file.commit()
            known |= made
        return np.array([known[key] for key in keys], np.float32).reshape(len(keys), self.dimensions)

    def _kept(self, key: bytes) -> Vectors | None:
        row = self._file.execute("SELECT value FROM vector WHERE key = ?", (key,)).fetchone()
        return np.frombuffer(row[0], np.float32) if row else None
