"""The one place that imports torch, because something has to be said to it first.

Import it from here: ``from foretune.tuning.runtime import torch``.
"""

from __future__ import annotations

import os
from typing import Literal

# Threads that spin while they wait cost a small model most of its step (16.6 against
# 2.5 CPU-seconds on two cores). OpenMP reads the variable once, when torch loads it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch

__all__ = ["Precision", "choose_attention", "choose_device", "choose_dtype", "torch"]

Precision = Literal["auto", "float32", "bfloat16"]


def choose_device() -> torch.device:
    """A GPU (CUDA or ROCm) where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """What the base model is computed in; the adapter's own weights are always float32.

    ``auto`` takes bfloat16 where the processor multiplies it natively (AMX, AVX-512
    BF16, GPUs since Ampere), which halves memory and is up to eight times faster
    in the matrix products; elsewhere it is emulated and slower, so float32.
    """
    if precision != "auto":
        return torch.float32 if precision == "float32" else torch.bfloat16
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        features = torch.cpu.get_capabilities()
        native = bool(features.get("amx_bf16") or features.get("avx512_bf16"))
    return torch.bfloat16 if native else torch.float32


def choose_attention(device: torch.device, dtype: torch.dtype, longest: int) -> str:
    """How transformers computes attention over examples of up to ``longest`` tokens.

    On a processor in bfloat16, two plain matrix products beat the fused kernel's slow
    backward pass up to some 256 tokens (by 13 % of a step at 128); beyond, and in
    float32, the fused one wins.
    """
    plain = device.type == "cpu" and dtype == torch.bfloat16 and longest <= 256
    return "eager" if plain else "sdpa"
