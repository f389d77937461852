"""A bench that was stopped goes on, asks nothing twice, and counts right."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from foretune.bench import AnswerRow, Bench, BenchSummary, answers, latest_run, run_bench, summarise
from foretune.bench.arms import ArmAnswer, PassageUsed
from foretune.bench.run import score_search
from foretune.engines import Engine
from foretune.engines.base import BaseEngine
from foretune.engines.types import Completion, EngineInfo, Request
from foretune.errors import InputError
from foretune.progress import Progress, Step
from foretune.project import Project
from foretune.project.engine import open_project_engine
from foretune.types import Arm, Outcome, Question

ARMS = (Arm.SEARCH, Arm.BASE, Arm.RAG)


class CountingEngine(BaseEngine):
    """The real one; counts what it is asked."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.asked: list[str] = []

    def info(self) -> EngineInfo:
        return self.engine.info()

    def run(self, request: Request) -> Completion:
        self.asked.append(request.messages[-1].content)
        return self.engine.run(request)

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        return self.engine.run_stream(request)

    def count_tokens(self, text: str) -> int:
        return self.engine.count_tokens(text)

    def close(self) -> None:
        self.engine.close()


class StoppingProgress:
    """Ctrl-C after so many answers."""

    def __init__(self, after: int) -> None:
        self.left = after

    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        yield self

    def advance(self, items: int = 1) -> None:
        self.left -= items
        if not self.left:
            raise KeyboardInterrupt

    def note(self, text: str) -> None: ...


def bench(project: Project, engine: Engine) -> Bench:
    from foretune.retrieval import Answerer

    answerer = Answerer(project.searcher, project.embedder, engine, project.config.retrieval)
    return Bench(engine, project.searcher, answerer, None, max_answer_tokens=16, seed=7)


def run(project: Project, engine: Engine, inputs: Mapping[str, Any], progress: Progress | None = None) -> BenchSummary:
    more = {"progress": progress} if progress else {}
    return run_bench(project.vault, project.questions(), bench(project, engine), ARMS, inputs=inputs, **more)


def comparable(rows: list[AnswerRow]) -> list[dict[str, Any]]:
    return [asdict(replace(row, seconds=0.0)) for row in rows]


@pytest.mark.slow
def test_a_stopped_bench_goes_on_and_asks_nothing_twice(finished: Path) -> None:
    with Project.open(finished) as project:
        # Without the cache, so that every question that is put reaches the engine.
        engine = CountingEngine(open_project_engine(project).engine)
        project.__dict__["engine"] = engine
        whole = run(project, engine, {"try": 1})
        all_asked = len(engine.asked)
        undisturbed = answers(project.vault, whole.run_id)

        engine.asked.clear()
        with pytest.raises(KeyboardInterrupt):
            run(project, engine, {"try": 2}, StoppingProgress(5))
        before = len(engine.asked)
        assert 0 < before < all_asked
        again = run(project, engine, {"try": 2})
        assert len(engine.asked) == all_asked
        assert comparable(answers(project.vault, again.run_id)) == comparable(undisturbed)
        assert latest_run(project.vault) == again.run_id

        assert run(project, engine, {"try": 2}).run_id == again.run_id
        assert len(engine.asked) == all_asked
    assert all(math.isfinite(number) for number in numbers(again.as_json()))


@pytest.mark.slow
def test_asking_one_arm_again_keeps_the_others_answers(finished: Path) -> None:
    with Project.open(finished) as project:
        whole = project.bench()
        assert [arm.arm for arm in whole.arms] == list(Arm)
        alone = project.bench(arms=[Arm.SEARCH])
        assert [arm.arm for arm in alone.arms] == [Arm.SEARCH]
        assert alone.run_id == whole.run_id == latest_run(project.vault)
        assert {row.arm for row in answers(project.vault, whole.run_id)} == set(Arm)


@pytest.mark.slow
def test_latency_of_an_answer_from_the_cache_is_what_the_engine_took(finished: Path) -> None:
    with Project.open(finished) as project:
        first = {
            (row.question_id, row.arm): row.seconds for row in answers(project.vault, latest_run(project.vault) or "")
        }
        engine = project.engine
        cached = Bench(
            engine,
            project.searcher,
            project.answerer,
            None,
            max_answer_tokens=project.config.bench.max_answer_tokens,
            seed=project.config.bench.seed,
            saved_seconds=lambda: engine.saved_seconds,
        )
        summary = run_bench(project.vault, project.questions(), cached, [Arm.BASE], inputs={"try": 3})
        assert engine.misses == 0
        for row in answers(project.vault, summary.run_id):
            assert row.seconds > 0.5 * first[row.question_id, row.arm]


@pytest.mark.slow
def test_a_tuned_arm_needs_an_adapter(added: Path) -> None:
    with Project.open(added) as project:
        project.index()
        with pytest.raises(InputError, match="cannot run tuned: there is no adapter"):
            project.bench(arms=[Arm.SEARCH, Arm.TUNED])
        assert latest_run(project.vault) is None


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield float(value)


