"""Adapters that were trained elsewhere: read, held against the base model they are for, and written as our own are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from foretune.errors import InputError, ModelError
from foretune.files import replacing
from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.tuning.layout import ARCHITECTURES, LINEAR_LAYERS
from foretune.tuning.types import AdapterResult
from foretune.tuning.weights import PLAIN, WeightFiles

if TYPE_CHECKING:
    from foretune.tuning.runtime import torch

__all__ = ["CONFIG", "WEIGHTS", "Adopted", "adopt", "read_adopted", "read_adopted_folder"]

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
"""Files of a PEFT folder (https://huggingface.co/docs/peft/developer_guides/checkpoint)."""
_HISTORY = "trainer_state.json"
"""What transformers' Trainer, on which other trainers stand, says about the course of a training."""

_TENSOR = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(.+)\.lora_(A|B)\.weight")
_GGUF_NAMES = {layer: gguf_name for gguf_name, layer in LINEAR_LAYERS.items()}


@dataclass(frozen=True, slots=True)
class Adopted:
    """An adapter, and what its trainer said about the training."""

    method: str
    rank: int
    alpha: int
    dropout: float
    weights: Mapping[str, torch.Tensor] = field(repr=False)
    """PEFT's names; A is (rank, inputs), B is (outputs, rank)."""
    losses: tuple[float, ...] = ()
    evaluation_losses: tuple[float, ...] = ()
    epochs: int = 0
    tokens: int = 0
    seconds: float = 0.0


def read_adopted(config: bytes, weights: bytes) -> Adopted:
    """An adapter from the content of its two files.

    Raises:
        InputError: they are none, or of a kind that llama.cpp cannot switch.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        settings = json.loads(config)
        kind, rank, alpha = settings["peft_type"], int(settings["r"]), settings["lora_alpha"]
        tensors = load(weights)
    except (ValueError, KeyError, TypeError, SafetensorError):
        raise InputError(f"{CONFIG} or {WEIGHTS} is damaged, or of something else than a LoRA: train again.") from None
    for wrong, what in (
        (kind != "LORA", f"of the kind {kind}"),
        (settings.get("bias", "none") != "none", "with biases"),
        (bool(settings.get("modules_to_save")), "with whole layers of its own (modules_to_save)"),
        (bool(settings.get("rank_pattern") or settings.get("alpha_pattern")), "with a rank for each layer"),
        (alpha != int(alpha), f"with the broken alpha {alpha}"),
    ):
        if wrong:
            raise InputError(f"The adapter is one {what}, which the engine cannot switch: train a plain LoRA.")
    return Adopted(
        method="dora" if settings.get("use_dora") else "rslora" if settings.get("use_rslora") else "lora",
        rank=rank,
        alpha=int(alpha),
        dropout=float(settings.get("lora_dropout") or 0.0),
        weights={name: tensor.float() for name, tensor in tensors.items()},
    )


def read_adopted_folder(folder: Path) -> Adopted:
    """An adapter from a PEFT folder, with the course of its training where a trainer left it.

    Raises:
        InputError: there is none in the folder, or one that cannot be read.
    """
    try:
        adopted = read_adopted((folder / CONFIG).read_bytes(), (folder / WEIGHTS).read_bytes())
    except FileNotFoundError as error:
        raise InputError(
            f"There is no {Path(error.filename).name} in {folder}: has it been trained? --from names another folder."
        ) from None
    try:
        history = json.loads((folder / _HISTORY).read_text(encoding="utf-8"))
        log = [entry for entry in history["log_history"] if isinstance(entry, dict)]
    except (OSError, ValueError, KeyError, TypeError):
        return adopted
    return replace(
        adopted,
        losses=tuple(float(entry["loss"]) for entry in log if "loss" in entry),
        evaluation_losses=tuple(float(entry["eval_loss"]) for entry in log if "eval_loss" in entry),
        epochs=round(float(history.get("epoch") or 0)),
        tokens=int(history.get("num_input_tokens_seen") or 0),
        seconds=float(next((entry["train_runtime"] for entry in reversed(log) if "train_runtime" in entry), 0.0)),
    )


def adopt(
    adopted: Adopted,
    *,
    base: ModelFiles,
    folder: Path,
    settings: TuningSettings,
    trained: Sequence[str],
    data_hash: str,
    inputs: str,
    files: WeightFiles = PLAIN,
) -> AdapterResult:
    """Write the adapter into ``folder`` as :func:`~foretune.tuning.tune` would have.

    Args:
        settings: those it was ordered with; what the adapter itself says goes before them.
        trained: ids of the pairs it was trained on.
        inputs: digest of the order, in place of that of the encoded examples.

    Raises:
        ModelError: it is for another model than ``base``.
        InputError: it holds what the engine cannot switch, or numbers that are none.
    """
    from peft import LoraConfig

    from foretune.engines.gguf_header import read_header
    from foretune.tuning.export_gguf import export_gguf
    from foretune.tuning.merge import write_merged
    from foretune.tuning.run import effective_alpha, write_peft

    targets = _require_fit(adopted, base)
    settings = settings.model_copy(
        update={"method": adopted.method, "rank": adopted.rank, "alpha": adopted.alpha, "dropout": adopted.dropout}
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.prepare(folder)
    config = LoraConfig(
        r=adopted.rank,
        lora_alpha=adopted.alpha,
        lora_dropout=adopted.dropout,
        target_modules=targets,
        use_rslora=adopted.method == "rslora",
        use_dora=adopted.method == "dora",
        bias="none",
        task_type="CAUSAL_LM",
        base_model_name_or_path=base.name,
    )
    write_peft(adopted.weights, config, folder / "peft", files)
    if adopted.method == "dora":
        path = folder / "merged.gguf"
        write_merged(base.weights, folder / "peft", path, kind="Q8_0", files=files)
    else:
        path = folder / "adapter.gguf"
        about = read_header(base.weights).metadata
        architecture = str(about["general.architecture"])
        heads = int(about[f"{architecture}.attention.head_count"])
        export_gguf(
            adopted.weights,
            path,
            architecture=ARCHITECTURES[architecture],
            heads=heads,
            key_value_heads=int(about.get(f"{architecture}.attention.head_count_kv", heads)),
            alpha=effective_alpha(settings),
            base_hash=base.hash,
            files=files,
        )
    result = AdapterResult(
        path=path,
        peft=folder / "peft",
        hash=files.sha256(path),
        base_hash=base.hash,
        data_hash=data_hash,
        inputs=inputs,
        settings=settings.model_dump(),
        precision="",
        epochs=adopted.epochs,
        trained=tuple(trained),
        losses=adopted.losses,
        evaluation_losses=adopted.evaluation_losses,
        tokens=adopted.tokens,
        seconds=adopted.seconds,
        kept_epoch=adopted.epochs,
    )
    with replacing(folder / "result.json") as draft:
        draft.write_text(result.to_json(), encoding="utf-8")
    return result


def _require_fit(adopted: Adopted, base: ModelFiles) -> list[str]:
    """Hold every matrix against the base model's; returns the layers it changes, by the last part of their names."""
    import gguf

    from foretune.tuning.runtime import torch

    shapes = {
        each.name: tuple(int(size) for size in reversed(each.shape)) for each in gguf.GGUFReader(base.weights).tensors
    }
    layers: set[str] = set()
    for name, tensor in adopted.weights.items():
        if adopted.method == "dora" and name.endswith(".lora_magnitude_vector"):
            continue
        found = _TENSOR.fullmatch(name)
        if found is None or found[2] not in _GGUF_NAMES:
            raise InputError(
                f"The adapter changes {name.removeprefix('base_model.model.')}, which the engine cannot switch: train "
                f"the linear layers only ({', '.join(layer.rpartition('.')[2] for layer in _GGUF_NAMES)})."
            )
        block, layer, matrix = found.groups()
        layers.add(layer.rpartition(".")[2])
        there = shapes.get(f"blk.{block}.{_GGUF_NAMES[layer]}.weight")
        wanted = None if there is None else (adopted.rank, there[1]) if matrix == "A" else (there[0], adopted.rank)
        if tuple(tensor.shape) != wanted:
            raise ModelError(
                f"The adapter is for another model than {base.name} (its layer {block}.{layer} is "
                f"{tuple(tensor.shape)}, and {'there is none here' if wanted is None else f'{wanted} would fit'}): "
                "set engine.model to the model it was trained on."
            )
        if not torch.isfinite(tensor).all():
            raise InputError("The adapter holds numbers that are none (its loss diverged): train with a lower rate.")
    if not layers:
        raise InputError("The adapter is empty: train again.")
    return sorted(layers)
