"""The advice and what it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from foretune.plan.advice.sources import Source
from foretune.plan.config import Config
from foretune.plan.intent import Intent
from foretune.types import Arm, Label

__all__ = [
    "Advice",
    "ArmOutcome",
    "BenchOutcome",
    "Case",
    "Change",
    "CorpusFacts",
    "Paired",
    "Reason",
    "Recommendation",
    "Review",
    "TradeOff",
    "Verdict",
]


class Recommendation(StrEnum):
    """What to build."""

    RETRIEVAL = "retrieval"
    TUNING = "tuning"
    BOTH = "both"
    NEITHER = "neither"

    @property
    def arm(self) -> Arm:
        """The arm of the bench that it comes to."""
        return _ARMS[self]


_ARMS = {
    Recommendation.RETRIEVAL: Arm.RAG,
    Recommendation.TUNING: Arm.TUNED,
    Recommendation.BOTH: Arm.TUNED_RAG,
    Recommendation.NEITHER: Arm.BASE,
}


@dataclass(frozen=True, slots=True)
class CorpusFacts:
    """What was measured about the documents. Shares are 0 to 1 of the included documents; None is unknown."""

    documents: int
    """Read, whatever became of them."""
    included: int
    """Let through by people or policy, for any use."""
    words: int
    """In the included documents."""
    for_tuning: int
    """Included documents that may be used for tuning."""
    authors: int = 0
    """Different names among them; 0 where none is named."""
    top_author_share: float | None = None
    """Of the documents that name an author: the most frequent one's."""
    dated_share: float | None = None
    oldest: str = ""
    newest: str = ""
    older_than_two_years: float | None = None
    """Of the dated documents."""
    changed_last_month: float | None = None
    """Share that was added or changed in the last 30 days, after the first reading."""
    first_person_share: float | None = None
    """Written in the first person singular (see :func:`foretune.plan.advice.facts.is_first_person`)."""
    personal_share: float | None = None
    """Still holding personal data after redaction, of a type that :data:`foretune.plan.advice.PRIVATE` names."""
    near_duplicate_share: float | None = None
    """That another document nearly repeats."""
    labels: Mapping[Label, int] = field(default_factory=dict)
    """Included documents by label."""
    questions: int = 0
    """Answerable questions of the bench."""
    searchable: float | None = None
    """Share of those whose source search finds in the first five."""
    indexing_seconds: float | None = None
    """What making the index took here, or in proportion would take; None where it was not measured."""
    training_tokens_per_second: float | None = None
    """What training reads a second here, as the newest adapter for this model measured it; None without one."""
    model_parameters: int | None = None
    """Of the plan's model; None where it runs elsewhere, or does not say."""

    @property
    def mean_words(self) -> float:
        """Words a document."""
        return self.words / self.included if self.included else 0.0

    @property
    def sensitive_share(self) -> float:
        """Share labelled confidential or restricted."""
        return self._labelled(Label.CONFIDENTIAL, Label.RESTRICTED)

    @property
    def restricted_share(self) -> float:
        """Share labelled restricted."""
        return self._labelled(Label.RESTRICTED)

    def _labelled(self, *labels: Label) -> float:
        return sum(self.labels.get(label, 0) for label in labels) / max(sum(self.labels.values()), 1)


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule may look at."""

    config: Config
    facts: CorpusFacts
    intent: Intent


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that applied: the fact, the rule, the source, and how it votes."""

    rule: str
    """Its name."""
    fact: str
    """What was found, with numbers; a sentence."""
    principle: str
    """What follows from it; a sentence."""
    source: Source
    retrieval: float = 0.0
    """Points for (or, negative, against) retrieval."""
    tuning: float = 0.0
    blocks: tuple[Recommendation, ...] = ()
    """What it rules out whatever the points say: retrieval, tuning."""

    @property
    def text(self) -> str:
        """Fact and rule, to be read one after the other."""
        return f"{self.fact} {self.principle}"


@dataclass(frozen=True, slots=True)
class TradeOff:
    """One thing people weigh, and what each way comes to in it."""

    aspect: str
    prompt: str
    """The documents in the prompt, nothing built."""
    retrieval: str
    tuning: str
    both: str


@dataclass(frozen=True, slots=True)
class Change:
    """One input flipped and the advice taken again."""

    input: str
    now: str
    then: str
    recommendation: Recommendation
    flips: bool
    """Whether the recommendation became another."""

    def __str__(self) -> str:
        outcome = f"the advice would be: {self.recommendation}" if self.flips else "the advice would stay the same"
        return f"If {self.input} were {self.then} (now {self.now}), {outcome}."


@dataclass(frozen=True, slots=True)
class ArmOutcome:
    """Right answers of one arm, with the 95 % interval of their share (0 to 1)."""

    correct: int
    total: int
    low: float
    high: float
    refused: int = 0
    """Unanswerable questions that were declined."""
    unanswerable: int = 0


@dataclass(frozen=True, slots=True)
class Paired:
    """Two arms on the same questions: how often only one of them was right (McNemar's exact test)."""

    first: Arm
    second: Arm
    only_first: int
    only_second: int
    p: float


@dataclass(frozen=True, slots=True)
class BenchOutcome:
    """What the bench found, as far as the advice is concerned."""

    arms: Mapping[Arm, ArmOutcome]
    pairs: tuple[Paired, ...]


class Verdict(StrEnum):
    """What the bench says about the advice."""

    RIGHT = "right"
    WRONG = "wrong"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Review:
    """The advice compared with what happened."""

    verdict: Verdict
    sentence: str
    comparisons: tuple[str, ...]
    """One sentence for each arm compared with the recommended one."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to build, why, at what price, and what would change it."""

    recommendation: Recommendation
    headline: str
    """One or two sentences."""
    retrieval: float
    """Points for retrieval, all votes added up."""
    tuning: float
    threshold: float
    """Points from which an approach is recommended."""
    blocked: tuple[Recommendation, ...]
    """Approaches ruled out whatever their points."""
    reasons: tuple[Reason, ...]
    """The weightiest first."""
    unknown: tuple[str, ...]
    """Facts that were not there; with them the advice may differ."""
    tradeoffs: tuple[TradeOff, ...]
    changes: tuple[Change, ...]
    """Every input that was flipped."""
    planned_arm: Arm
    """The arm the plan's thresholds are for."""
    review: Review | None = None
    missed: tuple[str, ...] = ()
    """What the bench found below the plan's thresholds, for the arm they are for; a sentence each."""

    @property
    def what_would_change(self) -> tuple[Change, ...]:
        """The flips after which the recommendation is another."""
        return tuple(change for change in self.changes if change.flips)

    @property
    def afterwards(self) -> str:
        """What the bench says about the advice; empty before it."""
        return self.review.sentence if self.review else ""

    @property
    def arm(self) -> Arm:
        """The recommended arm."""
        return self.recommendation.arm

    @property
    def close(self) -> bool:
        """True where one more vote of one point would turn the recommendation."""
        votes = {Recommendation.RETRIEVAL: self.retrieval, Recommendation.TUNING: self.tuning}
        return any(
            abs(points - self.threshold) < 1 for approach, points in votes.items() if approach not in self.blocked
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, for ``--json`` and the report."""
        return asdict(self) | {
            "arm": self.arm,
            "close": self.close,
            "what_would_change": [asdict(change) for change in self.what_would_change],
        }
