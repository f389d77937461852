"""Model files read for what they say about themselves; weights are never loaded.

A GGUF file holds everything in its header. A folder of transformers holds it in
``config.json``, the tokenizer's files, the model card and the headers of the
safetensors files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foretune.engines.gguf_header import read_header
from foretune.errors import ModelError
from foretune.plan.sizing.shape import shape_of_config, shape_of_gguf
from foretune.plan.suitability.safetensors_header import TensorSummary, read_tensors
from foretune.plan.suitability.types import ModelFacts

__all__ = ["card_facts", "read_folder", "read_gguf", "refused_files"]

LARGEST_JSON = 64_000_000
"""Bytes of a tokenizer's or a configuration's JSON; the largest real ones have some 20 million."""
LARGEST_CONTEXT = 100_000_000
"""Tokens; ten times the longest window anybody has claimed."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".msgpack")
"""Formats that run code when they are loaded (https://huggingface.co/docs/hub/security-pickle)."""
_NO_WEIGHTS = ("training_args.bin", "optimizer.pt", "scheduler.pt")
_FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S"} | {
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    32: "BF16",
}
"""``general.file_type`` (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md)."""


def read_gguf(path: Path) -> ModelFacts:
    """What a GGUF file's header says.

    Raises:
        ModelError: no GGUF file, cut short, damaged, or an adapter.
    """
    header = read_header(path)
    if header.is_adapter:
        raise ModelError(f"{path} is an adapter, not a model: give the model it was trained on.")
    metadata = header.metadata
    claimed = metadata.get(f"{header.architecture}.context_length", 0)
    sensible = isinstance(claimed, int) and 0 < claimed <= LARGEST_CONTEXT
    odd = [] if sensible or not claimed else [f"Its metadata claims a context of {_brief(claimed)} tokens."]
    blocks = metadata.get(f"{header.architecture}.block_count", 0)
    stored = {match[1] for name in header.tensors if (match := re.match(r"blk\.(\d+)\.", name))}
    if isinstance(blocks, int) and stored and blocks != len(stored):
        odd.append(f"Its metadata claims {_brief(blocks)} layers, the file holds {len(stored)}.")
    bits = 8 * header.weight_bytes / header.parameters if header.parameters else 0.0
    if not header.parameters:
        odd.append("It holds no weights.")
    base = [
        _repository(metadata, number) for number in range(min(_whole(metadata.get("general.base_model.count")), 16))
    ]
    tags = tuple(tag for tag in _texts(metadata.get("general.tags")))
    name = header.name or path.stem
    return ModelFacts(
        name if path.stem.casefold() in name.casefold() else f"{path.stem} ({name})",
        "gguf",
        header.architecture,
        header.parameters,
        claimed if sensible else 0,
        _FILE_TYPES.get(_whole(metadata.get("general.file_type"), -1), f"{bits:.1f} bits"),
        bits,
        header.weight_bytes,
        tuple(_texts(metadata.get("general.languages"))),
        tags,
        header.licence,
        tuple(filter(None, base)),
        str(metadata.get("tokenizer.chat_template", "")),
        header.end_token,
        stop_tokens=header.special_tokens if _whole(metadata.get("tokenizer.ggml.eot_token_id"), -1) >= 0 else (),
        shape=shape_of_gguf(header),
        odd=tuple(odd),
    )


def _repository(metadata: Mapping[str, Any], number: int) -> str:
    """``organisation/name`` of a base model."""
    prefix = f"general.base_model.{number}."
    url = str(metadata.get(f"{prefix}repo_url", "")).rstrip("/")
    if "/" in url:
        return "/".join(url.split("/")[-2:])
    return "/".join(filter(None, (str(metadata.get(f"{prefix}{key}", "")) for key in ("organization", "name"))))


