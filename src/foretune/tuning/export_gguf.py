"""A LoRA adapter as the GGUF file that llama.cpp loads beside its base model.

Source of format and names: ``convert_lora_to_gguf.py`` of
https://github.com/ggml-org/llama.cpp; a test compares every tensor with what it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from foretune.engines.adapters import BASE_HASH_KEY
from foretune.tuning.layout import LINEAR_LAYERS, Architecture, interleave_rotary_rows
from foretune.tuning.runtime import torch
from foretune.tuning.weights import PLAIN, WeightFiles

__all__ = ["export_gguf"]


def export_gguf(
    weights: Mapping[str, torch.Tensor],
    path: Path,
    *,
    architecture: Architecture,
    heads: int,
    key_value_heads: int,
    alpha: float,
    base_hash: str,
    files: WeightFiles = PLAIN,
) -> None:
    """Write ``path``, whole or not at all; the same weights give the same bytes.

    Args:
        weights: PEFT's state dict, names like
            ``base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight``; A is
            (rank, inputs) and B is (outputs, rank).
        heads: attention heads of the base model; ``key_value_heads`` those of k and v.
        alpha: the update is scaled by alpha / rank; llama.cpp takes the rank from the tensors.
    """
    import gguf

    with files.draft(path) as draft:
        writer = gguf.GGUFWriter(str(draft), architecture.name)
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
        writer.add_string(BASE_HASH_KEY, base_hash)
        for name, tensor in sorted((_gguf_name(name), tensor) for name, tensor in weights.items()):
            rows = tensor.detach().to(device="cpu", dtype=torch.float32)
            # A reads the layer's input, whose order is the same everywhere; only B writes rotary rows.
            if name.endswith(".lora_b") and architecture.permutes(name):
                rows = interleave_rotary_rows(rows, heads if ".attn_q." in name else key_value_heads)
            writer.add_tensor(name, rows.contiguous().numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


_GGUF_NAMES = {layer: gguf_name for gguf_name, layer in LINEAR_LAYERS.items()}


def _gguf_name(peft_name: str) -> str:
    """``….layers.3.self_attn.q_proj.lora_A.weight`` → ``blk.3.attn_q.weight.lora_a``."""
    layer_name, _, matrix = peft_name.removesuffix(".weight").rpartition(".")
    block, _, layer = layer_name.rpartition(".layers.")[2].partition(".")
    return f"blk.{block}.{_GGUF_NAMES[layer]}.weight.{matrix.lower()}"
