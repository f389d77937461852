"""The header of a safetensors file: names, types and places of its tensors.

Format: https://github.com/huggingface/safetensors#format: eight bytes of length,
little-endian, then so many bytes of JSON, then the data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from foretune.errors import ModelError

__all__ = ["TensorSummary", "read_tensors"]

LARGEST_HEADER = 100_000_000
"""Bytes; the limit of the safetensors library itself."""


@dataclass(frozen=True, slots=True)
class TensorSummary:
    """One file."""

    name: str
    parameters: int
    bytes: int
    by_type: Mapping[str, int]
    """Elements by type (``BF16``)."""
    cut_short: bool


def read_tensors(path: Path) -> TensorSummary:
    """Read the header only.

    Raises:
        ModelError: the file is no safetensors file.
    """
    refused = ModelError(f"{path} is not a safetensors file, or its header is damaged: fetch or copy it again.")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(LARGEST_HEADER, size - 8):
                raise refused
            header = json.loads(stream.read(length))
        by_type: dict[str, int] = {}
        end = 0
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            elements = math.prod(int(side) for side in entry["shape"])
            by_type[str(entry["dtype"])] = by_type.get(str(entry["dtype"]), 0) + elements
            end = max(end, int(entry["data_offsets"][1]))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise refused from None
    return TensorSummary(path.name, sum(by_type.values()), end, by_type, 8 + length + end > size)