def read_folder(folder: Path) -> ModelFacts:
    """What the files of a transformers folder say.

    Raises:
        ModelError: the folder holds nothing of a model, or JSON that cannot be read.
    """
    # Two levels, as repositories of models have them: a home folder named by mistake is not searched through.
    names = {
        str(path.relative_to(folder)) for pattern in ("*", "*/*") for path in folder.glob(pattern) if path.is_file()
    }
    ggufs = sorted(name for name in names if name.lower().endswith(".gguf"))
    if "config.json" not in names and len(ggufs) == 1:
        return read_gguf(folder / ggufs[0])
    weights = sorted(name for name in names if name.endswith(".safetensors") and "/" not in name)
    if "config.json" not in names and not weights:
        hint = f"it holds {len(ggufs)} GGUF files, name one" if ggufs else "it has neither config.json nor weights"
        raise ModelError(f"{folder} is no model folder: {hint}.")
    config, settings = _json(folder, "config.json"), _json(folder, "tokenizer_config.json")
    tensors = [read_tensors(folder / name) for name in weights]
    pickled, code = refused_files(names)
    missing = _missing(folder, names, tensors, pickled)
    # Part of the weights says nothing about the size of the whole.
    parameters = 0 if any("weight" in each for each in missing) else sum(each.parameters for each in tensors)
    size = sum(each.bytes for each in tensors)
    card = _card(folder)
    text = config.get("text_config", config) if isinstance(config.get("text_config", config), dict) else config
    context = _whole(text.get("max_position_embeddings") or text.get("n_positions"))
    end, begin = (_token(settings.get(name)) for name in ("eos_token", "bos_token"))
    remote = [f"{key} in config.json" for key in ("auto_map",) if config.get(key)]
    facts = {
        **card_facts(card),
        "base_models": _ancestors(card, config, _json(folder, "adapter_config.json"), folder),
    }
    sensible = 0 <= context <= LARGEST_CONTEXT
    return ModelFacts(
        folder.name,
        "safetensors",
        str(next(iter(_texts(config.get("architectures"))), config.get("model_type", ""))),
        parameters,
        context if sensible else 0,
        _quantisation(config, tensors),
        8 * size / parameters if parameters else 0.0,
        size,
        chat_template=_template(folder, settings),
        end_token=end,
        begin_token=begin,
        stop_tokens=_stops(folder, settings),
        shape=shape_of_config(config, parameters),
        pickled=pickled,
        code=(*code, *remote),
        has_safe_weights=bool(tensors),
        missing=missing,
        odd=() if sensible else (f"Its configuration claims a context of {_brief(context)} tokens.",),
        **facts,
    )


