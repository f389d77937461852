"""The stages in order, and which of them are stale.

A stage knows what it was last made from by a digest of its inputs; it is stale
when that digest is another today. The digest is taken before the work
and written in one transaction when the stage is done: what changes meanwhile makes it
stale again, and a stage that was interrupted is done again, where its own bookkeeping
makes it go on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import func, select

from foretune.bench import latest_run
from foretune.errors import NothingToDoError
from foretune.plan.asked import whom_to_ask
from foretune.plan.cadence import overdue
from foretune.progress import Progress
from foretune.project.adapters import (
    FEWEST,
    adapter_id,
    count_of,
    current_adapter,
    find_adapter,
    train,
    training_pairs,
)
from foretune.project.benching import answering, possible_arms
from foretune.project.benching import run as run_bench
from foretune.project.engine import model_hash
from foretune.project.pairing import bench_texts
from foretune.types import Use, digest
from foretune.vault import now
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.pairs import Choice
    from foretune.project.project import Project

__all__ = ["StageState", "require_documents", "run_all", "run_stage", "run_stale", "states"]


@dataclass(frozen=True, slots=True)
class StageState:
    """Where a stage stands."""

    name: str
    state: str
    """``done``, ``stale``, ``new`` or ``skipped``."""
    why: str = ""
    """In words; ``just now`` for a stage that this run has done."""
    summary: Mapping[str, Any] | None = None
    by_age: bool = False
    """Stale by the calendar alone: what follows it is as up to date as it is."""


class Summary(Protocol):
    """What a stage came to; kept with the stage."""

    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class _Stage:
    name: str
    inputs: Callable[[Project], str]
    run: Callable[[Project, Progress], Summary]
    after: tuple[str, ...]
    """Stages whose results are among its inputs."""
    skip: Callable[[Project], str]
    """Why the stage makes no sense now, or nothing."""
    there: Callable[[Project], bool]
    """Whether the file it made is still there."""
    aged: Callable[[Project], str]
    """Why what it made is out of date although nothing that is known here changed, or nothing."""


_STAGES: dict[str, _Stage] = {}
_Run = Callable[["Project", Progress], Summary]


def _stage(
    name: str,
    *,
    inputs: Callable[[Project], str],
    after: tuple[str, ...] = (),
    skip: Callable[[Project], str] = lambda _: "",
    there: Callable[[Project], bool] = lambda _: True,
    aged: Callable[[Project], str] = lambda _: "",
) -> Callable[[_Run], _Run]:
    """Register a stage; the order of registration is the order of work."""

    def register(run: _Run) -> _Run:
        _STAGES[name] = _Stage(name, inputs, run, after, skip, there, aged)
        return run

    return register


def states(project: Project, *, just_done: Collection[str] = ()) -> list[StageState]:
    """Each stage: done, stale, new, or skipped and why; what follows a stale stage is stale too."""
    found: dict[str, StageState] = {}
    for stage in _STAGES.values():
        waits_for = [name for name in stage.after if found[name].state in ("stale", "new") and not found[name].by_age]
        found[stage.name] = _state(project, stage, waits_for, "just now" if stage.name in just_done else "")
    return list(found.values())


def _state(project: Project, stage: _Stage, waits_for: Sequence[str], done: str) -> StageState:
    last = project.vault.stage(stage.name)
    summary = last[1] if last else None
    # Whether it can be done shows only when what it follows is done.
    if not waits_for and (reason := stage.skip(project)):
        return StageState(stage.name, "skipped", reason)
    if last is None:
        return StageState(stage.name, "new", "never run")
    if waits_for:
        return StageState(stage.name, "stale", f"follows {' and '.join(waits_for)}", summary)
    if last[0] != stage.inputs(project):
        return StageState(stage.name, "stale", "its inputs changed", summary)
    if not stage.there(project):
        return StageState(stage.name, "stale", "its file is gone", summary)
    if reason := stage.aged(project):
        return StageState(stage.name, "stale", reason, summary, by_age=True)
    return StageState(stage.name, "done", done, summary)


def run_stage(project: Project, name: str, progress: Progress) -> Summary:
    """Do one stage, stale or not."""
    stage = _STAGES[name]
    inputs = stage.inputs(project)
    summary = stage.run(project, progress)
    with project.vault.writing() as connection:
        project.vault.finish_stage(connection, name, inputs, summary.as_json())
        project.vault.record(connection, f"stage.{name}", inputs[:16])
    return summary


def run_stale(project: Project, name: str, progress: Progress) -> bool:
    """Do one stage where its inputs changed since it was last done; returns whether it was done."""
    stage = _STAGES[name]
    last = project.vault.stage(name)
    if last is not None and last[0] == stage.inputs(project) and stage.there(project):
        return False
    run_stage(project, name, progress)
    return True


def run_all(project: Project, progress: Progress) -> list[StageState]:
    """Do every stage that is stale, in order.

    Raises:
        NothingToDoError: there are no documents, or none may be used.
    """
    require_documents(project)
    done = [
        stage.name for stage in _STAGES.values() if not stage.skip(project) and run_stale(project, stage.name, progress)
    ]
    return states(project, just_done=done)


def require_documents(project: Project) -> None:
    """Raises :class:`NothingToDoError` where nothing was ever added; that is nobody's to know but who works on them."""
    project.vault.require_change()
    with project.vault.reading() as connection:
        count = connection.execute(select(func.count()).select_from(t.document)).scalar_one()
    if not count:
        raise NothingToDoError(f"There are no documents in {project.folder} yet: `foretune add PATH` reads some.")


