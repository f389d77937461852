"""What the plan's advice is given: facts about the corpus, and what the bench came to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from foretune.governance import governed
from foretune.plan.advice import PRIVATE, Advice, ArmOutcome, BenchOutcome, CorpusFacts, Paired, advise, measure
from foretune.types import Arm
from foretune.vault import tables as t

if TYPE_CHECKING:
    from foretune.bench import BenchSummary
    from foretune.plan.config import Config, EngineSettings
    from foretune.project.project import Project

__all__ = ["advice", "bench_outcome", "corpus_facts", "latest_summary"]

_TELLING = 50
"""Passages whose embedding takes long enough (some seconds) to tell how long others will."""


def advice(project: Project, *, config: Config | None = None, facts: CorpusFacts | None = None) -> Advice:
    """Retrieval or tuning, from the plan, the corpus as it is and, once there is one, the bench.

    With another plan or other facts the bench says nothing about the advice: it was of this project.
    """
    summary = latest_summary(project)
    outcome = bench_outcome(summary) if summary and config is None and facts is None else None
    return advise(config or project.config, facts or corpus_facts(project, summary), outcome)


def latest_summary(project: Project) -> BenchSummary | None:
    """What the newest finished run of the bench came to."""
    from foretune.bench import answers, latest_run, stored_questions, summarise

    run_id = latest_run(project.vault)
    return summarise(stored_questions(project.vault), answers(project.vault, run_id), run_id=run_id) if run_id else None


def corpus_facts(project: Project, summary: BenchSummary | None) -> CorpusFacts:
    """Facts about the documents, measured now."""
    columns = t.document.c
    month_ago = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    with project.vault.reading() as connection:
        count, first = connection.execute(select(func.count(), func.min(columns.added_at))).one()
        personal = set(
            connection.execute(
                select(t.finding.c.document_id)
                .where(t.finding.c.check == "personal", t.finding.c.type.in_(PRIVATE))
                .distinct()
            ).scalars()
        )
        recently = set(connection.execute(select(columns.id).where(columns.changed_at > month_ago)).scalars())
    search = summary.arm(Arm.SEARCH) if summary else None
    return measure(
        governed(project.vault, project.config.governance, use=None),
        documents=count,
        today=datetime.now(UTC).date(),
        personal=personal,
        changed=recently if first and first < month_ago else None,
        questions=summary.answerable if summary else 0,
        searchable=search.correct.count / search.correct.total if search and search.correct.total else None,
        indexing_seconds=_indexing_seconds(project),
        training_tokens_per_second=_training_speed(project),
        model_parameters=_model_parameters(project.config.engine),
    )


def _model_parameters(engine: EngineSettings) -> int | None:
    from foretune.engines.gguf_header import read_header
    from foretune.errors import ModelError
    from foretune.models import CATALOGUE

    if engine.kind != "llama":
        return None
    if engine.model in CATALOGUE:
        return CATALOGUE[engine.model].parameters
    try:
        return read_header(Path(engine.model).expanduser()).parameters or None
    except ModelError:
        return None  # advice comes before the model does


def _training_speed(project: Project) -> float | None:
    """What the newest training here went through a second; the training itself is imported only after one."""
    with project.vault.reading() as connection:
        if connection.execute(select(t.adapter.c.id).limit(1)).first() is None:
            return None
    from foretune.project.adapters import measured_speed

    return measured_speed(project)


def _indexing_seconds(project: Project) -> float | None:
    """What the newest indexing took, in proportion to all passages; None where it embedded too few to tell."""
    stage = project.vault.stage("index")
    if stage is None or stage[1]["embedded"] < _TELLING:
        return None
    seconds, embedded, passages = (float(stage[1][name]) for name in ("seconds", "embedded", "passages"))
    return seconds * passages / embedded


def bench_outcome(summary: BenchSummary) -> BenchOutcome:
    """The bench as the advice needs it."""
    return BenchOutcome(
        {
            arm.arm: ArmOutcome(
                arm.correct.count,
                arm.correct.total,
                arm.correct.low,
                arm.correct.high,
                refused=arm.refused.count,
                unanswerable=arm.refused.total,
            )
            for arm in summary.arms
            if arm.arm is not Arm.SEARCH
        },
        tuple(Paired(c.first, c.second, c.only_first, c.only_second, c.p) for c in summary.comparisons),
    )
