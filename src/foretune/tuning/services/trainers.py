"""Trainers that people run themselves: a folder with data, base model and settings, and the command that runs it.

What the engine will answer with is written out as transformers reads it, so that what comes back was trained on the
very weights it will be switched on over, and not on those of a repository that may have moved on.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from foretune.errors import InputError
from foretune.files import file_sha256, replacing
from foretune.tuning.adopted import WEIGHTS, Adopted, read_adopted_folder
from foretune.tuning.services.base import (
    Hosted,
    JobState,
    Keep,
    Known,
    Progressed,
    ServiceError,
    ServiceOptions,
    TuningJob,
    service,
)

__all__: list[str] = []

_BASE, _RESULT = "base", "adapter"


class _Trainer(ABC):
    """What these trainers have in common; a subclass says how it wants its settings, and how it is started."""

    name: ClassVar[str]
    title: ClassVar[str]
    format: ClassVar[str]
    remote = False

    def __init__(self, options: ServiceOptions) -> None:
        self._parent = options.folder

    @abstractmethod
    def settings(self, job: TuningJob, folder: Path, *, evaluation: bool) -> Mapping[str, str]:
        """Files to write, by name."""

    @abstractmethod
    def how_to_start(self, folder: Path) -> str:
        """A sentence."""

    def submit(self, job: TuningJob, known: Known, keep: Keep) -> str:
        from foretune.pairs.formats import export_format, find_format
        from foretune.tuning.unpacked import write_unpacked

        if job.base is None:
            raise InputError(
                f"A job for {self.title} trains the plan's model: set engine.kind to llama and engine.model to a "
                "packaged model or a GGUF file in foretune.toml."
            )
        folder = self._parent / job.name
        keep("folder", str(folder.resolve()))
        export = export_format(job.pairs, folder, find_format(self.format))
        rows = {each.split: each.rows for each in export.files if each.split}
        if not rows.get("train"):
            raise InputError(
                f"None of the pairs can be written for {self.title}: see {export.folder / 'manifest.json'}."
            )
        for each in export.files:
            keep(f"file {each.path.relative_to(folder).as_posix()}", each.sha256)
        if not (folder / _BASE / "config.json").exists():
            write_unpacked(job.base, folder / _BASE)
        for name, text in self.settings(job, folder, evaluation=bool(rows.get("evaluation"))).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with replacing(folder / name) as draft:
                draft.write_text(text, encoding="utf-8")
        return f"{self.how_to_start(folder)} Then `foretune tune fetch` brings the adapter."

    def status(self, job_id: str, known: Known) -> Progressed:
        folder = Path(known["folder"])
        if not folder.exists():
            return Progressed(JobState.FAILED, f"{folder} is not there any more")
        if (folder / _RESULT / WEIGHTS).exists():
            return Progressed(JobState.SUCCEEDED)
        steps = sorted(
            int(number)
            for each in (folder / _RESULT).glob("checkpoint-*")
            if (number := each.name.removeprefix("checkpoint-")).isdecimal()
        )
        if steps:
            return Progressed(JobState.RUNNING, f"{steps[-1]} steps are saved")
        return Progressed(JobState.WAITING, self.how_to_start(folder).rstrip("."))

    def fetch(self, job_id: str, known: Known, *, hosted: bool) -> Adopted | Hosted:
        if hosted:
            raise InputError(f"{self.title} serves no model: leave --hosted out.")
        folder = Path(known["folder"])
        for name, expected in known.items():
            path = folder / name.removeprefix("file ")
            if name.startswith("file ") and (not path.exists() or file_sha256(path) != expected):
                raise ServiceError(
                    f"{path} is not what was written there, so nobody can say what the adapter learned: submit again."
                )
        return read_adopted_folder(self._result(folder))

    def _result(self, folder: Path) -> Path:
        return folder / _RESULT

    def forget(self, known: Known) -> int:
        return 0  # the folder is the person's


@service
class Axolotl(_Trainer):
    """https://docs.axolotl.ai/docs/config-reference.html"""

    name = "axolotl"
    title = "Axolotl"
    format = "axolotl"

    def how_to_start(self, folder: Path) -> str:
        return f"Start it: cd {folder} && axolotl train job.yaml."

    def settings(self, job: TuningJob, folder: Path, *, evaluation: bool) -> Mapping[str, str]:
        def dataset(file: str) -> dict[str, Any]:
            return {
                "path": f"{self.format}/{file}",
                "ds_type": "json",
                "type": "chat_template",
                "field_messages": "messages",
                "message_property_mappings": {"role": "role", "content": "content"},
                "roles_to_train": ["assistant"],
                "train_on_eos": "turn",
                "split": "train",
            }

        settings = job.settings
        values = {
            "base_model": _BASE,
            "chat_template": "tokenizer_default",
            "datasets": [dataset("train.jsonl")],
            **({"test_datasets": [dataset("validation.jsonl")]} if evaluation else {}),
            "val_set_size": 0.0,
            "dataset_prepared_path": "prepared",
            "output_dir": _RESULT,
            "adapter": "lora",
            "lora_r": settings.rank,
            "lora_alpha": settings.alpha,
            "lora_dropout": settings.dropout,
            "lora_target_linear": True,
            **({"peft_use_rslora": True} if settings.method == "rslora" else {}),
            **({"peft_use_dora": True} if settings.method == "dora" else {}),
            "sequence_len": settings.max_tokens,
            "excess_length_strategy": "drop",
            "sample_packing": False,
            "pad_to_sequence_len": False,
            "micro_batch_size": settings.batch_size,
            "gradient_accumulation_steps": settings.gradient_accumulation,
            "num_epochs": job.epochs,
            "optimizer": "adamw_torch",
            "weight_decay": 0.0,
            "lr_scheduler": "linear",
            "learning_rate": settings.learning_rate,
            "warmup_ratio": settings.warmup_fraction,
            "max_grad_norm": 1.0,
            "bf16": "auto",
            "logging_steps": 1,
            "seed": settings.seed,
        }
        return {"job.yaml": _yaml(values)}


