"""What a run of the bench came to: outcomes with intervals, arms compared in pairs, time and tokens."""

from __future__ import annotations

import statistics as plain_statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from foretune.bench.statistics import mcnemar
from foretune.intervals import wilson
from foretune.types import Arm, Outcome, Question

__all__ = ["AnswerRow", "ArmSummary", "BenchSummary", "Comparison", "Rate", "summarise"]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One arm's answer to one question, scored."""

    question_id: str
    arm: Arm
    response: str
    outcome: Outcome
    why: str
    scorer: str
    passages: Sequence[Mapping[str, Any]]
    seconds: float
    tokens_in: int
    tokens_out: int
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Rate:
    """``count`` of ``total`` with its 95 % Wilson interval (shares, 0 to 1)."""

    count: int
    total: int
    low: float
    high: float

    @classmethod
    def of(cls, count: int, total: int) -> Rate:
        low, high = wilson(count, total) if total else (0.0, 1.0)
        return cls(count, total, low, high)

    def __str__(self) -> str:
        if not self.total:
            return "–"
        return f"{self.count} of {self.total} ({self.low:.0%}–{self.high:.0%})"


@dataclass(frozen=True, slots=True)
class ArmSummary:
    """One arm. For ``search``, *correct* means that the gold source is in the first five documents."""

    arm: Arm
    correct: Rate
    """Of the answerable questions."""
    refused: Rate
    """Of the unanswerable ones, how many were declined."""
    outcomes: Mapping[str, int]
    """Answerable questions by outcome."""
    median_seconds: float
    slowest_seconds: float
    tokens_in: int
    tokens_out: int
    cost: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms on the same questions: how often only one of them was right (exact McNemar test)."""

    first: Arm
    second: Arm
    only_first: int
    only_second: int
    p: float

    @property
    def verdict(self) -> str:
        """One sentence; "cannot tell" unless p < 0.05."""
        if self.p >= 0.05:
            return (
                f"cannot tell {self.first} from {self.second} "
                f"(only one right: {self.only_first} against {self.only_second}, p = {self.p:.2f})"
            )
        better, worse = (self.first, self.second) if self.only_first > self.only_second else (self.second, self.first)
        more, fewer = max(self.only_first, self.only_second), min(self.only_first, self.only_second)
        shown = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}"
        return f"{better} beats {worse} (only one right: {more} against {fewer}, {shown})"


@dataclass(frozen=True, slots=True)
class BenchSummary:
    """A whole run."""

    run_id: str
    questions: int
    answerable: int
    arms: tuple[ArmSummary, ...]
    comparisons: tuple[Comparison, ...]

    def arm(self, name: Arm) -> ArmSummary | None:
        return next((arm for arm in self.arms if arm.arm is name), None)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def summarise(questions: Sequence[Question], rows: Sequence[AnswerRow], *, run_id: str) -> BenchSummary:
    """Count, with intervals, and compare every two answering arms on the same questions."""
    unanswerable = {question.id for question in questions if question.kind == "unanswerable"}
    by_arm: dict[Arm, dict[str, AnswerRow]] = {}
    for row in rows:
        by_arm.setdefault(row.arm, {})[row.question_id] = row
    names = [arm for arm in Arm if arm in by_arm]
    right = {arm: {key for key, row in by_arm[arm].items() if row.outcome is Outcome.CORRECT} for arm in names}
    comparisons = []
    for first, second in combinations([arm for arm in names if arm is not Arm.SEARCH], 2):
        both = by_arm[first].keys() & by_arm[second].keys()
        only_first = len((right[first] - right[second]) & both)
        only_second = len((right[second] - right[first]) & both)
        comparisons.append(Comparison(first, second, only_first, only_second, mcnemar(only_first, only_second)))
    return BenchSummary(
        run_id,
        len(questions),
        len(questions) - len(unanswerable),
        tuple(_arm_summary(arm, by_arm[arm], unanswerable) for arm in names),
        tuple(comparisons),
    )


def _arm_summary(arm: Arm, rows: Mapping[str, AnswerRow], unanswerable: set[str]) -> ArmSummary:
    answerable = [row for key, row in rows.items() if key not in unanswerable]
    hopeless = [row for key, row in rows.items() if key in unanswerable and row.outcome is not Outcome.NOT_SCORED]
    scored = [row for row in answerable if row.outcome is not Outcome.NOT_SCORED]
    seconds = [row.seconds for row in rows.values()]
    return ArmSummary(
        arm,
        Rate.of(sum(row.outcome is Outcome.CORRECT for row in scored), len(scored)),
        Rate.of(sum(row.outcome is Outcome.CORRECT for row in hopeless), len(hopeless)),
        {outcome.value: sum(row.outcome is outcome for row in answerable) for outcome in Outcome},
        plain_statistics.median(seconds),
        max(seconds),
        sum(row.tokens_in for row in rows.values()),
        sum(row.tokens_out for row in rows.values()),
        sum(row.cost for row in rows.values()),
    )
