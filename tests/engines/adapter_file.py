"""LoRA adapters with random weights, as GGUF files."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

WIDTH = 576
"""Of SmolLM2-135M's residual stream."""


def write_adapter(
    path: Path, *, seed: int, architecture: str = "llama", width: int = WIDTH, kind: str = "adapter"
) -> None:
    """Rank 4 on the output projections of the first three layers."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(kind)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 8.0)
    for layer in range(3):
        name = f"blk.{layer}.attn_output.weight"
        writer.add_tensor(f"{name}.lora_a", random.normal(size=(4, width)).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", random.normal(size=(width, 4)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
