"""Training elsewhere: a job handed to a service or another trainer, followed, and its result brought back.

A service is a class registered under its name (:func:`~foretune.tuning.services.base.service`). Those at an address
get the training files and give back weights or a model that they serve; those that are programs of one's own get a
folder with the command that runs it, and what they leave there is read.
"""

from __future__ import annotations

from foretune.tuning.services import openai, together, trainers  # noqa: F401 -- they register
from foretune.tuning.services.base import SERVICES, Hosted, JobState, Progressed, ServiceError, TuningJob, find_service

__all__ = ["SERVICES", "Hosted", "JobState", "Progressed", "ServiceError", "TuningJob", "find_service"]
