"""What a service is, what it is handed, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol

from foretune.errors import ForetuneError, InputError
from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.tuning.adopted import Adopted
from foretune.types import Pair

__all__ = [
    "SERVICES",
    "Hosted",
    "JobState",
    "Keep",
    "Known",
    "Progressed",
    "ServiceError",
    "ServiceOptions",
    "TuningJob",
    "TuningService",
    "find_service",
    "service",
]

Known = Mapping[str, str]
"""What a service said so far, by name: ids of files and of the job. Kept in the vault; resuming starts from it."""
Keep = Callable[[str, str], None]
"""Keeps one of these as soon as it is known: (name, value)."""


class ServiceError(ForetuneError):
    """A service refused, cannot be reached, or its job failed."""


class JobState(StrEnum):
    """Where a job stands."""

    SUBMITTING = "submitting"
    """Not all of it has been handed over."""
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    FETCHED = "fetched"
    """Its result is here."""


@dataclass(frozen=True, slots=True)
class TuningJob:
    """What is to be trained."""

    id: str
    """Digest of pairs, settings, model and service: the same job has the same id."""
    model: str
    """What the service calls the base model; empty: the plan's own model, unpacked."""
    base: ModelFiles | None
    """The plan's model, where it is one on this machine."""
    pairs: Sequence[Pair] = field(repr=False)
    """Kept ones, of both sides."""
    settings: TuningSettings
    epochs: int

    @property
    def name(self) -> str:
        """What files and jobs are called elsewhere."""
        return f"foretune-{self.id}"


@dataclass(frozen=True, slots=True)
class Progressed:
    """What a service says about a job."""

    state: JobState
    said: str = ""
    """A clause: why it failed, how far it is."""
    seconds_left: float | None = None
    tokens: int | None = None
    """Read in training, as the service counts (and bills) them."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A tuned model that stays with the service and is asked there."""

    kind: str
    """Kind of engine."""
    url: str
    model: str


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """Where and how a service is reached."""

    url: str = ""
    """Its address; empty for the vendor's own."""
    key_variable: str = ""
    """Names the environment variable that holds the key; empty for the vendor's own."""
    folder: Path = Path()
    """Where the files of a job that is run by hand lie."""


class TuningService(Protocol):
    """Something that trains."""

    name: ClassVar[str]
    title: ClassVar[str]
    format: ClassVar[str]
    """Of the training files (:mod:`foretune.pairs.formats`)."""

    @property
    def remote(self) -> bool:
        """Whether the pairs leave this machine."""
        ...

    def submit(self, job: TuningJob, known: Known, keep: Keep) -> str:
        """Hand the job over, from where ``known`` says it stopped; returns what to do next, in a sentence.

        Raises:
            ServiceError: the service refuses.
            InputError: the job lacks something the service needs.
        """
        ...

    def status(self, job_id: str, known: Known) -> Progressed:
        """Ask how far it is.

        Raises:
            ServiceError: the service does not answer, or does not know the job.
        """
        ...

    def fetch(self, job_id: str, known: Known, *, hosted: bool) -> Adopted | Hosted:
        """What came of a job that succeeded: weights, or where it is served (always so if ``hosted``).

        Raises:
            ServiceError: there is nothing to be had.
        """
        ...

    def forget(self, known: Known) -> int:
        """Remove the training files there; returns how many were."""
        ...


SERVICES: dict[str, Callable[[ServiceOptions], TuningService]] = {}
"""By name."""


def service(made: type[TuningService]) -> type[TuningService]:
    """Register a service; it is made from :class:`ServiceOptions`."""
    SERVICES[made.name] = made
    return made


def find_service(name: str, options: ServiceOptions) -> TuningService:
    """The service of that name.

    Raises:
        InputError: there is none.
    """
    if name not in SERVICES:
        raise InputError(f"There is no service {name!r} to tune with: choose {', '.join(SERVICES)}.")
    return SERVICES[name](options)