@service
class LlamaFactory(_Trainer):
    """https://llamafactory.readthedocs.io/en/latest/getting_started/sft.html"""

    name = "llama-factory"
    title = "LLaMA-Factory"
    format = "llama-factory"

    def how_to_start(self, folder: Path) -> str:
        return f"Start it: cd {folder} && llamafactory-cli train job.yaml."

    def settings(self, job: TuningJob, folder: Path, *, evaluation: bool) -> Mapping[str, str]:
        settings = job.settings
        values = {
            "model_name_or_path": _BASE,
            "stage": "sft",
            "do_train": True,
            # No template: it then takes the one of the tokenizer, which is the one the engine applies.
            "finetuning_type": "lora",
            "lora_target": "all",
            "lora_rank": settings.rank,
            "lora_alpha": settings.alpha,
            "lora_dropout": settings.dropout,
            **({"use_rslora": True} if settings.method == "rslora" else {}),
            **({"use_dora": True} if settings.method == "dora" else {}),
            "dataset_dir": self.format,
            "dataset": "foretune_train",
            **({"eval_dataset": "foretune_evaluation", "eval_strategy": "epoch"} if evaluation else {}),
            "cutoff_len": settings.max_tokens,
            "output_dir": _RESULT,
            "overwrite_output_dir": True,
            "per_device_train_batch_size": settings.batch_size,
            "gradient_accumulation_steps": settings.gradient_accumulation,
            "learning_rate": settings.learning_rate,
            "num_train_epochs": job.epochs,
            "lr_scheduler_type": "linear",
            "warmup_ratio": settings.warmup_fraction,
            "optim": "adamw_torch",
            "weight_decay": 0.0,
            "max_grad_norm": 1.0,
            "include_num_input_tokens_seen": True,
            "logging_steps": 1,
            "save_strategy": "epoch",
            "report_to": "none",
            "seed": settings.seed,
        }
        return {"job.yaml": _yaml(values)}


@service
class WebUi(_Trainer):
    """text-generation-webui from 4.0 on: what its Training tab takes over with *Copy parameters from*.

    ``do_copy_params`` in https://github.com/oobabooga/text-generation-webui/blob/main/modules/training.py
    """

    name = "text-generation-webui"
    title = "text-generation-webui"
    format = "text-generation-webui"

    def how_to_start(self, folder: Path) -> str:
        return (
            f"Copy {folder / self.format} to user_data/training/datasets, {folder / _BASE} to user_data/models and "
            f"{folder / 'loras'} into user_data, load the model, choose {folder.name} under Training > Copy parameters "
            f"from, start, and copy user_data/loras/{folder.name} to {folder / _RESULT}."
        )

    def settings(self, job: TuningJob, folder: Path, *, evaluation: bool) -> Mapping[str, str]:
        settings = job.settings
        values = {
            "lora_name": job.name,
            "always_override": True,
            "all_linear": True,
            "micro_batch_size": settings.batch_size,
            "batch_size": settings.batch_size * settings.gradient_accumulation,
            "epochs": job.epochs,
            "learning_rate": f"{settings.learning_rate:g}",
            "lr_scheduler_type": "linear",
            "lora_rank": settings.rank,
            "lora_alpha": settings.alpha,
            "lora_dropout": settings.dropout,
            "cutoff_len": settings.max_tokens,
            "dataset": "foretune_train",
            "eval_dataset": "foretune_evaluation" if evaluation else "None",
            "format": "Chat Template",
            "optimizer": "adamw_torch",
            "warmup_steps": 0,
        }
        return {f"loras/{job.name}/training_parameters.json": json.dumps(values, indent=2) + "\n"}


def _yaml(values: Mapping[str, Any]) -> str:
    import yaml

    text: str = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True)
    return text
