"""Retrieval, tuning, both or neither: the votes of all rules added up, in the open."""

from __future__ import annotations

from dataclasses import dataclass

from foretune.plan.advice.review import review
from foretune.plan.advice.rules import RULES, THRESHOLD
from foretune.plan.advice.sensitivity import flipped
from foretune.plan.advice.tradeoffs import tradeoffs
from foretune.plan.advice.types import Advice, BenchOutcome, Case, Change, CorpusFacts, Reason, Recommendation
from foretune.plan.asked import whom_to_ask
from foretune.plan.config import Config
from foretune.plan.intent import intent

__all__ = ["advise"]


@dataclass(frozen=True, slots=True)
class _Count:
    recommendation: Recommendation
    retrieval: float
    tuning: float
    blocked: tuple[Recommendation, ...]
    reasons: tuple[Reason, ...]


def advise(config: Config, facts: CorpusFacts, outcome: BenchOutcome | None = None) -> Advice:
    """Advice from the plan and from measured facts; pure, and quick enough to ask at any time.

    With the ``outcome`` of a bench it also says whether the advice was right.
    """
    case = Case(config, facts, intent(config))
    count = _count(case)
    changes = tuple(
        Change(what, now, then, other.recommendation, other.recommendation is not count.recommendation)
        for what, now, then, changed in flipped(case)
        for other in (_count(changed),)
    )
    return Advice(
        count.recommendation,
        _headline(case, count),
        count.retrieval,
        count.tuning,
        THRESHOLD,
        count.blocked,
        count.reasons,
        _unknown(facts),
        tradeoffs(case),
        changes,
        config.performance.arm,
        review(count.recommendation, case.intent, outcome) if outcome else None,
        _missed(config, outcome) if outcome else (),
    )


def _missed(config: Config, outcome: BenchOutcome) -> tuple[str, ...]:
    wanted = config.performance
    found = outcome.arms.get(wanted.arm)
    if found is None:
        return ()
    rates = (
        ("answered", "right", found.correct, found.total, wanted.min_correct),
        ("declined", "of those without an answer", found.refused, found.unanswerable, wanted.min_refused),
    )
    return tuple(
        f"The bench missed the plan: {wanted.arm} {did} {count} of {total} questions {how} ({least:.0%} wanted)."
        f"{whom_to_ask(config, 'owner')}"
        for did, how, count, total, least in rates
        if total and count / total < least
    )


def _count(case: Case) -> _Count:
    reasons = [reason for rule in RULES.values() if (reason := rule(case))]
    retrieval = sum(reason.retrieval for reason in reasons)
    tuning = sum(reason.tuning for reason in reasons)
    blocked = tuple(dict.fromkeys(approach for reason in reasons for approach in reason.blocks))
    retrieves = retrieval >= THRESHOLD and Recommendation.RETRIEVAL not in blocked
    tunes = tuning >= THRESHOLD and Recommendation.TUNING not in blocked
    recommendation = {
        (True, True): Recommendation.BOTH,
        (True, False): Recommendation.RETRIEVAL,
        (False, True): Recommendation.TUNING,
        (False, False): Recommendation.NEITHER,
    }[retrieves, tunes]
    reasons.sort(key=lambda reason: (not reason.blocks, -abs(reason.retrieval) - abs(reason.tuning)))
    return _Count(recommendation, retrieval, tuning, blocked, tuple(reasons))


def _headline(case: Case, count: _Count) -> str:
    facts = case.facts
    match count.recommendation:
        case Recommendation.RETRIEVAL:
            waits = f" The way of writing has to wait: {_lower(_against_tuning(count))}" if case.intent.voice else ""
            return "Retrieval: let the model look things up in the documents." + waits
        case Recommendation.TUNING:
            return "Tuning: train the way of writing into an adapter."
        case Recommendation.BOTH:
            return "Both: tune the way of writing, and let the model look the facts up."
        case Recommendation.NEITHER if not facts.documents:
            return "Neither yet: add documents first."
        case Recommendation.NEITHER if not facts.included:
            return f"Neither yet: none of the {facts.documents:,} documents is included. Run `foretune review` first."
        case Recommendation.NEITHER if Recommendation.RETRIEVAL in count.blocked:
            return f"Neither yet: a prompt with the {facts.words:,} words of these documents in it would do."
    return "Neither yet: a prompt with two or three of these texts as examples would do. " + _against_tuning(count)


def _against_tuning(count: _Count) -> str:
    """The weightiest fact that speaks against tuning."""
    return min(count.reasons, key=lambda reason: (Recommendation.TUNING not in reason.blocks, reason.tuning)).fact


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


_FACTS = {
    "top_author_share": "who wrote the documents",
    "older_than_two_years": "how old the documents are",
    "personal_share": "how many documents hold personal data",
    "near_duplicate_share": "how many documents repeat one another",
    "searchable": "how many bench questions search can answer",
}


def _unknown(facts: CorpusFacts) -> tuple[str, ...]:
    return tuple(words for name, words in _FACTS.items() if getattr(facts, name) is None)