# -- the search arm ---------------------------------------------------------------------------------

DOCUMENTS = ["leave/annual.md", "leave/sick.md", "annual.md", "travel.md"]


def found(*paths: str) -> ArmAnswer:
    return ArmAnswer("\n".join(paths), tuple(PassageUsed(path, 1, 0, 1, "x") for path in paths), 0.0)


@pytest.mark.parametrize(
    ("source", "paths", "outcome"),
    [
        ("leave/sick.md", ("travel.md", "leave/sick.md"), Outcome.CORRECT),
        ("sick.md", ("leave/sick.md",), Outcome.CORRECT),  # written with fewer folders
        ("handbook/leave/sick.md", ("leave/sick.md",), Outcome.CORRECT),  # with more
        ("leave/annual.md", ("annual.md",), Outcome.INCORRECT),  # another file of that name
        ("leave/sick.md", ("travel.md",), Outcome.INCORRECT),
        ("leave/sick.md", (), Outcome.INCORRECT),
        ("leave/gone.md", ("travel.md",), Outcome.NOT_SCORED),
        ("", ("travel.md",), Outcome.NOT_SCORED),
    ],
)
def test_search_is_right_where_the_source_is_among_what_it_named(
    source: str, paths: tuple[str, ...], outcome: Outcome
) -> None:
    question = Question("1", "Which?", "this", "free", source=source)
    assert score_search(question, found(*paths), documents=DOCUMENTS).outcome is outcome


# -- numbers ----------------------------------------------------------------------------------------


def rows(arm: Arm, outcomes: str, **more: Any) -> list[AnswerRow]:
    """``+`` right, ``-`` wrong, ``0`` not attempted, ``?`` not scored."""
    kinds = {"+": Outcome.CORRECT, "-": Outcome.INCORRECT, "0": Outcome.NOT_ATTEMPTED, "?": Outcome.NOT_SCORED}
    return [
        AnswerRow(
            str(n), arm, "x", kinds[sign], "", "", (), **{"seconds": 1.0 + n, "tokens_in": 10, "tokens_out": 2, **more}
        )
        for n, sign in enumerate(outcomes)
    ]


QUESTIONS = [Question(str(n), "Which?", "this", "free" if n < 8 else "unanswerable") for n in range(10)]


def test_counts_intervals_and_comparisons_are_those_calculated_by_hand() -> None:
    summary = summarise(QUESTIONS, rows(Arm.BASE, "--0---?-+-") + rows(Arm.RAG, "+++++++-+-"), run_id="r")
    assert (summary.questions, summary.answerable) == (10, 8)
    base, rag = summary.arms
    assert (base.correct.count, base.correct.total) == (0, 7)  # what was not scored is not counted
    assert base.outcomes == {"correct": 0, "incorrect": 6, "not_attempted": 1, "not_scored": 1}
    assert (base.refused.count, base.refused.total) == (1, 2)
    # Wilson, z = 1.96: (p + z²/2n ± z√(p(1-p)/n + z²/4n²)) / (1 + z²/n) with p = 7/8, n = 8
    assert (rag.correct.count, rag.correct.total) == (7, 8)
    assert rag.correct.low == pytest.approx(0.5291, abs=5e-4)
    assert rag.correct.high == pytest.approx(0.9776, abs=5e-4)
    # 0 of 7: from 0 to z²/(n + z²)
    assert (base.correct.low, base.correct.high) == pytest.approx((0.0, 3.8416 / 10.8416), abs=5e-4)
    # Exact McNemar: 7 against 0 is 2 · (1/2)^7
    (comparison,) = summary.comparisons
    assert (comparison.only_first, comparison.only_second) == (0, 7)
    assert comparison.p == pytest.approx(2 / 2**7)
    assert comparison.verdict == "rag beats base (only one right: 7 against 0, p = 0.016)"
    assert (base.median_seconds, base.slowest_seconds, base.tokens_in, base.tokens_out) == (5.5, 10.0, 100, 20)


@pytest.mark.parametrize("outcomes", ["????????", "", "++++++++", "00000000", "?"])
def test_no_number_is_ever_missing(outcomes: str) -> None:
    summary = summarise(QUESTIONS, rows(Arm.SEARCH, outcomes) + rows(Arm.BASE, outcomes), run_id="r")
    assert all(math.isfinite(number) for number in numbers(summary.as_json()))
    assert [str(arm.correct) for arm in summary.arms if not arm.correct.total] == [
        "–" for arm in summary.arms if not arm.correct.total
    ]
    for comparison in summary.comparisons:
        assert comparison.p == 1.0
        assert comparison.verdict.startswith("cannot tell")


def test_a_comparison_counts_only_questions_both_arms_answered() -> None:
    summary = summarise(QUESTIONS, rows(Arm.BASE, "++") + rows(Arm.RAG, "-"), run_id="r")
    (comparison,) = summary.comparisons
    assert (comparison.only_first, comparison.only_second) == (1, 0)
