"""What an adapter is called, and the model card that travels with it: Markdown, and no word of the documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.tuning.types import BESIDE_THE_RESULT
from foretune.types import digest

__all__ = ["adapter_name", "model_card"]

_RECIPE = tuple(name for name in TuningSettings.model_fields if name not in BESIDE_THE_RESULT)


def adapter_name(base: ModelFiles, settings: Mapping[str, Any], *, kind: str, data_hash: str) -> str:
    """``pilot-smollm2-135m-b179c9-lora16-3f2a-data-8c1d22-s0``: what it was made from, readable in a file listing.

    Kind, base and the beginning of its hash, method with rank and the digest of all settings, data hash, seed.
    """
    recipe = digest(_recipe(settings))[:4]
    method = f"{settings['method']}{settings['rank']}-{recipe}"
    return f"{kind}-{base.name}-{base.hash[:6]}-{method}-data-{data_hash[:6]}-s{settings['seed']}"


def _recipe(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What shaped the adapter; one that was trained before a setting came to be says nothing of it."""
    return {name: settings[name] for name in _RECIPE if name in settings}


def model_card(
    name: str,
    *,
    base: ModelFiles,
    base_hash: str,
    licence: str,
    label: str,
    adapter_hash: str,
    settings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    checks: Mapping[str, Mapping[str, Any]],
    at: str,
) -> str:
    """The card: base and licence, data by count and hash, recipe, losses, checks, how to load.

    Its head follows the Hugging Face Hub (https://huggingface.co/docs/hub/model-cards).

    Args:
        label: of the most sensitive document it learned from.
        checks: by name, what they came to; each has a ``sentence``.
    """
    evaluation = metrics["evaluation_losses"]
    trainer = metrics.get("trainer") or "Foretune"
    epochs = settings["epochs"] or "as many as suit the number of examples"
    lines = [
        "---",
        f"base_model: {base.name}",
        *([f"license: {licence.lower()}"] if licence else []),
        "library_name: peft",
        "tags: [lora, foretune]",
        "---",
        "",
        f"# {name}",
        "",
        f"A {settings['method']} adapter for {base.name}, trained on {at[:10]} with {trainer}. "
        f"**Label: {label}**, that of the most sensitive document it learned from: it can repeat what it learned.",
        "",
        "| | |",
        "|---|---|",
        f"| base model | {base.name}, SHA-256 `{base_hash}` |",
        f"| licence of the base | {licence or 'not stated by the model file: find out before you hand it on'} |",
        f"| adapter | SHA-256 `{adapter_hash}` |",
        f"| trained on | {metrics['examples']:,} conversations, {metrics.get('replayed', 0):,} of them general data "
        f"against forgetting; SHA-256 of the conversations `{metrics.get('data_hash', '')}` |",
        f"| set aside | {len(metrics.get('dropped', ())):,} (too long or not usable); "
        f"{len(metrics.get('cut', ())):,} shortened |",
        f"| read in training | {metrics['tokens']:,} tokens in {metrics['seconds']:,.0f} s, {metrics['precision']} |",
        "",
        "## Recipe",
        "",
        *(f"- {name}: {value}" for name, value in {**_recipe(settings), "epochs": epochs}.items()),
        f"- epochs made: {metrics['epochs']}, weights of epoch {metrics.get('kept_epoch') or metrics['epochs']}",
        *([f"- stopped: {metrics['stopped']}"] if metrics.get("stopped") else []),
        "",
        "## Losses",
        "",
        f"Training {metrics['losses'][0]:.3f} → {metrics['losses'][-1]:.3f} (mean cross-entropy a token, nats)."
        if metrics["losses"]
        else "Not told by whoever trained it.",
    ]
    if evaluation:
        lines.append(
            "On conversations of documents kept apart: " + " → ".join(f"{loss:.3f}" for loss in evaluation) + "."
        )
    lines += ["", "## Checks", ""]
    lines += [f"- {check}: {result['sentence']}" for check, result in checks.items()]
    if not checks:
        lines.append("None yet: `foretune tune check` looks for forgetting, memorisation and voice.")
    lines += [
        "",
        "## How to load",
        "",
        f"- PEFT: `PeftModel.from_pretrained(base, 'FOLDER')`, where `base` is {base.name} as transformers opens it.",
        "- llama.cpp: `llama-server -m BASE.gguf --lora ADAPTER.gguf`.",
        "- merged files: any program that reads GGUF; Ollama: `ollama create NAME -f Modelfile`.",
        "",
        "On any other base model it is noise.",
        "",
    ]
    return "\n".join(lines)
