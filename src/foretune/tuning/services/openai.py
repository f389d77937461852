"""OpenAI's fine-tuning service, and whoever speaks its interface.

https://platform.openai.com/docs/api-reference/files, https://platform.openai.com/docs/api-reference/fine-tuning
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from foretune.errors import InputError
from foretune.tuning.services.base import Hosted, JobState, Known, Progressed, TuningJob, service
from foretune.tuning.services.http import HttpService, where_in_file

__all__: list[str] = []

_STATES = {
    "validating_files": JobState.WAITING,
    "queued": JobState.WAITING,
    "running": JobState.RUNNING,
    "succeeded": JobState.SUCCEEDED,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
}


@service
class OpenAi(HttpService):
    """Uploads the files, creates a supervised job, and hands on the name of the model it served in the end."""

    name: ClassVar[str] = "openai"
    title: ClassVar[str] = "OpenAI"
    format: ClassVar[str] = "openai"
    vendor_url: ClassVar[str] = "https://api.openai.com/v1"
    vendor_variable: ClassVar[str] = "OPENAI_API_KEY"
    brings: ClassVar[str] = "result"
    check: ClassVar[str] = "check the pairs with `foretune pairs validate` on an export for openai, and --model"

    def _model_of(self, job: TuningJob) -> str:
        if not job.model:
            raise InputError("OpenAI tunes its own models: name one with --model (gpt-4o-mini-2024-07-18, say).")
        return job.model

    def _files(self) -> dict[str, str]:
        listed = self.address.get("/files", purpose="fine-tune").get("data", [])
        return {each["filename"]: each["id"] for each in listed}

    def _upload(self, name: str, content: bytes) -> str:
        return str(self.address.upload("/files", {"purpose": "fine-tune"}, name, content)["id"])

    def _find_job(self, job: TuningJob, ids: Mapping[str, str]) -> str:
        listed = self.address.get("/fine_tuning/jobs", limit=100, **{"metadata[foretune]": job.id}).get("data", [])
        mine = (each["id"] for each in listed if (each.get("metadata") or {}).get("foretune") == job.id)
        return next(mine, "")

    def _create(self, job: TuningJob, model: str, ids: Mapping[str, str]) -> str:
        body = {
            "model": model,
            "training_file": ids["train"],
            **({"validation_file": ids["evaluation"]} if "evaluation" in ids else {}),
            "suffix": job.name,
            "seed": job.settings.seed,
            "metadata": {"foretune": job.id},
            "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": job.epochs}}},
        }
        return str(self.address.post("/fine_tuning/jobs", body)["id"])

    def status(self, job_id: str, known: Known) -> Progressed:
        answer = self._asked(known)
        state = _STATES.get(str(answer.get("status")), JobState.RUNNING)
        finish = answer.get("estimated_finish")
        left = max(0.0, float(finish) - time.time()) if finish else None
        return Progressed(state, _why(answer), left, answer.get("trained_tokens"))

    def _asked(self, known: Known) -> dict[str, Any]:
        return self.address.get(f"/fine_tuning/jobs/{known['job']}")

    def fetch(self, job_id: str, known: Known, *, hosted: bool) -> Hosted:
        model = self._named(self._asked(known).get("fine_tuned_model"), known)
        # The vendor's own address is what an engine without one has.
        return Hosted("openai", "" if self.url == self.vendor_url else self.url, model)


def _why(answer: dict[str, Any]) -> str:
    """A clause from the error of a job that failed: its code, setting and line, not its words, which may quote."""
    error = answer.get("error") or {}
    told = (error.get("code"), error.get("param"), where_in_file(str(error.get("message") or "")))
    return ", ".join(str(each) for each in told if each)
