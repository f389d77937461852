"""What stands for a passage in vector space: one vector of the whole, and one of each of its sentences.

The whole says what a passage is about; a sentence says one thing, as a question asks for one. Together they find
what neither finds alone (docs/decisions/0004-retrieval.md). Sentences are only looked at for the passages that the
whole brings to the front, so they stay in the vault, in 8 bits a dimension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foretune.embedding import Embedder
from foretune.evidence import sentences

__all__ = ["PassageVectors", "best_sentence", "embed_passages"]

_AT_ONCE = 256
"""Texts embedded in one call: enough to keep all cores busy."""


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """As they are kept."""

    whole: bytes
    """Unit vector, little-endian float32."""
    sentences: bytes
    """Of each sentence a direction, int8; empty where sentences are not embedded."""


def embed_passages(
    embedder: Embedder, wholes: Sequence[str], bodies: Sequence[str], *, with_sentences: bool
) -> list[PassageVectors]:
    """Vectors of passages.

    Args:
        wholes: what stands for each passage as a whole.
        bodies: its words alone, whose sentences are embedded.
    """
    parts = [[span.text for span in sentences(body)] if with_sentences else [] for body in bodies]
    texts = dict.fromkeys(text for some in parts for text in some)
    known = dict(zip(texts, _embedded(embedder, list(texts)), strict=True))
    return [
        PassageVectors(whole.astype("<f4").tobytes(), _packed(some, known))
        for whole, some in zip(_embedded(embedder, wholes), parts, strict=True)
    ]


def best_sentence(packed: bytes, meaning: NDArray[np.float32]) -> float:
    """Highest cosine of a passage's sentences and a unit vector; ``packed`` is not empty."""
    directions = np.frombuffer(packed, np.int8).reshape(-1, len(meaning)).astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", directions, directions))
    return float((directions @ meaning / lengths).max())


def _packed(texts: Sequence[str], known: Mapping[str, NDArray[np.float32]]) -> bytes:
    if not texts:
        return b""
    vectors = np.array([known[text] for text in texts])
    scale = 127 / np.abs(vectors).max(axis=1, keepdims=True)
    return bytes(np.rint(vectors * scale).astype(np.int8).tobytes())


def _embedded(embedder: Embedder, texts: Sequence[str]) -> Iterator[NDArray[np.float32]]:
    # A document of many thousand passages comes as one group: its texts are embedded piece by piece.
    for start in range(0, len(texts), _AT_ONCE):
        yield from embedder.embed(texts[start : start + _AT_ONCE])
