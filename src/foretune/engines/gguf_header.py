"""What a GGUF file says about itself, and the proof that it is whole.

Read before the file is handed to native code, which is less forgiving, and
without loading the weights: only the header is touched.
Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from foretune.errors import ModelError

__all__ = ["GgufHeader", "read_header"]

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_ALIGNMENT = 32
"""Bytes, where ``general.alignment`` is absent."""
_SHORT_ARRAY = 64
"""Longer arrays (vocabularies, merges) are stepped over, but for the two that name special tokens."""
_VOCABULARY = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type")
_CONTROL = 3
"""``LLAMA_TOKEN_TYPE_CONTROL``: a token that means something to the chat template."""


class _Type(IntEnum):
    STRING = 8
    ARRAY = 9


_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """A model file or an adapter file, as described by its header."""

    metadata: Mapping[str, Any]
    """Key-value pairs; long arrays left out."""
    parameters: int
    """Elements of all tensors."""
    special_tokens: tuple[str, ...]
    """Texts that the tokenizer reads as control tokens (``<|im_end|>``), longest first."""
    vocabulary: int = 0
    """Tokens of the tokenizer; 0 where the file has none."""
    end_token: str = ""
    """Text of the token that ends an answer; empty where the file does not say."""
    tensors: frozenset[str] = frozenset()
    """Names."""
    weight_bytes: int = 0
    """Of all tensors."""

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    @property
    def is_adapter(self) -> bool:
        return self.metadata.get("general.type") == "adapter"

    @property
    def name(self) -> str:
        return str(self.metadata.get("general.name", ""))

    @property
    def licence(self) -> str:
        return str(self.metadata.get("general.license", ""))

    @property
    def context(self) -> int:
        """Tokens the model was made for; 0 where the file does not say."""
        return int(self.metadata.get(f"{self.architecture}.context_length", 0))

    @property
    def has_chat_template(self) -> bool:
        return bool(self.metadata.get("tokenizer.chat_template"))


def read_header(path: Path) -> GgufHeader:
    """Read and check the header of a GGUF file; a second of CPU for a million vocabulary entries.

    Raises:
        ModelError: the file is missing, no GGUF, of an unknown version, or cut short.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _parse(path, data)
    except OSError as error:
        raise ModelError(f"The model file {path} cannot be read ({error.strerror}): check the path.") from None
    except (struct.error, ValueError, TypeError, OverflowError, MemoryError, RecursionError, ZeroDivisionError):
        # An empty file cannot be mapped (ValueError); the rest is a header that makes no sense.
        raise ModelError(f"The model file {path} is cut short or damaged: fetch or copy it again.") from None


def _parse(path: Path, data: mmap.mmap) -> GgufHeader:
    if data[:4] != _MAGIC:
        raise ModelError(f"{path} is not a GGUF model file (it does not begin with 'GGUF'): give one that is.")
    reader = _Reader(data, 4)
    version = reader.scalar("I")
    if version not in _VERSIONS:
        raise ModelError(f"{path} is of GGUF version {version}; Foretune reads 2 and 3: convert it again.")
    tensors, pairs = reader.scalar("Q"), reader.scalar("Q")
    metadata: dict[str, Any] = {}
    for _ in range(pairs):
        key = reader.text()
        value = reader.value(reader.scalar("I"), keep=key in _VOCABULARY)
        if value is not None:
            metadata[key] = value
    tokens, kinds = (metadata.pop(key, ()) for key in _VOCABULARY)
    special = {token for token, kind in zip(tokens, kinds, strict=False) if kind == _CONTROL and token}
    names, parameters, size, end = _tensors(reader, tensors, int(metadata.get("general.alignment", _ALIGNMENT)))
    if end > len(data):
        raise ValueError
    end_id = metadata.get("tokenizer.ggml.eos_token_id")
    return GgufHeader(
        metadata,
        parameters,
        tuple(sorted(special, key=lambda token: (-len(token), token))),
        vocabulary=len(tokens),
        end_token=tokens[end_id] if isinstance(end_id, int) and 0 <= end_id < len(tokens) else "",
        tensors=names,
        weight_bytes=size,
    )


def _tensors(reader: _Reader, count: int, alignment: int) -> tuple[frozenset[str], int, int, int]:
    """Names, number of parameters, bytes of all tensors, and where the last tensor's data ends in the file."""
    from gguf.constants import GGML_QUANT_SIZES

    sizes = {int(kind): size for kind, size in GGML_QUANT_SIZES.items()}
    parameters = extent = total = 0
    names = set()
    for _ in range(count):
        names.add(reader.text())
        shape = [reader.scalar("Q") for _ in range(reader.scalar("I"))]
        kind, offset = reader.scalar("I"), reader.scalar("Q")
        elements = math.prod(shape)
        parameters += elements
        # A tensor type newer than the table counts as one byte: its start is still checked.
        block, block_bytes = sizes.get(kind, (max(elements, 1), 1))
        size = elements // block * block_bytes
        total += size
        extent = max(extent, offset + size)
    start = -(-reader.at // alignment) * alignment
    return frozenset(names), parameters, total, start + extent


class _Reader:
    """Steps through little-endian values; every read past the end raises ``struct.error``."""

    def __init__(self, data: mmap.mmap, at: int) -> None:
        self._data = data
        self.at = at

    def scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from(f"<{code}", self._data, self.at)
        self.at += struct.calcsize(f"<{code}")
        return value

    def text(self) -> str:
        length = self.scalar("Q")
        raw = self._data[self.at : self.at + length]
        if len(raw) != length:
            raise ValueError
        self.at += length
        return raw.decode("utf-8", "replace")

    def value(self, kind: int, *, keep: bool) -> Any:
        """The value, or None where it was stepped over."""
        if kind == _Type.STRING:
            return self.text()
        if kind != _Type.ARRAY:
            return self.scalar(_code(kind))
        inner, count = self.scalar("I"), self.scalar("Q")
        keep = keep or count <= _SHORT_ARRAY
        if inner in _SCALARS:
            layout = f"<{count}{_SCALARS[inner]}"
            values = struct.unpack_from(layout, self._data, self.at) if keep else None
            self.at += struct.calcsize(layout)
            if self.at > len(self._data):
                raise ValueError
            return values
        if count > len(self._data):
            raise ValueError
        if keep:
            return tuple(self.value(inner, keep=True) for _ in range(count))
        for _ in range(count):
            if inner == _Type.STRING:
                self.at += 8 + struct.unpack_from("<Q", self._data, self.at)[0]
            else:
                self.value(inner, keep=False)
        return None


def _code(kind: int) -> str:
    if kind not in _SCALARS:
        raise ValueError
    return _SCALARS[kind]
