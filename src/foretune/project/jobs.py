"""Tuning that happens elsewhere: pairs handed to a service, the job followed, and its result made the project's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from foretune.engines.remote import shown_address
from foretune.errors import EngineError, InputError
from foretune.pairs import pairs_digest
from foretune.project.adapters import (
    StoredAdapter,
    evaluation_pairs,
    example,
    register,
    require_enough,
    require_label,
    trained_label,
    training_pairs,
    weight_files,
)
from foretune.tuning.types import BESIDE_THE_RESULT
from foretune.types import Label, Pair, digest
from foretune.vault import now
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.models import ModelFiles
    from foretune.project.project import Project
    from foretune.tuning.services import Hosted, Progressed, TuningJob
    from foretune.tuning.services.base import TuningService

__all__ = ["Fetched", "StoredJob", "fetch_job", "follow_job", "jobs", "mark_erased", "stored_jobs", "submit_job"]

_SETTING = "tuning_jobs"
"""Of the vault: the jobs by id; ids, hashes and settings, no text."""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as the vault remembers it."""

    id: str
    service: str
    model: str
    """What the service calls the base model; empty for the plan's own."""
    url: str
    key_variable: str
    folder: str
    """Where the files of a job that is run by hand lie."""
    label: str
    """The highest of the documents it learns from or is measured on."""
    base_hash: str
    """SHA-256 of the plan's model; empty where it is not on this machine."""
    data_hash: str
    trained: tuple[str, ...] = field(repr=False)
    """Ids of the pairs it learns."""
    settings: Mapping[str, Any] = field(repr=False)
    at: str
    state: str = "submitting"
    known: Mapping[str, str] = field(default_factory=dict)
    """What the service said so far."""
    result: str = ""
    """Name of the adapter or of the model that is served."""
    documents: tuple[str, ...] | None = field(default=None, repr=False)
    """Ids of the documents whose text is in its files; None: from before they were kept."""
    files_removed: int = 0
    """Training files that were removed at the service."""
    erased: str = ""
    """Receipt of the erasure of one of these documents; empty where there was none."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back: one of the two."""

    job: StoredJob
    adapter: StoredAdapter | None = None
    hosted: Hosted | None = None


def jobs(project: Project) -> list[StoredJob]:
    """All jobs that the principal may know of, oldest first."""
    return [each for each in stored_jobs(project) if project.vault.principal.covers(Label(each.label))]


def stored_jobs(project: Project) -> list[StoredJob]:
    """All jobs, whoever may know of them, oldest first."""
    stored: Mapping[str, Mapping[str, Any]] = project.vault.setting(_SETTING) or {}
    found = [_read(each) for each in stored.values()]
    return sorted(found, key=lambda each: each.at)


def _read(values: Mapping[str, Any]) -> StoredJob:
    documents = values.get("documents")
    lists = {"trained": tuple(values["trained"]), "documents": None if documents is None else tuple(documents)}
    return StoredJob(**{**values, **lists})


def mark_erased(project: Project, connection: Connection, jobs: Sequence[StoredJob], receipt: str) -> None:
    """Say, in the caller's transaction, that these jobs learn from documents that are erased: none is fetched."""
    stored = dict(project.vault.setting(_SETTING) or {})
    stored |= {job.id: {**stored[job.id], "erased": receipt} for job in jobs}
    if jobs:
        project.vault.set_setting(connection, _SETTING, stored)


