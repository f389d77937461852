"""The measures of a model that the formulas need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretune.engines.gguf_header import GgufHeader

__all__ = ["ModelShape", "shape_of_config", "shape_of_gguf"]


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A decoder-only transformer."""

    parameters: int
    layers: int
    hidden: int
    feed_forward: int
    vocabulary: int
    heads: int
    kv_heads: int
    head_size: int
    tied: bool = False
    """One matrix for reading tokens and for writing them."""

    @property
    def embedding_parameters(self) -> int:
        """Of the vocabulary's matrices, which 4-bit training leaves as they are."""
        return (1 if self.tied else 2) * self.vocabulary * self.hidden

    def lora_parameters(self, rank: int) -> int:
        """Of an adapter on all linear layers: r·(in + out) each (Hu et al. 2021, arXiv 2106.09685)."""
        query, key = self.heads * self.head_size, self.kv_heads * self.head_size
        attention = (self.hidden + query) * 2 + (self.hidden + key) * 2
        return self.layers * rank * (attention + 3 * (self.hidden + self.feed_forward))


def shape_of_config(config: Mapping[str, Any], parameters: int) -> ModelShape | None:
    """From a ``config.json`` of transformers; None where it lacks a measure."""
    config = config.get("text_config", config)
    measures = [
        _first(config, *names)
        for names in (
            ("num_hidden_layers", "n_layer", "num_layers"),
            ("hidden_size", "n_embd", "d_model"),
            ("vocab_size",),
            ("num_attention_heads", "n_head", "num_heads"),
        )
    ]
    if not all(measures) or not parameters:
        return None
    layers, hidden, vocabulary, heads = measures
    return ModelShape(
        parameters,
        layers,
        hidden,
        _first(config, "intermediate_size", "n_inner", "ffn_dim", "d_ff") or 4 * hidden,
        vocabulary,
        heads,
        _first(config, "num_key_value_heads") or heads,
        _first(config, "head_dim") or hidden // heads,
        bool(config.get("tie_word_embeddings", False)),
    )


def shape_of_gguf(header: GgufHeader) -> ModelShape | None:
    """From the metadata of a GGUF file; None where it lacks a measure.

    Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    """
    own = {
        key.removeprefix(f"{header.architecture}."): value
        for key, value in header.metadata.items()
        if key.startswith(f"{header.architecture}.")
    }
    layers, hidden = _first(own, "block_count"), _first(own, "embedding_length")
    heads, vocabulary = _first(own, "attention.head_count"), header.vocabulary or _first(own, "vocab_size")
    if not (layers and hidden and heads and vocabulary and header.parameters):
        return None
    return ModelShape(
        header.parameters,
        layers,
        hidden,
        _first(own, "feed_forward_length") or 4 * hidden,
        vocabulary,
        heads,
        _first(own, "attention.head_count_kv") or heads,
        _first(own, "attention.key_length") or hidden // heads,
        "output.weight" not in header.tensors,
    )


def _first(measures: Mapping[str, Any], *names: str) -> int:
    """The first that is a plausible measure; 0 where none is. Per-layer lists count as their largest."""
    for name in names:
        value = measures.get(name)
        if isinstance(value, list | tuple) and value and all(isinstance(item, int) for item in value):
            value = max(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**8:
            return value
    return 0
