"""Models that are elsewhere, by their metadata: Hugging Face, Ollama, any OpenAI-compatible address."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from foretune.errors import ModelError
from foretune.models.hub import hub_errors
from foretune.plan.sizing.shape import ModelShape
from foretune.plan.suitability.read import card_facts, refused_files
from foretune.plan.suitability.types import ModelFacts

__all__ = ["read_address", "read_hub"]

SECONDS = 10
"""How long an address may take to answer."""
LARGEST_ANSWER = 16_000_000
"""Bytes."""
_UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def read_address(url: str, model: str = "", *, key: str = "") -> ModelFacts:
    """What an address says about one of its models.

    Args:
        url: of an OpenAI-compatible server (``http://localhost:8000/v1``) or of Ollama.
        model: its name there; may be empty where the address has one only.
        key: sent as a bearer token, where there is one.

    Raises:
        ModelError: nobody answers, what answers is no such server, or it has no such model; one sentence.
    """
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ModelError(f"{url!r} is not an address: write it like http://localhost:8000/v1.")
    base = url.rstrip("/")
    listed = _get(f"{base}/models" if base.endswith("/v1") else f"{base}/v1/models", key)
    entries = listed.get("data")
    if not isinstance(entries, list):
        raise ModelError(f"{url} answers, but not with a list of models: it is no OpenAI-compatible address.")
    names = [str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry]
    if not model and len(names) != 1:
        raise ModelError(f"{url} has {len(names)} models: name one ({', '.join(names[:10]) or 'there is none'}).")
    name = model or names[0]
    if name not in names:
        raise ModelError(f"{url} has no model {name!r}: it has {', '.join(names[:10]) or 'none'}.")
    entry = next(entry for entry in entries if entry.get("id") == name)
    root = base.removesuffix("/v1")
    shown = _post_or_nothing(f"{root}/api/show", {"model": name}, key)
    if shown:
        return _ollama(name, shown)
    context = entry.get("max_model_len") or entry.get("context_length") or 0
    # vLLM names the repository it serves as ``root``.
    parents = tuple(filter(None, (str(entry.get("root") or ""), str(entry.get("parent") or ""))))
    return ModelFacts(
        name,
        "openai",
        context=context if isinstance(context, int) else 0,
        base_models=tuple(parent for parent in parents if parent != name),
    )


def _ollama(name: str, shown: Mapping[str, Any]) -> ModelFacts:
    """Ollama's ``/api/show`` (https://github.com/ollama/ollama/blob/main/docs/api.md#show-model-information)."""
    details, info = _object(shown.get("details")), _object(shown.get("model_info"))
    family = str(info.get("general.architecture") or details.get("family", ""))
    sized = re.fullmatch(r"([\d.]+)([KMBT])", str(details.get("parameter_size", "")))
    parameters = info.get("general.parameter_count") or (round(float(sized[1]) * _UNITS[sized[2]]) if sized else 0)
    context = info.get(f"{family}.context_length", 0)
    licence = str(shown.get("license") or "").strip().split("\n")[0].strip()
    return ModelFacts(
        name,
        "ollama",
        family,
        int(parameters),
        int(context) if isinstance(context, int) else 0,
        str(details.get("quantization_level", "")),
        licence=str(info.get("general.license") or licence)[:80],
        base_models=tuple(filter(None, (str(details.get("parent_model") or ""),))),
        shape=_shape(info, family, int(parameters)),
    )


def _shape(info: Mapping[str, Any], family: str, parameters: int) -> ModelShape | None:
    names = ("block_count", "embedding_length", "feed_forward_length", "attention.head_count")
    measures = [info.get(f"{family}.{name}", 0) for name in names]
    vocabulary = info.get(f"{family}.vocab_size") or 32_000
    if not parameters or not all(isinstance(measure, int) and measure > 0 for measure in measures):
        return None
    layers, hidden, feed_forward, heads = measures
    kv_heads = info.get(f"{family}.attention.head_count_kv") or heads
    return ModelShape(parameters, layers, hidden, feed_forward, int(vocabulary), heads, int(kv_heads), hidden // heads)


def read_hub(repository: str) -> ModelFacts:
    """What the Hugging Face Hub says about a repository, without fetching it.

    Raises:
        ModelError: there is no such repository, it is closed to you, or the Hub cannot be reached.
    """
    from huggingface_hub import HfApi

    with hub_errors(repository):
        info = HfApi().model_info(repository, timeout=SECONDS)
    card: Mapping[str, Any] = vars(info.card_data) if info.card_data else {}
    names = {sibling.rfilename for sibling in info.siblings or []}
    pickled, code = refused_files(names)
    config = _object(info.config)
    settings = _object(config.get("tokenizer_config"))
    safe, gguf = info.safetensors, getattr(info, "gguf", None) or {}
    counts = dict(safe.parameters) if safe else {}
    base = card.get("base_model") or []
    return ModelFacts(
        repository,
        "hub",
        str(next(iter(config.get("architectures", [])), config.get("model_type", ""))),
        int(safe.total if safe else gguf.get("total", 0)),
        int(gguf.get("context_length", 0)),
        max(counts, key=lambda kind: counts[kind], default=""),
        base_models=tuple([base] if isinstance(base, str) else base),
        chat_template=str(settings.get("chat_template") or gguf.get("chat_template", "")),
        end_token=_text(settings.get("eos_token") or gguf.get("eos_token")),
        begin_token=_text(settings.get("bos_token") or gguf.get("bos_token")),
        pickled=pickled,
        code=(*code, *(("auto_map in config.json",) if config.get("auto_map") else ())),
        has_safe_weights=any(name.endswith((".safetensors", ".gguf")) for name in names),
        **card_facts(card),
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(token: Any) -> str:
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")


def _get(url: str, key: str) -> Mapping[str, Any]:
    return _answer(Request(url, headers=_headers(key)), url)  # noqa: S310  (the scheme was checked)


def _post_or_nothing(url: str, body: Mapping[str, str], key: str) -> Mapping[str, Any]:
    """The answer, or nothing from a server that has no such path."""
    headers = {"Content-Type": "application/json", **_headers(key)}
    try:
        return _answer(Request(url, json.dumps(body).encode(), headers), url)  # noqa: S310
    except ModelError:
        return {}


def _headers(key: str) -> dict[str, str]:
    return {"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}


def _answer(request: Request, url: str) -> Mapping[str, Any]:
    try:
        with urlopen(request, timeout=SECONDS) as response:  # noqa: S310
            kind, body = response.headers.get_content_type(), response.read(LARGEST_ANSWER)
    except HTTPError as error:
        reason = {401: "it wants a key", 403: "it does not let you in", 404: "it knows no such path"}
        raise ModelError(
            f"{url} refuses ({error.code}, {reason.get(error.code, 'it says no more')}): check address and key."
        ) from None
    except (URLError, TimeoutError, OSError, ValueError) as error:
        why = getattr(error, "reason", error)
        raise ModelError(f"Nobody answers at {url} ({why}): check the address, and that the server runs.") from None
    if kind == "text/html" or body.lstrip()[:1] == b"<":
        raise ModelError(f"{url} answers with a web page, not with data: give the address of the API, ending in /v1.")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise ModelError(
            f"{url} answers with something that is not JSON: it is no OpenAI-compatible address."
        ) from None
    if not isinstance(told, dict):
        raise ModelError(f"{url} answers with JSON of another kind: it is no OpenAI-compatible address.")
    return told