def submit_job(
    project: Project, service: str, *, model: str = "", url: str = "", key_variable: str = "", folder: Path = Path()
) -> tuple[StoredJob, str]:
    """Hand the kept pairs to a service; one that was begun goes on where it stopped.

    Returns the job, and what to do next in a sentence.

    Raises:
        NothingToDoError: fewer than ten pairs.
        EngineError: the pairs are of documents that may not go there (``engine.approved_for``), or the key is not set.
        InputError, ServiceError: there is no such service, it lacks something, or it refuses.
    """
    from foretune.tuning.schedule import epochs_for, learning_rate_for
    from foretune.tuning.services import TuningJob, find_service
    from foretune.tuning.services.base import ServiceOptions

    trainer = find_service(service, ServiceOptions(url, key_variable, folder))
    pairs, held_out = training_pairs(project), evaluation_pairs(project)
    require_enough(project, pairs, "tuning")
    label = trained_label(project, [*pairs, *held_out])
    require_label(project.vault, label)
    _require_approved(project, trainer, label)
    base = _base(project)
    settings = project.config.tuning
    if base is not None:
        settings = settings.model_copy(
            update={"learning_rate": learning_rate_for(_parameters(base), settings.learning_rate)}
        )
    identity = digest(
        service,
        model,
        url,
        pairs_digest(pairs),
        pairs_digest(held_out),
        settings.model_dump(exclude={*BESIDE_THE_RESULT}),
        base.hash if base else "",
    )[:12]
    job = TuningJob(identity, model, base, [*pairs, *held_out], settings, epochs_for(len(pairs), settings.epochs))
    stored = next((each for each in jobs(project) if each.id == identity), None)
    if stored is None or stored.erased or stored.state in ("failed", "cancelled"):
        stored = StoredJob(
            id=identity,
            service=service,
            model=model,
            url=url,
            key_variable=key_variable,
            folder=str(folder.resolve()),
            label=label.value,
            base_hash=base.hash if base else "",
            data_hash=_data_hash(pairs),
            trained=tuple(pair.id for pair in pairs),
            settings=settings.model_dump(),
            at=now(),
            documents=_documents(project, [*pairs, *held_out]),
        )
        details = {"service": service, "pairs": len(pairs) + len(held_out), "label": label.value}
        details |= {"address": shown_address(url)} if url else {}
        _keep(project, stored, "adapter.submit", details)
    return _hand_over(project, trainer, job, stored)


def _hand_over(project: Project, trainer: TuningService, job: TuningJob, stored: StoredJob) -> tuple[StoredJob, str]:
    def keep(name: str, value: str) -> None:
        nonlocal stored
        stored = replace(stored, known={**stored.known, name: value})
        _keep(project, stored)

    said = trainer.submit(job, stored.known, keep)
    if stored.state == "submitting":
        stored = replace(stored, state="waiting")
        _keep(project, stored)
    return stored, said


def follow_job(project: Project, name: str = "") -> tuple[StoredJob, Progressed]:
    """Ask the service how far a job is (the newest, if none is named).

    Raises:
        InputError: there is no such job.
        ServiceError: the service does not answer.
    """
    from foretune.tuning.services import JobState, Progressed

    stored = _named(project, name)
    if stored.state in (JobState.SUBMITTING, JobState.FETCHED):
        said = "the same `foretune tune submit` goes on" if stored.state == JobState.SUBMITTING else stored.result
        return stored, Progressed(JobState(stored.state), said)
    progressed = _service_of(stored).status(stored.id, stored.known)
    if stored.state != progressed.state:
        stored = replace(stored, state=progressed.state.value)
        _keep(project, stored)
    return stored, progressed


def fetch_job(project: Project, name: str = "", *, folder: Path | None = None, hosted: bool = False) -> Fetched:
    """Bring the result of a job: an adapter of the project, or the model that the service answers with.

    The training files are then removed at the service.

    Args:
        folder: where a trainer left its PEFT folder, if not where it was told to.
        hosted: leave the weights there, and answer with the model the service serves.

    Raises:
        InputError: there is no such job, it is not done, or it learned from what was erased.
        ModelError: the plan's model is not the one the job was for, or the adapter is for another one.
        ServiceError: the job failed, or the service does not answer.
    """
    from foretune.tuning.adopted import Adopted, read_adopted_folder
    from foretune.tuning.services import JobState, ServiceError

    if (learned := _named(project, name)).erased:
        raise InputError(
            f"The job {learned.id} learned from a document that was erased (receipt {learned.erased}): delete it and "
            f"its files at {learned.service}, and submit the pairs as they are now."
        )
    stored, progressed = follow_job(project, name)
    if progressed.state in (JobState.FAILED, JobState.CANCELLED):
        why = f" ({progressed.said})" if progressed.said else ""
        raise ServiceError(
            f"The job {stored.id} at {stored.service} {progressed.state}{why}: mend that and submit it again."
        )
    if progressed.state not in (JobState.SUCCEEDED, JobState.FETCHED) and folder is None:
        raise InputError(
            f"The job {stored.id} is not done yet ({progressed.state}): `foretune tune status` asks again."
        )
    service = _service_of(stored)
    found = service.fetch(stored.id, stored.known, hosted=hosted) if folder is None else read_adopted_folder(folder)
    if isinstance(found, Adopted):
        adapter = _adopted(project, stored, found)
        fetched = Fetched(replace(stored, state=JobState.FETCHED.value, result=adapter.name), adapter=adapter)
    else:
        fetched = Fetched(replace(stored, state=JobState.FETCHED.value, result=found.model), hosted=found)
    removed = service.forget(stored.known)
    fetched = replace(fetched, job=replace(fetched.job, files_removed=stored.files_removed + removed))
    _keep(project, fetched.job, "adapter.fetch", {"service": stored.service, "files_removed_there": removed})
    return fetched


