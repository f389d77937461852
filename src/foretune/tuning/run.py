"""From encoded examples and a GGUF model to an adapter for that model, whichever examples were chosen."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from foretune.engines.gguf_header import read_header
from foretune.errors import InputError
from foretune.files import replacing, sweep_drafts
from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.progress import Progress
from foretune.tuning.base import load_base
from foretune.tuning.chat import ChatTokenizer
from foretune.tuning.checkpoint import Checkpoint
from foretune.tuning.dev import DevQuestion, count_right
from foretune.tuning.export_gguf import export_gguf
from foretune.tuning.layout import ARCHITECTURES
from foretune.tuning.memory import explain_out_of_memory
from foretune.tuning.merge import write_merged
from foretune.tuning.quantised import quantise, require_quantising
from foretune.tuning.runtime import choose_attention, choose_device, choose_dtype, torch
from foretune.tuning.schedule import epochs_for, learning_rate_for
from foretune.tuning.team import team_from_environment
from foretune.tuning.tokenize import Encoded, check_mask
from foretune.tuning.train import attach_adapter, train
from foretune.tuning.types import BESIDE_THE_RESULT, AdapterResult, Dropped, Example, examples_digest
from foretune.tuning.weights import PLAIN, WeightFiles
from foretune.types import digest

__all__ = ["Selection", "effective_alpha", "run", "write_peft"]

_SEEN_OTHERWISE = {"epochs", "max_tokens", "pilot_tokens", "canaries", "precision", "bench_fraction"}
"""Settings that change the weights through what is told apart by itself: examples, epochs, precision, dev questions."""

VERSION = 3
"""Of the way of training: raise it when the same inputs come to give other weights, or the record other fields."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What will be trained on, and what became of the rest."""

    encoded: Sequence[Encoded]
    dropped: Sequence[Dropped] = ()
    cut: Sequence[Dropped] = ()
    evaluation: Sequence[Encoded] = ()


def run(
    selection: Selection,
    examples: Sequence[Example],
    *,
    chat: ChatTokenizer,
    base: ModelFiles,
    folder: Path,
    settings: TuningSettings,
    progress: Progress,
    dev: Sequence[DevQuestion] = (),
    files: WeightFiles = PLAIN,
) -> AdapterResult:
    """Check the label mask, train, export; what all recipes have in common.

    Args:
        examples: at least those of ``selection``, to check the mask against.
    """
    device = choose_device()
    if settings.method == "qlora":
        require_quantising(device)
    check_mask([*selection.encoded, *selection.evaluation], examples, chat)
    dtype = choose_dtype(settings.precision, device)
    epochs = epochs_for(len(selection.encoded), settings.epochs)
    parameters = base.model.parameters if base.model else read_header(base.weights).parameters
    settings = settings.model_copy(update={"learning_rate": learning_rate_for(parameters, settings.learning_rate)})
    inputs = digest(
        VERSION,
        base.hash,
        [(item.ids, item.labels) for item in selection.encoded],
        [(item.ids, item.labels) for item in selection.evaluation],
        settings.model_dump(exclude={*BESIDE_THE_RESULT, *_SEEN_OTHERWISE}),
        epochs,
        str(dtype),
        *([[asdict(each) for each in dev]] if dev else []),
    )
    files.prepare(folder)
    if (finished := _finished(folder, inputs, files)) is not None:
        return finished
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        explain_out_of_memory(settings),
        torch.random.fork_rng(),  # the caller's dice stay as they are
        team_from_environment() as team,
    ):
        if team.leads:
            sweep_drafts(folder)
        started = time.monotonic()
        with progress.step("loading the model", total=1, unit="models") as bar:
            attention = choose_attention(device, dtype, max(len(item.ids) for item in selection.encoded))
            if settings.method == "qlora":
                loaded = load_base(base.weights, dtype=dtype, device=torch.device("cpu"), attention=attention)
                model = quantise(loaded, device)
            else:
                model = load_base(base.weights, dtype=dtype, device=device, attention=attention)
            model = attach_adapter(model, settings)
            bar.advance()
        _require_space(folder, model)
        checkpoint = Checkpoint(folder / "checkpoint.pt", inputs, files)
        startup = time.monotonic() - started
        position = train(
            model,
            selection.encoded,
            settings=settings,
            epochs=epochs,
            checkpoint=checkpoint,
            evaluation=selection.evaluation,
            ask=partial(count_right, questions=dev, chat=chat, team=team) if dev else None,
            team=team,
            progress=progress,
        )
        if team.leads:
            exporting = time.monotonic()
            # A training that an older version began did not time the processor from the first step on.
            timed = len(position.processors) == len(position.losses)
            path = _export(model, folder, base, settings, files)
            by_id = {example.id: example for example in examples}
            result = AdapterResult(
                path=path,
                peft=folder / "peft",
                hash=files.sha256(path),
                base_hash=base.hash,
                data_hash=examples_digest([by_id[item.id] for item in selection.encoded]),
                inputs=inputs,
                settings=settings.model_dump(),
                precision=str(dtype).removeprefix("torch."),
                epochs=position.epoch,
                trained=tuple(item.id for item in selection.encoded if not by_id[item.id].canary),
                losses=tuple(position.losses),
                evaluation_losses=tuple(position.evaluation_losses),
                tokens=position.tokens,
                seconds=position.seconds,
                processor_seconds=position.processor_seconds if timed else 0.0,
                processors=_ninth_decile(position.processors) if timed else 0.0,
                kept_epoch=position.kept_epoch,
                dev_right=tuple(position.dev_right),
                dev_questions=tuple(each.question.id for each in dev),
                stopped=position.stopped,
                canaries=sum(by_id[item.id].canary for item in selection.encoded),
                replayed=sum(by_id[item.id].replay for item in selection.encoded),
                startup_seconds=startup + time.monotonic() - exporting,
                dropped=tuple(selection.dropped),
                cut=tuple(selection.cut),
            )
            with replacing(folder / "result.json") as draft:
                draft.write_text(result.to_json(), encoding="utf-8")
            checkpoint.remove()
    # Whoever does not lead has waited for the files.
    finished = _finished(folder, inputs, files)
    assert finished is not None
    return finished


