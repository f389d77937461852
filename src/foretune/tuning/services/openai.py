"""OpenAI's fine-tuning service, and whoever speaks its interface.

https://platform.openai.com/docs/api-reference/files, https://platform.openai.com/docs/api-reference/fine-tuning
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

from foretune.errors import InputError
from foretune.tuning.services.base import (
    Hosted,
    JobState,
    Keep,
    Known,
    Progressed,
    ServiceError,
    TuningJob,
    service,
)
from foretune.tuning.services.files import left_out, upload_missing
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
_CHECK = "check the pairs with `foretune pairs validate` on an export for openai, and --model"


@service
class OpenAi(HttpService):
    """Uploads the files, creates a supervised job, and hands on the name of the model it served in the end."""

    name: ClassVar[str] = "openai"
    title: ClassVar[str] = "OpenAI"
    format: ClassVar[str] = "openai"
    vendor_url: ClassVar[str] = "https://api.openai.com/v1"
    vendor_variable: ClassVar[str] = "OPENAI_API_KEY"
    check: ClassVar[str] = _CHECK

    def submit(self, job: TuningJob, known: Known, keep: Keep) -> str:
        if not job.model:
            raise InputError("OpenAI tunes its own models: name one with --model (gpt-4o-mini-2024-07-18, say).")
        ids = upload_missing(job, self.format, known, keep, listed=self._files, upload=self._upload)
        if "job" not in known:
            keep("job", self._find_job(job) or self._create(job, ids))
        return (
            left_out(job, self.format)
            + "`foretune tune status` says how far it is, `foretune tune fetch` brings the result."
        )

    def _files(self) -> dict[str, str]:
        listed = self.address.get("/files", purpose="fine-tune").get("data", [])
        return {each["filename"]: each["id"] for each in listed}

    def _upload(self, name: str, content: bytes) -> str:
        return str(self.address.upload("/files", {"purpose": "fine-tune"}, name, content)["id"])

    def _find_job(self, job: TuningJob) -> str:
        listed = self.address.get("/fine_tuning/jobs", limit=100, **{"metadata[foretune]": job.id}).get("data", [])
        mine = (each["id"] for each in listed if (each.get("metadata") or {}).get("foretune") == job.id)
        return next(mine, "")

    def _create(self, job: TuningJob, ids: dict[str, str]) -> str:
        body = {
            "model": job.model,
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
        model = self._asked(known).get("fine_tuned_model")
        if not model:
            raise ServiceError(f"OpenAI names no model for the job {known['job']}: look at it in its dashboard.")
        # The vendor's own address is what an engine without one has.
        return Hosted("openai", "" if self.url == self.vendor_url else self.url, str(model))


def _why(answer: dict[str, Any]) -> str:
    """A clause from the error of a job that failed: its code, setting and line, not its words, which may quote."""
    error = answer.get("error") or {}
    told = (error.get("code"), error.get("param"), where_in_file(str(error.get("message") or "")))
    return ", ".join(str(each) for each in told if each)