def _adopted(project: Project, stored: StoredJob, found: Any) -> StoredAdapter:
    from foretune.errors import ModelError
    from foretune.plan.config import TuningSettings
    from foretune.tuning.adopted import adopt

    base = _base(project)
    if base is None or base.hash != stored.base_hash:
        raise ModelError(
            f"The job {stored.id} was for another model than the plan's (its SHA-256 begins "
            f"{stored.base_hash[:12] or 'with nothing known'}): set engine.model to the one it was submitted with."
        )
    trained = set(stored.trained)
    pairs = [pair for pair in training_pairs(project) if pair.id in trained]
    result = adopt(
        found,
        base=base,
        folder=project.vault.folder / "adapters" / stored.id,
        settings=TuningSettings(**stored.settings),
        trained=stored.trained,
        data_hash=stored.data_hash,
        inputs=stored.id,
        files=weight_files(project, pairs, at_least=Label(stored.label)),
    )
    return register(project, stored.id, result, kind=stored.service, pairs=pairs, at_least=Label(stored.label))


def _named(project: Project, name: str) -> StoredJob:
    there = jobs(project)
    if not there:
        raise InputError("No job was submitted yet: `foretune tune submit SERVICE` does it.")
    found = there[-1:] if not name else [each for each in there if each.id.startswith(name)]
    if len(found) != 1:
        which = "No job begins" if not found else f"{len(found)} jobs begin"
        raise InputError(f"{which} with {name!r}: `foretune tune status` lists them.")
    return found[0]


def _service_of(stored: StoredJob) -> TuningService:
    from foretune.tuning.services import find_service
    from foretune.tuning.services.base import ServiceOptions

    return find_service(stored.service, ServiceOptions(stored.url, stored.key_variable, Path(stored.folder)))


def _require_approved(project: Project, trainer: TuningService, label: Label) -> None:
    """Refuse, on the record, what may not leave this machine."""
    if trainer.remote and label not in project.config.engine.approved_for:
        project.vault.note("access.refuse", project.vault.principal.name, {"deed": f"tune at {trainer.name}"})
        raise EngineError(
            f"Pairs of documents labelled {label} may not go to {trainer.title}, which is not on this machine: tune "
            f"here with `foretune tune`, or add {label} to engine.approved_for in foretune.toml."
        )


def _base(project: Project) -> ModelFiles | None:
    from foretune.models import locate

    return locate(project.config.engine.model) if project.config.engine.kind == "llama" else None


def _parameters(base: ModelFiles) -> int:
    from foretune.engines.gguf_header import read_header

    return base.model.parameters if base.model else read_header(base.weights).parameters


def _documents(project: Project, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Ids of the documents that pairs are from or quote."""
    ids = {pair.id for pair in pairs}
    with project.vault.reading() as connection:
        quoted = connection.execute(select(t.pair_source.c.pair_id, t.pair_source.c.document_id)).all()
    found = {pair.document_id for pair in pairs} | {row.document_id for row in quoted if row.pair_id in ids}
    return tuple(sorted(found - {""}))


def _data_hash(pairs: Sequence[Pair]) -> str:
    from foretune.tuning.types import examples_digest

    return examples_digest([example(pair) for pair in pairs])


def _keep(project: Project, job: StoredJob, action: str = "", detail: Mapping[str, Any] | None = None) -> None:
    stored = dict(project.vault.setting(_SETTING) or {})
    stored[job.id] = {name: getattr(job, name) for name in StoredJob.__dataclass_fields__}
    with project.vault.writing() as connection:
        project.vault.set_setting(connection, _SETTING, stored)
        if action:
            project.vault.record(connection, action, job.id, detail)
