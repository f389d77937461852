"""The advice compared with the bench: right, wrong, or cannot tell."""

from __future__ import annotations

from foretune.plan.advice.types import BenchOutcome, Paired, Recommendation, Review, Verdict
from foretune.plan.intent import Intent
from foretune.types import Arm

__all__ = ["ALPHA", "review"]

ALPHA = 0.05
ENOUGH_QUESTIONS = 50
"""Below, McNemar's test misses most real differences: with 50 questions it sees 20 % against 5 %
discordant answers 48 % of the time, with 100 82 %, with 200 99 % (exact test, two-sided 5 %)."""

_SIMPLER = {
    Recommendation.RETRIEVAL: (Arm.BASE, Arm.TUNED),
    Recommendation.TUNING: (Arm.BASE,),
    Recommendation.BOTH: (Arm.BASE, Arm.TUNED),
    Recommendation.NEITHER: (),
}
"""The arms that the recommended one has to beat, so that its effort was worth it."""
_WORDS = {
    Arm.BASE: "the model alone (base)",
    Arm.RAG: "retrieval (rag)",
    Arm.TUNED: "tuning (tuned)",
    Arm.TUNED_RAG: "both (tuned+rag)",
}
"""What the arms are to somebody who has not named them."""


def review(recommendation: Recommendation, intent: Intent, outcome: BenchOutcome) -> Review:
    """What the bench says about the recommendation.

    *Right* when the recommended arm beats every simpler arm that was run (all of
    the tests have to reject, so no correction for their number is due). *Wrong*
    when any arm beats it, each tested at 5 % divided by their number
    (Bonferroni). Else nobody can tell.
    """
    arm = recommendation.arm
    found = outcome.arms.get(arm)
    if found is None or not found.total:
        return Review(Verdict.CANNOT_TELL, f"The bench has not run what was advised, {_WORDS[arm]}, yet.", ())
    others = {name: pair for pair in outcome.pairs if (name := _other(pair, arm)) is not None}
    comparisons = tuple(_comparison(arm, name, pair, outcome) for name, pair in others.items())
    better = [name for name, pair in others.items() if _wins(pair, name) and pair.p < ALPHA / len(others)]
    simpler = [name for name in _SIMPLER[recommendation] if name in others]
    beaten = [name for name in simpler if _wins(others[name], arm) and others[name].p < ALPHA]
    advised = f"{_WORDS[arm]}, {found.correct} of {found.total} right ({found.low:.0%} to {found.high:.0%})"
    if intent.voice and not intent.facts:
        return Review(
            Verdict.CANNOT_TELL,
            f"The bench counts right answers ({advised}); it does not measure a way of writing, "
            "so it says nothing about this advice.",
            comparisons,
        )
    if better:
        return Review(
            Verdict.WRONG,
            f"The advice was wrong: {_spoken(better)} gave more right answers than {advised}.",
            comparisons,
        )
    if simpler and beaten == simpler:
        return Review(
            Verdict.RIGHT,
            f"The advice was right: {advised}, gave more right answers than {_spoken(beaten)}{_unmeasured(intent)}.",
            comparisons,
        )
    return Review(
        Verdict.CANNOT_TELL,
        f"Nobody can tell yet: {advised}, is not set apart from {_rest(simpler, beaten, others)}"
        f"{_too_few(found.total)}.",
        comparisons,
    )


def _spoken(arms: list[Arm]) -> str:
    return " and ".join(_WORDS[arm] for arm in arms)


def _rest(simpler: list[Arm], beaten: list[Arm], others: dict[Arm, Paired]) -> str:
    open_ = [name for name in simpler if name not in beaten] or list(others)
    return _spoken(open_) if open_ else "any other arm, for no other was run"


def _too_few(questions: int) -> str:
    if questions >= 2 * ENOUGH_QUESTIONS:
        return ""
    return f"; with {questions} questions only large differences show, a hundred or two would tell more"


def _unmeasured(intent: Intent) -> str:
    return ", as for facts; the bench does not measure the way of writing" if intent.voice else ""


def _other(pair: Paired, arm: Arm) -> Arm | None:
    if arm not in (pair.first, pair.second) or Arm.SEARCH in (pair.first, pair.second):
        return None
    return pair.second if pair.first is arm else pair.first


def _wins(pair: Paired, arm: Arm) -> bool:
    ours, theirs = (pair.only_first, pair.only_second) if pair.first is arm else (pair.only_second, pair.only_first)
    return ours > theirs


def _comparison(arm: Arm, other: Arm, pair: Paired, outcome: BenchOutcome) -> str:
    ours, theirs = (pair.only_first, pair.only_second) if pair.first is arm else (pair.only_second, pair.only_first)
    # The test is over all questions, and the shares beside it are of the answerable ones.
    declined = "; rightly declining counts as right" if outcome.arms[arm].unanswerable else ""
    p = "p < 0.001" if pair.p < 0.001 else f"p = {pair.p:.3f}"
    return (
        f"{arm} against {other}: only {arm} right {_times(ours)}, only {other} right {_times(theirs)}, {p}{declined}."
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times" if count else "never"