def refused_files(names: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pickled weights, and code that comes along."""
    pickled = [name for name in names if name.lower().endswith(_PICKLES) and name.rpartition("/")[2] not in _NO_WEIGHTS]
    return tuple(sorted(pickled)), tuple(sorted(name for name in names if name.endswith(".py")))


def card_facts(card: Mapping[str, Any]) -> dict[str, Any]:
    """Licence, languages and tags of a model card's metadata.

    Keys: https://huggingface.co/docs/hub/model-cards#model-card-metadata
    """
    licence = str(card.get("license") or "")
    if licence == "other" and card.get("license_name"):
        licence = str(card["license_name"])
    return {
        "licence": licence,
        "languages": tuple(_texts(card.get("language"))),
        "tags": tuple(_texts(card.get("tags"))),
    }


def _ancestors(
    card: Mapping[str, Any], config: Mapping[str, Any], adapter: Mapping[str, Any], folder: Path
) -> tuple[str, ...]:
    named = [*_texts(card.get("base_model")), *_texts(adapter.get("base_model_name_or_path"))]
    before = str(config.get("_name_or_path") or "")
    # A path on somebody's disk says nothing, but for its last part.
    if before and before.rstrip("/").rpartition("/")[2] != folder.name and not before.startswith(("/", ".", "~")):
        named.append(before)
    return tuple(dict.fromkeys(named))


def _quantisation(config: Mapping[str, Any], tensors: list[TensorSummary]) -> str:
    quantised = config.get("quantization_config")
    if isinstance(quantised, dict):
        return str(quantised.get("quant_method", "quantised"))
    counts: dict[str, int] = {}
    for each in tensors:
        for kind, count in each.by_type.items():
            counts[kind] = counts.get(kind, 0) + count
    return max(counts, key=lambda kind: counts[kind], default="")


def _missing(folder: Path, names: set[str], tensors: list[TensorSummary], pickled: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    if "config.json" not in names:
        found.append("config.json")
    if not names & {"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model"}:
        found.append("the tokenizer (tokenizer.json or tokenizer.model)")
    shards = _json(folder, "model.safetensors.index.json").get("weight_map")
    wanted = {str(name) for name in shards.values()} if isinstance(shards, dict) else set()
    if absent := sorted(wanted - names):
        found.append(f"{len(absent)} of {len(wanted)} weight files ({', '.join(absent[:3])})")
    numbered = {match[2]: match for name in names if (match := re.search(r"-(\d{5})-of-(\d{5})\.safetensors$", name))}
    for total, match in numbered.items():
        there = sum(name.endswith(f"-of-{total}.safetensors") for name in names)
        if not wanted and there < int(total):
            found.append(f"{int(total) - there} of {int(match[2])} weight files")
    if not tensors and not pickled and not wanted:
        found.append("the weights")
    found += [f"the end of {each.name} (it is cut short)" for each in tensors if each.cut_short]
    return tuple(found)


def _stops(folder: Path, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Texts of the end tokens that ``generation_config.json`` names by id."""
    ids = _json(folder, "generation_config.json").get("eos_token_id")
    wanted = {str(item) for item in (ids if isinstance(ids, list) else [ids])}
    added = settings.get("added_tokens_decoder")
    decoder = added if isinstance(added, dict) else {}
    return tuple(_token(token) for number, token in decoder.items() if str(number) in wanted)


def _template(folder: Path, settings: Mapping[str, Any]) -> str:
    beside = folder / "chat_template.jinja"
    if beside.is_file() and beside.stat().st_size < LARGEST_JSON:
        return beside.read_text(encoding="utf-8", errors="replace")
    told = settings.get("chat_template") or _json(folder, "chat_template.json").get("chat_template")
    if isinstance(told, list):
        named = {str(each.get("name")): each.get("template") for each in told if isinstance(each, dict)}
        told = named.get("default") or next(iter(named.values()), "")
    return told if isinstance(told, str) else ""


def _card(folder: Path) -> Mapping[str, Any]:
    """The front matter of ``README.md``; empty where there is none, or none that can be read."""
    import yaml

    readme = folder / "README.md"
    if not readme.is_file():
        return {}
    text = readme.read_text(encoding="utf-8", errors="replace")[:100_000]
    match = re.match(r"\ufeff?---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    try:
        card = yaml.safe_load(match[1]) if match else {}
    except (yaml.YAMLError, RecursionError):
        return {}
    return card if isinstance(card, dict) else {}


def _json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        return {}
    if path.stat().st_size > LARGEST_JSON:
        raise ModelError(f"{path} has {path.stat().st_size / 1e6:,.0f} MB, which no such file needs: fetch it again.")
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError, OSError):
        raise ModelError(f"{path} is not JSON: fetch or copy it again.") from None
    return told if isinstance(told, dict) else {}


def _token(token: Any) -> str:
    """Tokenizers write a token as text, or as an object with it inside."""
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else ""


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value if item] if isinstance(value, list | tuple) else []


def _whole(value: Any, otherwise: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _brief(value: Any) -> str:
    if isinstance(value, int) and abs(value) < 10**15:
        return f"{value:,}"
    return f"{value:.0e}" if isinstance(value, float) else str(value)[:40]
