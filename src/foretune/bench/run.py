"""Running the bench: every question through every arm, each answer kept as it comes.

A run is identified by the digest of all that answers depend on; which arms are
asked is no part of it, so asking one arm again finds the others' answers. Answers are committed one
by one, so a run that was stopped goes on where it was, and a finished run is
never repeated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from foretune.bench.arms import ArmAnswer, Bench, arms
from foretune.bench.summary import AnswerRow, BenchSummary, summarise
from foretune.errors import InputError
from foretune.evidence import Verdict, score
from foretune.progress import Progress, silent
from foretune.types import Arm, Outcome, Question, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t

__all__ = ["answers", "latest_run", "run_bench", "score_search"]


def run_bench(
    vault: Vault,
    questions: Sequence[Question],
    bench: Bench,
    chosen: Sequence[Arm],
    *,
    inputs: Mapping[str, Any],
    progress: Progress = silent,
) -> BenchSummary:
    """Ask all ``questions`` of the ``chosen`` arms, score the answers and sum them up.

    Args:
        inputs: all else the answers depend on (hashes of engine, adapter, index, settings); part of the
            run's identity.

    Raises:
        InputError: a tuned arm was asked for and there is no adapter.
    """
    if bench.adapter is None and (needs := [arm.value for arm in chosen if arm.tuned]):
        raise InputError(
            f"The bench cannot run {' and '.join(needs)}: there is no adapter; run `foretune tune --pilot` first, "
            "or leave these arms out of bench.arms in foretune.toml."
        )
    run_id = digest([asdict(question) for question in questions], inputs)[:16]
    with vault.writing() as connection:
        statement = upsert(t.bench_run).values(id=run_id, settings=dict(inputs), summary={}, finished=False, at=now())
        connection.execute(statement.on_conflict_do_nothing())
    done = {(row.question_id, row.arm) for row in answers(vault, run_id)}
    functions = arms()
    for arm in chosen:
        todo = [question for question in questions if (question.id, arm) not in done]
        if not todo:
            continue
        with progress.step(f"arm {arm.value}", total=len(todo), unit="questions") as step:
            for question in todo:
                answer = functions[arm](question, bench)
                _keep(vault, run_id, question, arm, answer)
                step.advance()
    rows = answers(vault, run_id)
    summary = summarise(questions, rows, run_id=run_id)
    with vault.writing() as connection:
        connection.execute(
            update(t.bench_run)
            .where(t.bench_run.c.id == run_id)
            .values(summary=summary.as_json(), finished=True, at=now())
        )
        vault.record(connection, "bench.run", run_id, {"questions": len(questions), "arms": list(chosen)})
    return summarise(questions, [row for row in rows if row.arm in chosen], run_id=run_id)


def _keep(vault: Vault, run_id: str, question: Question, arm: Arm, answer: ArmAnswer) -> None:
    verdict = (
        score_search(question, answer, documents=_paths(vault))
        if arm is Arm.SEARCH
        else score(question, answer.response)
    )
    with vault.writing() as connection:
        connection.execute(
            insert(t.bench_answer).values(
                run_id=run_id,
                question_id=question.id,
                arm=arm,
                response=answer.response,
                outcome=verdict.outcome,
                why=verdict.why,
                scorer=verdict.scorer,
                passages=[asdict(passage) for passage in answer.passages],
                seconds=answer.seconds,
                tokens_in=answer.tokens_in,
                tokens_out=answer.tokens_out,
                cost=answer.cost,
            )
        )


def _paths(vault: Vault) -> list[str]:
    with vault.reading() as connection:
        visible = vault.readable(t.document.c.label)
        return list(connection.execute(select(t.document.c.path).where(visible)).scalars())


def score_search(question: Question, answer: ArmAnswer, *, documents: Sequence[str]) -> Verdict:
    """The search arm is right where the gold source is among the documents it named.

    Args:
        documents: paths of all documents. A source may be written with more folders than the
            project's paths have, or with fewer.
    """
    if not question.source:
        return Verdict(Outcome.NOT_SCORED, "the question names no source document", "search")
    gold = {path for path in documents if f"/{path}".endswith(f"/{question.source}")}
    gold = gold or {path for path in documents if question.source.endswith(f"/{path}")}
    if not gold:
        return Verdict(Outcome.NOT_SCORED, "the source that the question names is not among the documents", "search")
    found = [passage.path for passage in answer.passages]
    for rank, path in enumerate(found, start=1):
        if path in gold:
            return Verdict(Outcome.CORRECT, f"the source is document {rank} of {len(found)}", "search")
    return Verdict(Outcome.INCORRECT, f"the source is not among the first {len(found)} documents", "search")


def answers(vault: Vault, run_id: str) -> list[AnswerRow]:
    """All answers of a run, by question and arm."""
    columns = t.bench_answer.c
    with vault.reading() as connection:
        rows = connection.execute(
            select(t.bench_answer).where(columns.run_id == run_id).order_by(columns.question_id, columns.arm)
        ).mappings()
        return [
            AnswerRow(
                **{
                    **{k: v for k, v in row.items() if k != "run_id"},
                    "arm": Arm(row["arm"]),
                    "outcome": Outcome(row["outcome"]),
                }
            )
            for row in rows
        ]


def latest_run(vault: Vault) -> str | None:
    """The id of the newest finished run."""
    with vault.reading() as connection:
        return connection.execute(
            select(t.bench_run.c.id).where(t.bench_run.c.finished).order_by(t.bench_run.c.at.desc()).limit(1)
        ).scalar_one_or_none()
