"""Memory and time of training.

Memory of LoRA: weights, optimiser and gradients of the adapter, activations with
gradient checkpointing, and what the runtime itself takes. Time: the arithmetic of
one forward pass done twice (checkpointing) and one backward pass, against what the
hardware reaches of its peak. ``benchmarks/sizing.py`` prints how far off both are.
"""

from __future__ import annotations

from enum import StrEnum

from foretune.plan.sizing.hardware import Hardware
from foretune.plan.sizing.shape import ModelShape

__all__ = ["FLOPS_PER_PARAMETER", "Method", "training_memory", "training_seconds"]


class Method(StrEnum):
    """How the weights are trained."""

    LORA = "LoRA"
    QLORA = "QLoRA"
    """LoRA over weights of four bits (Dettmers et al. 2023, arXiv 2305.14314)."""
    FULL = "full"


ADAM_BYTES = 16
"""Bytes a trained parameter takes with Adam in mixed precision: weight and gradient of two bytes, and a master
copy, momentum and variance of four (Rajbhandari et al. 2019, ZeRO, arXiv 1910.02054, section 3.1)."""
RUNTIME = 1.5e9
"""Bytes of the runtime and its workspace."""
FLOPS_PER_PARAMETER = 6
"""Floating-point operations a token and parameter. Full training: two forward, four backward (Kaplan et al. 2020,
arXiv 2001.08361, section 2.1). LoRA: two forward, two again for checkpointing, two backward, for the frozen
weights need no gradients of their own."""

REACHED = 0.55
"""Share of peak arithmetic reached. This, the two constants below and no other were chosen on Qwen-1.8B and
Qwen-14B of the published profile (https://github.com/QwenLM/Qwen, README) and measured on its 7B and 72B."""
LAYER_SECONDS = 0.005
"""Least seconds a layer takes in one pass of one batch, however little it computes."""
UNPACKING_BYTES = 77
"""Memory traffic of unpacking one four-bit weight for the three passes of one batch, in bytes."""
QLORA_FLOOR = 1.4
"""How much longer a layer takes at the least, when its weights are unpacked."""


def training_memory(shape: ModelShape, method: Method, *, rank: int = 16, batch: int = 1, tokens: int = 1024) -> float:
    """Bytes needed to train on batches of ``batch`` examples of ``tokens`` tokens each.

    Source: W + 16·N + B·S·(8V + 2hL + 34h + 4f) + 1.5 GB. W is 2 bytes a parameter, or half a byte for four-bit
    weights (the vocabulary stays at two); activations of one layer at a time are those of Korthikanti et al. 2022
    (arXiv 2205.05198) with attention that keeps no scores, the layers' inputs are kept, and so are the logits in
    float32 with their gradient. Published measurements are
    mostly above it (8 % in the median): plan for a quarter more.
    """
    per_token = 8 * shape.vocabulary + 2 * shape.hidden * shape.layers + 34 * shape.hidden + 4 * shape.feed_forward
    activations = batch * tokens * per_token
    if method is Method.FULL:
        return ADAM_BYTES * shape.parameters + activations + RUNTIME
    kept = shape.embedding_parameters
    weights = 2 * shape.parameters if method is Method.LORA else 0.5 * (shape.parameters - kept) + 2 * kept
    return weights + ADAM_BYTES * shape.lora_parameters(rank) + activations + RUNTIME


def training_seconds(
    shape: ModelShape, method: Method, hardware: Hardware, *, tokens: float, length: float = 1024, batch: int = 1
) -> float | None:
    """Seconds to train on ``tokens`` tokens, in batches of ``batch`` examples of ``length`` tokens.

    On hardware whose training was measured, in proportion to that; else by its peak and bandwidth; None where
    neither is known.
    """
    # Scores of attention: 12·L·h·S a token for forward and backward (Chowdhery et al. 2022, PaLM, arXiv 2204.02311,
    # appendix B), half of it under a causal mask.
    flops_per_token = FLOPS_PER_PARAMETER * shape.parameters + 6 * shape.layers * shape.hidden * length
    if hardware.training_flops:
        return flops_per_token * tokens / hardware.training_flops
    if not hardware.peak_flops or not hardware.bandwidth:
        return None
    passes = tokens / (length * batch)
    flops = length * batch * flops_per_token
    quantised = method is Method.QLORA
    seconds = flops / (hardware.peak_flops * REACHED)
    if quantised:
        seconds += UNPACKING_BYTES * shape.parameters / hardware.bandwidth
    floor = LAYER_SECONDS * shape.layers * (QLORA_FLOOR if quantised else 1)
    return passes * max(seconds, floor)
