"""After the bench: right, wrong, or cannot tell, and never more than the numbers carry."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from foretune.plan.advice import ArmOutcome, BenchOutcome, Paired, Recommendation, Verdict
from foretune.plan.advice.review import review
from foretune.plan.intent import Intent
from foretune.types import Arm

FACTS, VOICE = Intent(("answers",), ()), Intent((), ("voice",))
BOTH = Intent(("answers",), ("voice",))


def outcome(*pairs: tuple[Arm, Arm, int, int], total: int = 100) -> BenchOutcome:
    """A bench with these discordant pairs and McNemar's exact p-values."""
    arms = {arm for pair in pairs for arm in pair[:2]} | {Arm.RAG, Arm.TUNED_RAG, Arm.TUNED, Arm.BASE}
    return BenchOutcome(
        {arm: ArmOutcome(60, total, 0.5, 0.69) for arm in arms},
        tuple(Paired(a, b, m, n, binomtest(min(m, n), m + n).pvalue if m + n else 1.0) for a, b, m, n in pairs),
    )


CLEAR, EVEN = (40, 5), (10, 9)


def test_retrieval_was_right_when_it_beats_the_model_alone_and_the_tuned_one() -> None:
    found = review(
        Recommendation.RETRIEVAL,
        FACTS,
        outcome((Arm.BASE, Arm.RAG, 5, 40), (Arm.RAG, Arm.TUNED, *CLEAR), (Arm.RAG, Arm.TUNED_RAG, *EVEN)),
    )
    assert found.verdict is Verdict.RIGHT
    assert found.sentence == (
        "The advice was right: retrieval (rag), 60 of 100 right (50% to 69%), gave more right answers than "
        "the model alone (base) and tuning (tuned)."
    )
    assert found.comparisons[0] == "rag against base: only rag right 40 times, only base right 5 times, p < 0.001."


def test_it_was_right_when_the_tuned_arm_was_never_run() -> None:
    assert review(Recommendation.RETRIEVAL, FACTS, outcome((Arm.BASE, Arm.RAG, 5, 40))).verdict is Verdict.RIGHT


def test_nobody_can_tell_when_one_simpler_arm_is_not_set_apart() -> None:
    found = review(
        Recommendation.RETRIEVAL, FACTS, outcome((Arm.BASE, Arm.RAG, 5, 40), (Arm.RAG, Arm.TUNED, *EVEN), total=40)
    )
    assert found.verdict is Verdict.CANNOT_TELL
    assert "not set apart from tuning (tuned); with 40 questions only large differences show" in found.sentence


def test_it_was_wrong_when_another_arm_beats_it() -> None:
    found = review(
        Recommendation.RETRIEVAL, FACTS, outcome((Arm.BASE, Arm.RAG, 5, 40), (Arm.RAG, Arm.TUNED_RAG, 5, 40))
    )
    assert found.verdict is Verdict.WRONG
    assert found.sentence.startswith(
        "The advice was wrong: both (tuned+rag) gave more right answers than retrieval (rag), 60"
    )


def test_one_test_among_several_has_to_be_clearer_to_prove_the_advice_wrong() -> None:
    close = (Arm.TUNED_RAG, Arm.RAG, 14, 4)  # p = 0.031
    assert review(Recommendation.RETRIEVAL, FACTS, outcome(close)).verdict is Verdict.WRONG
    three = outcome(close, (Arm.BASE, Arm.RAG, *EVEN), (Arm.TUNED, Arm.RAG, *EVEN))
    assert review(Recommendation.RETRIEVAL, FACTS, three).verdict is Verdict.CANNOT_TELL


def test_a_voice_is_not_measured_by_right_answers() -> None:
    found = review(Recommendation.TUNING, VOICE, outcome((Arm.TUNED, Arm.RAG, 5, 40)))
    assert found.verdict is Verdict.CANNOT_TELL
    assert "does not measure a way of writing" in found.sentence


def test_a_comparison_reads_as_a_sentence() -> None:
    found = review(Recommendation.RETRIEVAL, FACTS, outcome((Arm.RAG, Arm.TUNED_RAG, 1, 0)))
    (sentence,) = found.comparisons
    assert sentence.startswith("rag against tuned+rag: only rag right once, only tuned+rag right never, p = ")


def test_a_comparison_says_where_declining_counts_beside_the_answers() -> None:
    arms = {arm: ArmOutcome(14, 14, 0.78, 1.0, refused=4, unanswerable=4) for arm in (Arm.RAG, Arm.BASE)}
    found = review(Recommendation.RETRIEVAL, FACTS, BenchOutcome(arms, (Paired(Arm.RAG, Arm.BASE, 16, 0, 0.0001),)))
    assert found.comparisons[0].endswith(
        "only rag right 16 times, only base right never, p < 0.001; rightly declining counts as right."
    )


def test_both_can_be_right_as_for_facts() -> None:
    found = review(
        Recommendation.BOTH,
        BOTH,
        outcome((Arm.BASE, Arm.TUNED_RAG, 5, 40), (Arm.TUNED, Arm.TUNED_RAG, 5, 40), (Arm.RAG, Arm.TUNED_RAG, *EVEN)),
    )
    assert found.verdict is Verdict.RIGHT
    assert found.sentence.endswith(
        "the model alone (base) and tuning (tuned), as for facts; the bench does not measure the way of writing."
    )


def test_both_was_wrong_when_tuning_cost_right_answers() -> None:
    assert review(Recommendation.BOTH, BOTH, outcome((Arm.RAG, Arm.TUNED_RAG, 40, 5))).verdict is Verdict.WRONG


def test_neither_can_only_be_proven_wrong() -> None:
    assert review(Recommendation.NEITHER, FACTS, outcome((Arm.BASE, Arm.RAG, *EVEN))).verdict is Verdict.CANNOT_TELL
    assert review(Recommendation.NEITHER, FACTS, outcome((Arm.BASE, Arm.RAG, 5, 40))).verdict is Verdict.WRONG


@pytest.mark.parametrize("arms", [{}, {Arm.BASE: ArmOutcome(3, 10, 0.1, 0.6)}, {Arm.RAG: ArmOutcome(0, 0, 0, 1)}])
def test_an_arm_that_was_not_run_says_nothing(arms: dict[Arm, ArmOutcome]) -> None:
    found = review(Recommendation.RETRIEVAL, FACTS, BenchOutcome(arms, ()))
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.sentence == "The bench has not run what was advised, retrieval (rag), yet."


def test_an_arm_alone_cannot_be_set_apart() -> None:
    found = review(Recommendation.RETRIEVAL, FACTS, BenchOutcome({Arm.RAG: ArmOutcome(30, 40, 0.6, 0.86)}, ()))
    assert (
        "(rag), 30 of 40 right (60% to 86%), is not set apart from any other arm, for no other was run"
        in found.sentence
    )


def test_the_search_arm_answers_nothing_and_is_not_compared() -> None:
    found = review(Recommendation.RETRIEVAL, FACTS, outcome((Arm.SEARCH, Arm.RAG, 40, 5), (Arm.BASE, Arm.RAG, 5, 40)))
    assert found.verdict is Verdict.RIGHT
    assert len(found.comparisons) == 1
