"""QLoRA: the frozen weights in four bits while an adapter trains on top (Dettmers et al. 2023, arXiv:2305.14314)."""

from __future__ import annotations

import importlib.util
from typing import Any

from foretune.errors import InputError
from foretune.tuning.layout import LINEAR_LAYERS
from foretune.tuning.runtime import torch

__all__ = ["quantise", "require_quantising"]

_LAYERS = frozenset(layer.rpartition(".")[2] for layer in LINEAR_LAYERS.values())


def require_quantising(device: torch.device) -> None:
    """Refuse, before anything is loaded, where four-bit training is not possible or no use.

    Raises:
        InputError: there is no GPU, or bitsandbytes is not installed.
    """
    if device.type != "cuda":
        raise InputError(
            "tuning.method = qlora needs a GPU, and there is none here; without one it is slower than LoRA and saves "
            "little: set tuning.method to lora."
        )
    if importlib.util.find_spec("bitsandbytes") is None:
        raise InputError(
            "tuning.method = qlora needs the package bitsandbytes: run `pip install bitsandbytes`, or set "
            "tuning.method to lora."
        )


def quantise(model: Any, device: torch.device) -> Any:
    """Move ``model`` to ``device`` with every linear layer that gets an adapter in four-bit NormalFloat.

    Norms, embeddings and head stay as they are; so do the products' numbers, which are computed in the model's dtype.
    Constants of the blocks are quantised too (the paper's double quantisation).
    """
    import bitsandbytes

    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if name not in _LAYERS or not isinstance(layer, torch.nn.Linear):
                continue
            packed = bitsandbytes.nn.Linear4bit(
                layer.in_features,
                layer.out_features,
                bias=layer.bias is not None,
                compute_dtype=layer.weight.dtype,
                compress_statistics=True,
                quant_type="nf4",
            )
            packed.weight = bitsandbytes.nn.Params4bit(
                layer.weight.data, requires_grad=False, compress_statistics=True, quant_type="nf4", module=packed
            )
            if layer.bias is not None:
                packed.bias = layer.bias
            setattr(module, name, packed.to(device))  # it is on the way to the device that weights are packed
    model.is_loaded_in_4bit = True  # what PEFT asks before it wraps such a layer
    return model.to(device)