def _ninth_decile(values: Sequence[float]) -> float:
    return sorted(values)[len(values) * 9 // 10] if values else 0.0


def _finished(folder: Path, inputs: str, files: WeightFiles) -> AdapterResult | None:
    """The adapter of an earlier run on equal inputs, if its files are as it left them."""
    try:
        record = (folder / "result.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    if json.loads(record)["inputs"] != inputs:  # first, because another version may have kept other fields
        return None
    path = folder / ("merged.gguf" if json.loads(record)["settings"]["method"] == "dora" else "adapter.gguf")
    result = AdapterResult.from_json(record, path=path, peft=folder / "peft")
    intact = files.is_there(result.path) and files.sha256(result.path) == result.hash and result.peft.exists()
    return result if intact else None


def _export(model: Any, folder: Path, base: ModelFiles, settings: TuningSettings, files: WeightFiles) -> Path:
    """Write the PEFT folder and what the engine loads; returns the path of the latter."""
    from peft import get_peft_model_state_dict

    # From here until the new record is written, the folder holds no finished adapter.
    (folder / "result.json").unlink(missing_ok=True)
    weights = get_peft_model_state_dict(model, save_embedding_layers=False)
    peft_config = model.peft_config["default"]
    # A name, not the path on this machine that PEFT would write.
    peft_config.base_model_name_or_path = base.name
    write_peft(weights, peft_config, folder / "peft", files)
    if settings.method == "dora":  # llama.cpp's adapters know no magnitudes
        write_merged(base.weights, folder / "peft", folder / "merged.gguf", kind="Q8_0", files=files)
        return folder / "merged.gguf"
    config = model.config
    export_gguf(
        weights,
        folder / "adapter.gguf",
        architecture=ARCHITECTURES[config.model_type],
        heads=config.num_attention_heads,
        key_value_heads=config.num_key_value_heads,
        alpha=effective_alpha(settings),
        base_hash=base.hash,
        files=files,
    )
    return folder / "adapter.gguf"


def write_peft(weights: Mapping[str, torch.Tensor], config: Any, folder: Path, files: WeightFiles = PLAIN) -> None:
    """Write what PEFT's ``save_pretrained`` writes, byte for byte, without its file of weights ever lying plain.

    Source: ``PeftModel.save_pretrained`` of https://github.com/huggingface/peft.
    """
    from safetensors.torch import save

    draft = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    trained, config.inference_mode = config.inference_mode, True
    config.save_pretrained(draft)
    config.inference_mode = trained
    with files.writing(draft / "adapter_model.safetensors") as stream:
        stream.write(save({name: value.contiguous() for name, value in weights.items()}, metadata={"format": "pt"}))
    shutil.rmtree(folder, ignore_errors=True)
    draft.replace(folder)


def effective_alpha(settings: TuningSettings) -> float:
    """The alpha of a plain LoRA that scales as these settings do: rsLoRA divides by √rank instead of the rank."""
    return settings.alpha * math.sqrt(settings.rank) if settings.method == "rslora" else float(settings.alpha)


def _require_space(folder: Path, model: Any) -> None:
    """Adapter, best epoch and the optimiser's two moments, twice while a checkpoint is replaced; and the exports."""
    adapter = sum(value.numel() * value.element_size() for value in model.parameters() if value.requires_grad)
    needed, free = 10 * adapter, shutil.disk_usage(folder).free
    if free < needed:
        raise InputError(
            f"Tuning needs {needed / 1e6:.0f} MB in {folder}, and {free / 1e6:.0f} MB are free: make room there."
        )
