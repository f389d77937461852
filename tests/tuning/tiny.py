"""Language models small enough for a test: random weights, real GGUF files, real tokenizer and template."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gguf
import pytest

from foretune.engines.llama_server import LlamaServer
from foretune.errors import ModelError
from foretune.models import ModelFiles, locate
from foretune.tuning import Example
from foretune.tuning.layout import ARCHITECTURES, LINEAR_LAYERS, interleave_rotary_rows
from foretune.tuning.runtime import torch
from foretune.types import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = ("t h", "th e", "Ġ a", "Ġ th", "o n")
SHAPE: Mapping[str, int] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
_OUTSIDE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
_INSIDE = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    **{layer: name for name, layer in LINEAR_LAYERS.items()},
}


def tiny_model(
    folder: Path,
    architecture: str = "llama",
    *,
    template: str | None = CHATML,
    split: str = "",
    seed: int = 0,
    pad: bool = True,
) -> ModelFiles:
    """A random model of 90,000 parameters as a GGUF file in ``folder``."""
    path = folder / f"tiny-{architecture}.gguf"
    model = random_model(architecture, seed=seed)
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_context_length(SHAPE["max_position_embeddings"])
    writer.add_embedding_length(SHAPE["hidden_size"])
    writer.add_feed_forward_length(SHAPE["intermediate_size"])
    writer.add_block_count(SHAPE["num_hidden_layers"])
    writer.add_head_count(SHAPE["num_attention_heads"])
    writer.add_head_count_kv(SHAPE["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(SHAPE["hidden_size"] // SHAPE["num_attention_heads"])
    _add_tokenizer(writer, split or {"llama": "smollm", "qwen2": "qwen2"}[architecture], pad=pad)
    if template is not None:
        writer.add_chat_template(template)
    for name, values in model.state_dict().items():
        gguf_name = _gguf_name(name)
        if ARCHITECTURES[architecture].permutes(gguf_name):
            heads = SHAPE["num_attention_heads" if ".attn_q." in gguf_name else "num_key_value_heads"]
            values = interleave_rotary_rows(values, heads)
        writer.add_tensor(gguf_name, values.contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ModelFiles(path.stem, path, digest, MappingProxyType({path.name: path}))


def packaged(name: str) -> ModelFiles:
    """A model of the catalogue; the test is skipped where it was not fetched."""
    try:
        return locate(name)
    except ModelError as error:
        pytest.skip(str(error))


def random_model(architecture: str, *, seed: int = 0) -> Any:
    """The same model as transformers makes it; its weights are large enough to have opinions."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        architecture,
        vocab_size=len(vocabulary()),
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        tie_word_embeddings=False,
        initializer_range=0.1,
        **SHAPE,
    )
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for name, values in model.named_parameters():
        if name.endswith(".bias"):  # transformers starts them at zero, which would test nothing
            torch.nn.init.normal_(values, std=0.1)
    return model.requires_grad_(False)


def vocabulary() -> list[str]:
    """256 bytes in GPT-2's spelling, a few merges, the control tokens."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    return [*bytes_to_unicode().values(), *(merge.replace(" ", "") for merge in MERGES), *CONTROL]


def examples(count: int = 10, *, words: int = 4) -> list[Example]:
    """Short conversations, each different."""
    return [
        Example(
            f"e{i}",
            (Message("user", f"What is {i}?"), Message("assistant", " ".join([f"the {i}"] * words) + ".")),
            document=f"d{i}",
        )
        for i in range(count)
    ]


class Engine:
    """The real engine on a model and an adapter, asked for what its own interface does not give."""

    def __init__(self, model: Path, adapter: Path | None = None) -> None:
        adapters = () if adapter is None else (adapter,)
        self._server = LlamaServer(model, context=512, slots=1, threads=1, batch_threads=2, adapters=adapters)

    def next_token_logprobs(self, ids: list[int], size: int, *, scale: float = 1.0) -> dict[int, float]:
        """Log-probability (nats) of every token after ``ids``."""
        reply = self._server.post(
            "/v1/completions",
            {
                "prompt": ids,
                "n_predict": 1,
                "logprobs": size,
                # Probabilities are reported before this bias; it keeps an end token from being drawn, which has none.
                "logit_bias": [[0, 1000.0]],
                "lora": [{"id": 0, "scale": scale}],
                "cache_prompt": False,
            },
        )
        return {
            entry["id"]: entry["logprob"] for entry in reply["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        }

    def tokens(self, text: str) -> list[int]:
        """What the engine makes of rendered text."""
        body = {"content": text, "parse_special": True, "add_special": False}
        return list(self._server.post("/tokenize", body)["tokens"])

    def prompt(self, messages: list[dict[str, str]]) -> str:
        """The conversation as the engine renders it, ready to be answered."""
        return str(self._server.post("/apply-template", {"messages": messages})["prompt"])


def _add_tokenizer(writer: gguf.GGUFWriter, split: str, *, pad: bool) -> None:
    tokens = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL if token in CONTROL else gguf.TokenType.NORMAL for token in tokens]
    writer.add_token_types(kinds)
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    if pad:
        writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)


def _gguf_name(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if stem in _OUTSIDE:
        return f"{_OUTSIDE[stem]}.{kind}"
    block, _, layer = stem.removeprefix("model.layers.").partition(".")
    return f"blk.{block}.{_INSIDE[layer]}.{kind}"