# -- governance -------------------------------------------------------------------------------------


def _review_inputs(project: Project) -> str:
    from foretune.governance import review_inputs

    return review_inputs(
        project.vault,
        project.config.governance,
        languages=project.config.platform.languages,
        wanted=project.wanted(),
    )


@_stage("review", inputs=_review_inputs)
def _review(project: Project, progress: Progress) -> Summary:
    from foretune.governance import review

    return review(
        project.vault,
        project.config.governance,
        languages=project.config.platform.languages,
        wanted=project.wanted(),
        progress=progress,
    )


# -- retrieval --------------------------------------------------------------------------------------


def _governed_state(project: Project, use: Use | None) -> list[tuple[str, str]]:
    """Ids and hashes of the documents that may be used for ``use``."""
    from foretune.governance import governed_state

    return [(state.id, state.hash) for state in governed_state(project.vault, project.config.governance, use=use)]


def _index_inputs(project: Project) -> str:
    from foretune.retrieval import index_recipe

    return digest(_governed_state(project, Use.RETRIEVAL), index_recipe(project.config.retrieval))


@_stage("index", inputs=_index_inputs, after=("review",))
def _index(project: Project, progress: Progress) -> Summary:
    from foretune.governance import governed_in_turn
    from foretune.retrieval import build_index

    documents = governed_in_turn(project.vault, project.config.governance, use=Use.RETRIEVAL)
    summary = build_index(
        project.vault, documents, embedder=project.embedder, settings=project.config.retrieval, progress=progress
    )
    if not summary.documents:
        raise NothingToDoError(
            "There is nothing to index: every document is excluded or waiting; "
            "see `foretune review`, and include some with `foretune review include PATH --reason …`."
        )
    return summary


# -- pairs and tuning -------------------------------------------------------------------------------


def _no_tuning(project: Project) -> str:
    if project.config.tuning.run == "never":
        return 'the plan says tuning.run = "never"'
    return ""


def _bench_texts(project: Project) -> list[str]:
    return [text for text, _ in bench_texts(project)]


def _pairs_style(project: Project) -> str:
    from foretune.plan.intent import intent

    style = project.config.pairs.style
    if style != "auto":
        return style
    return "instruction" if intent(project.config).voice and not intent(project.config).facts else "question"


def _pairs_recipes(project: Project) -> list[Choice]:
    from foretune.pairs import choices
    from foretune.plan.intent import intent

    asked = intent(project.config)
    voice = bool(asked.voice) and not asked.facts
    return choices(project.config.pairs.recipes, voice=voice, pilot=project.config.tuning.run != "full")


def _pairs_inputs(project: Project) -> str:
    from foretune.pairs import load_framework

    settings = project.config.pairs
    return digest(
        _governed_state(project, Use.TUNING),
        settings.model_dump(mode="json"),
        load_framework(settings.framework, folder=project.folder).hash,
        _pairs_style(project),
        [(choice.recipe.name, choice.most, choice.share) for choice in _pairs_recipes(project)],
        project.config.story.persona,
        model_hash(project),
        _bench_texts(project),
    )


