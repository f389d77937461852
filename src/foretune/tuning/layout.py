"""How llama.cpp and transformers name and store the same weights.

Used in both directions: to read the base model out of a GGUF file and to write
an adapter for it. Source of the names and of the order of rotary rows:
https://github.com/ggml-org/llama.cpp (``gguf-py/gguf/tensor_mapping.py`` and
``LlamaModel.permute`` in ``conversion/llama.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from foretune.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["ARCHITECTURES", "LINEAR_LAYERS", "Architecture", "interleave_rotary_rows", "split_rotary_rows"]

LINEAR_LAYERS: Mapping[str, str] = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""GGUF name within a block: transformers' name within a layer. All of them get an adapter."""

_NORMS: Mapping[str, str] = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
_OUTSIDE: Mapping[str, str] = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


@dataclass(frozen=True, slots=True)
class Architecture:
    """A family of models that can be tuned."""

    name: str
    """``general.architecture`` of the GGUF file and ``model_type`` of transformers."""
    rotary_interleaved: bool
    """Whether llama.cpp keeps the rows of q and k in pairs (x₀, x_half), (x₁, x_half+1), …"""

    def transformers_name(self, gguf_name: str) -> str:
        """``blk.3.attn_q.weight`` → ``model.layers.3.self_attn.q_proj.weight``.

        Raises:
            ModelError: the tensor has no place in this architecture.
        """
        stem, _, kind = gguf_name.rpartition(".")
        if stem in _OUTSIDE:
            return f"{_OUTSIDE[stem]}.{kind}"
        block, _, layer = stem.removeprefix("blk.").partition(".")
        inner = LINEAR_LAYERS.get(layer) or _NORMS.get(layer)
        if inner is None or not block.isdecimal():
            raise ModelError(
                f"The model holds a tensor {gguf_name!r} that tuning does not know in {self.name!r} models: "
                "tune another model, or use this one without tuning."
            )
        return f"model.layers.{block}.{inner}.{kind}"

    def permutes(self, gguf_name: str) -> bool:
        """Whether the rows of this tensor are stored in another order than transformers'."""
        return self.rotary_interleaved and (".attn_q." in gguf_name or ".attn_k." in gguf_name)


ARCHITECTURES: Mapping[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture("llama", rotary_interleaved=True),  # Llama 2 and 3, SmolLM, Mistral
        Architecture("qwen2", rotary_interleaved=False),  # Qwen 2 and 2.5
    )
}


Rows = TypeVar("Rows", "torch.Tensor", "NDArray[np.float32]")


def split_rotary_rows(rows: Rows, heads: int) -> Rows:
    """llama.cpp's order of q or k rows (first axis) to transformers'."""
    return rows.reshape(heads, -1, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def interleave_rotary_rows(rows: Rows, heads: int) -> Rows:
    """transformers' order of q or k rows (first axis) to llama.cpp's."""
    return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
