"""Memory and speed of running a model, by quantisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from foretune.plan.sizing.hardware import (
    REFERENCE_BANDWIDTH,
    REFERENCE_READING,
    REFERENCE_TOKEN_SECONDS,
    Hardware,
)
from foretune.plan.sizing.shape import ModelShape

__all__ = [
    "QUANTISATIONS",
    "InferenceSize",
    "inference_memory",
    "inference_sizes",
    "largest_that_fits",
    "reading_speed",
    "writing_speed",
]

QUANTISATIONS: Mapping[str, float] = MappingProxyType(
    {"Q4_K_M": 4.89, "Q5_K_M": 5.70, "Q6_K": 6.56, "Q8_0": 8.50, "F16": 16.0}
)
"""Bits a weight, smallest first (llama.cpp, tools/quantize/README.md, https://github.com/ggml-org/llama.cpp)."""
RUNTIME = 0.5e9
"""Bytes beside weights and cache."""
CACHE_BYTES = 2
"""Bytes a cached number takes (float16)."""
USED_BANDWIDTH = 0.55
"""Share of memory bandwidth reached while writing: each token reads all weights once (measured; llama.cpp)."""
READING_REACHED = 0.4
"""Share of peak arithmetic reached while reading a prompt; two operations a token and parameter (arXiv 2001.08361)."""


@dataclass(frozen=True, slots=True)
class InferenceSize:
    """One quantisation."""

    quantisation: str
    weights: float
    """Bytes."""
    memory: float
    """Bytes, with the cache of one conversation and the runtime."""
    tokens_per_second: float | None
    """Written; None where the hardware's bandwidth is unknown."""
    fits: bool


def inference_memory(shape: ModelShape, bits: float, context: int) -> float:
    """Bytes: weights + 2·L·kv_heads·head_size·context·2 + 0.5 GB."""
    cache = 2 * shape.layers * shape.kv_heads * shape.head_size * context * CACHE_BYTES
    return shape.parameters * bits / 8 + cache + RUNTIME


def writing_speed(weights: float, hardware: Hardware) -> float | None:
    """Tokens a second while writing, for ``weights`` bytes."""
    if hardware.is_here:
        return 1 / (weights / REFERENCE_BANDWIDTH + REFERENCE_TOKEN_SECONDS)
    return USED_BANDWIDTH * hardware.bandwidth / weights if hardware.bandwidth else None


def reading_speed(parameters: int, hardware: Hardware) -> float | None:
    """Tokens a second while reading a prompt."""
    if hardware.is_here:
        return REFERENCE_READING / (2 * parameters)
    return hardware.peak_flops * READING_REACHED / (2 * parameters) if hardware.peak_flops else None


def inference_sizes(shape: ModelShape, hardware: Hardware, *, context: int) -> tuple[InferenceSize, ...]:
    """Every quantisation, smallest first."""
    found = []
    for name, bits in QUANTISATIONS.items():
        weights, memory = shape.parameters * bits / 8, inference_memory(shape, bits, context)
        found.append(InferenceSize(name, weights, memory, writing_speed(weights, hardware), memory <= hardware.memory))
    return tuple(found)


def largest_that_fits(sizes: tuple[InferenceSize, ...]) -> InferenceSize | None:
    """The finest quantisation that fits; None where none does."""
    return next((size for size in reversed(sizes) if size.fits), None)
