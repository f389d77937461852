"""The base model for training, out of the same GGUF file that the engine runs.

transformers can open a GGUF file by itself, in 17 seconds for 135 million
parameters: it parses the file's 100,000 strings three times in Python. This
uses the same parts of it (header, block formats, configuration table) once: 2 seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from foretune.errors import ModelError
from foretune.tuning.layout import ARCHITECTURES, Architecture, split_rotary_rows
from foretune.tuning.runtime import torch

__all__ = ["architecture_of", "load_base"]


def load_base(path: Path, *, dtype: torch.dtype, device: torch.device, attention: str = "sdpa") -> Any:
    """The model as transformers' class, frozen, in ``dtype`` on ``device``.

    Quantised weights are unpacked to what they stand for, so training sees the
    errors of quantisation that the adapter will live with.

    Args:
        attention: transformers' name of the way to compute it, ``sdpa`` or ``eager``.

    Raises:
        ModelError: the file is damaged, of an architecture that cannot be tuned, or
            holds a tensor or a number format that is not known.
    """
    from transformers import AutoModelForCausalLM
    from transformers.integrations.gguf.reader import GgufHeader, read_gguf_metadata

    try:
        metadata, _ = read_gguf_metadata(str(path))
        architecture = architecture_of(metadata, path)
        header = GgufHeader.from_file(str(path))
    except (ValueError, OSError) as error:
        raise ModelError(f"The model file {path} cannot be read for tuning ({error}): fetch it anew.") from None
    config = _config(metadata, architecture, header)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=attention)
    weights, rotary_factors = _weights(header, architecture, config, dtype)
    model.load_state_dict(weights, assign=True)
    _restore_rotary_tables(model, rotary_factors)
    model.requires_grad_(False)
    return model.to(device)


def architecture_of(metadata: dict[str, Any], path: Path) -> Architecture:
    """Which family the file belongs to.

    Raises:
        ModelError: one that cannot be tuned.
    """
    name = metadata["general.architecture"]
    if name not in ARCHITECTURES:
        raise ModelError(
            f"{path.name} is a {name!r} model, and only {', '.join(ARCHITECTURES)} models can be tuned: "
            "choose another model, or use this one without tuning."
        )
    return ARCHITECTURES[name]


def _config(metadata: dict[str, Any], architecture: Architecture, header: Any) -> Any:
    """transformers' configuration, from its own table of GGUF keys."""
    from transformers import AutoConfig
    from transformers.integrations import GGUF_CONFIG_MAPPING

    name = architecture.name
    values = {
        key: metadata[f"{name}.{gguf_key}"]
        for gguf_key, key in GGUF_CONFIG_MAPPING[name].items()
        if key is not None and f"{name}.{gguf_key}" in metadata
    }
    shapes = {info.name: info.shape for info in header.tensors}
    # The rows of the embedding, not the tokens listed: some files pad one and not the other.
    values["vocab_size"] = shapes["token_embd.weight"][0]
    for key in ("bos", "eos", "padding"):
        values[f"{key.replace('padding', 'pad')}_token_id"] = metadata.get(f"tokenizer.ggml.{key}_token_id")
    return AutoConfig.for_model(name, tie_word_embeddings="output.weight" not in shapes, use_cache=False, **values)


def _weights(
    header: Any, architecture: Architecture, config: Any, dtype: torch.dtype
) -> tuple[dict[str, torch.Tensor], torch.Tensor | None]:
    """State dict of transformers' model, and the factors of Llama 3's stretched rotary frequencies."""
    from transformers.integrations.gguf.dequant import GGML_BLOCK, dequantize
    from transformers.integrations.gguf.reader import load_gguf_state_dict

    stored = load_gguf_state_dict(header)
    weights: dict[str, torch.Tensor] = {}
    rotary_factors = None
    for info in header.tensors:
        values = stored[info.name][...]
        if info.ggml_type in GGML_BLOCK:
            values = dequantize(values, info.ggml_type).reshape(info.shape)
        if info.name == "rope_freqs.weight":
            rotary_factors = values
            continue
        if architecture.permutes(info.name):
            heads = config.num_attention_heads if ".attn_q." in info.name else config.num_key_value_heads
            values = split_rotary_rows(values, heads)
        # contiguous: a permuted view would slow down every product with it.
        weights[architecture.transformers_name(info.name)] = values.to(dtype).contiguous()
    if config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    return weights, rotary_factors


def _restore_rotary_tables(model: Any, factors: torch.Tensor | None) -> None:
    """Compute what no file holds and the meta device left empty: the rotary frequencies.

    llama.cpp writes Llama 3's frequency scaling as divisors, one a frequency.
    """
    rotary = model.model.rotary_emb
    rotary.__init__(config=model.config)
    if factors is not None:
        rotary.inv_freq /= factors
        rotary.original_inv_freq = rotary.inv_freq