@_stage("pairs", inputs=_pairs_inputs, after=("review",), skip=_no_tuning)
def _pairs(project: Project, progress: Progress) -> Summary:
    from foretune.governance import governed
    from foretune.pairs import load_framework, write_pairs

    settings, bench = project.config.pairs, _bench_texts(project)
    return write_pairs(
        project.vault,
        governed(project.vault, project.config.governance, use=Use.TUNING),
        project.engine,
        load_framework(settings.framework, folder=project.folder),
        settings,
        story=project.config.story,
        style_name=_pairs_style(project),
        recipes=_pairs_recipes(project),
        bench_questions=bench,
        similarity=project.embedder.embed if bench else None,
        progress=progress,
    )


def _no_adapter(project: Project) -> str:
    if reason := _no_tuning(project):
        return reason
    if project.config.engine.kind != "llama":
        return "the engine's weights are not on this machine, so there is nothing to tune"
    count = len(training_pairs(project))
    if count >= FEWEST:
        return ""
    return f"there {count_of(count, 'pair')} to learn from and tuning needs at least {FEWEST}"


@dataclass(frozen=True, slots=True)
class _Trained:
    adapter: str
    kind: str
    metrics: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"adapter": self.adapter, "kind": self.kind, "metrics": dict(self.metrics)}


def _pilot(project: Project) -> bool:
    return project.config.tuning.run == "pilot"


def _tune_inputs(project: Project) -> str:
    return digest(adapter_id(project, pilot=_pilot(project)))


def _adapter_there(project: Project) -> bool:
    return find_adapter(project, adapter_id(project, pilot=_pilot(project))) is not None


def _tuned_too_long_ago(project: Project) -> str:
    """What was trained in is as old as the documents were; the plan says how soon they change."""
    adapter = find_adapter(project, adapter_id(project, pilot=_pilot(project)))
    late = "" if adapter is None else overdue(project.config.process.cadence, adapter.at, now())
    return f"{late}.{whom_to_ask(project.config, 'owner')}" if late else ""


@_stage("tune", inputs=_tune_inputs, after=("pairs",), skip=_no_adapter, there=_adapter_there, aged=_tuned_too_long_ago)
def _tune(project: Project, progress: Progress) -> Summary:
    adapter = train(project, pilot=_pilot(project), progress=progress)
    return _Trained(adapter.id, adapter.kind, adapter.metrics)


# -- bench and report -------------------------------------------------------------------------------


def _no_bench(project: Project) -> str:
    path = project.folder / project.config.purpose.questions
    return "" if path.exists() else f"there are no bench questions at {path.name}: write some to compare the arms"


def _bench_inputs(project: Project) -> str:
    from dataclasses import asdict

    return digest(answering(project), [asdict(question) for question in project.questions()], possible_arms(project))


@_stage("bench", inputs=_bench_inputs, after=("index", "tune"), skip=_no_bench)
def _bench(project: Project, progress: Progress) -> Summary:
    return run_bench(project, progress=progress)


@dataclass(frozen=True, slots=True)
class _Reported:
    path: str

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path}


def _report_inputs(project: Project) -> str:
    from foretune.project.curve import stored_curve
    from foretune.project.report import TEMPLATE_VERSION

    inputs = [stage.inputs(project) for name, stage in _STAGES.items() if name != "report" and not stage.skip(project)]
    adapter = current_adapter(project)
    return digest(
        inputs,
        _governed_state(project, None),
        project.config.model_dump(mode="json"),
        TEMPLATE_VERSION,
        adapter and [adapter.id, adapter.metrics.get("checks")],
        stored_curve(project),
        latest_run(project.vault),
    )


def _report_there(project: Project) -> bool:
    from foretune.project.report import REPORT

    return (project.folder / "reports" / REPORT).exists()


@_stage(
    "report",
    inputs=_report_inputs,
    after=("review", "index", "pairs", "tune", "bench"),
    there=_report_there,
)
def _report(project: Project, progress: Progress) -> Summary:
    from foretune.project.report import write_report

    with progress.step("report", total=1, unit="report") as step:
        path = write_report(project)
        step.advance()
    return _Reported(path.name)
