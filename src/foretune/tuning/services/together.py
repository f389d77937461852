"""Together's fine-tuning service: LoRA on an open model, whose adapter comes back as a PEFT folder.

https://docs.together.ai/reference (files, fine-tunes, finetune/download)
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import Any, ClassVar

from foretune.errors import InputError
from foretune.tuning.adopted import CONFIG, WEIGHTS, Adopted, read_adopted
from foretune.tuning.services.base import Hosted, JobState, Known, Progressed, ServiceError, TuningJob, service
from foretune.tuning.services.http import HttpService, where_in_file

__all__: list[str] = []

_STATES = {
    "pending": JobState.WAITING,
    "queued": JobState.WAITING,
    "running": JobState.RUNNING,
    "compressing": JobState.RUNNING,
    "uploading": JobState.RUNNING,
    "cancel_requested": JobState.RUNNING,
    "cancelled": JobState.CANCELLED,
    "error": JobState.FAILED,
    "completed": JobState.SUCCEEDED,
}
_MOST_BYTES = 8_000_000_000
"""Of an adapter: rank 256 on all layers of a 70B model has 6.6 GB in float16."""
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
"""RFC 8878, section 3.1.1."""


@service
class Together(HttpService):
    """Uploads the files, creates a LoRA job, and brings the adapter back."""

    name: ClassVar[str] = "together"
    title: ClassVar[str] = "Together"
    format: ClassVar[str] = "together"
    vendor_url: ClassVar[str] = "https://api.together.xyz/v1"
    vendor_variable: ClassVar[str] = "TOGETHER_API_KEY"
    brings: ClassVar[str] = "adapter"
    check: ClassVar[str] = "check the pairs with `foretune pairs validate` on an export for together, and --model"

    def _model_of(self, job: TuningJob) -> str:
        model = job.model or (job.base.model.upstream if job.base and job.base.model else "")
        if not model:
            raise InputError("Together has to know which of its models to tune: name it with --model.")
        return model

    def _files(self) -> dict[str, str]:
        return {each["filename"]: each["id"] for each in self.address.get("/files").get("data", [])}

    def _upload(self, name: str, content: bytes) -> str:
        fields = {"purpose": "fine-tune", "file_name": name, "file_type": "jsonl"}
        return str(self.address.upload("/files/upload", fields, name, content)["id"])

    def _find_job(self, job: TuningJob, ids: Mapping[str, str]) -> str:
        listed = self.address.get("/fine-tunes").get("data", [])
        return next((each["id"] for each in listed if each.get("training_file") == ids["train"]), "")

    def _create(self, job: TuningJob, model: str, ids: Mapping[str, str]) -> str:
        settings = job.settings
        body: dict[str, Any] = {
            "model": model,
            "training_file": ids["train"],
            **({"validation_file": ids["evaluation"], "n_evals": job.epochs} if "evaluation" in ids else {}),
            "n_epochs": job.epochs,
            **({"learning_rate": settings.learning_rate} if settings.learning_rate else {}),
            "warmup_ratio": settings.warmup_fraction,
            "training_type": {
                "type": "Lora",
                "lora_r": settings.rank,
                "lora_alpha": settings.alpha,
                "lora_dropout": settings.dropout,
                "lora_trainable_modules": "all-linear",
            },
            "training_method": {"method": "sft", "train_on_inputs": False},
            "random_seed": settings.seed,
            "suffix": job.name[:40],
        }
        return str(self.address.post("/fine-tunes", body)["id"])

    def status(self, job_id: str, known: Known) -> Progressed:
        answer = self.address.get(f"/fine-tunes/{known['job']}")
        state = _STATES.get(str(answer.get("status")), JobState.RUNNING)
        progress = answer.get("progress") or {}
        left = float(progress["seconds_remaining"]) if progress.get("estimate_available") else None
        return Progressed(state, _why(answer) if state is JobState.FAILED else "", left, answer.get("token_count"))

    def fetch(self, job_id: str, known: Known, *, hosted: bool) -> Adopted | Hosted:
        if hosted:
            model = self.address.get(f"/fine-tunes/{known['job']}").get("model_output_name")
            return Hosted("openai", self.url, self._named(model, known))
        packed = io.BytesIO()
        self.address.download("/finetune/download", packed, most=_MOST_BYTES, ft_id=known["job"], checkpoint="adapter")
        return _unpacked(packed.getvalue())


def _why(answer: dict[str, Any]) -> str:
    """A clause from the last event of a job that failed: its kind and line, not its words, which may quote."""
    errors = [each for each in answer.get("events") or [] if "error" in str(each.get("type")).lower()]
    last = errors[-1] if errors else {}
    told = (str(last.get("type") or "").lower().replace("_", " "), where_in_file(str(last.get("message") or "")))
    return ", ".join(filter(None, told))


def _unpacked(packed: bytes) -> Adopted:
    """The two files of an adapter, out of a tar archive, compressed or not, and nothing else of it.

    Raises:
        ServiceError: it is none, or they are not in it.
    """
    import pyarrow

    try:
        if packed.startswith(_ZSTANDARD):
            with pyarrow.CompressedInputStream(pyarrow.py_buffer(packed), "zstd") as stream:
                packed = stream.read(_MOST_BYTES)
        found: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if name in (CONFIG, WEIGHTS) and member.isfile() and (content := archive.extractfile(member)):
                    found[name] = content.read()
    except (tarfile.TarError, OSError, EOFError):
        raise ServiceError("What Together sent is no archive: run the command again.") from None
    if set(found) != {CONFIG, WEIGHTS}:
        raise ServiceError(
            "What Together sent holds no adapter: was it a full tuning? `foretune tune fetch --hosted` answers with "
            "the model there."
        )
    return read_adopted(found[CONFIG], found[WEIGHTS])
