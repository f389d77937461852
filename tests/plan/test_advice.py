"""The advice: what the story asks for, what the documents allow, and every vote in the open."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from foretune.plan import Config, settle
from foretune.plan.advice import (
    RULES,
    THRESHOLD,
    Advice,
    ArmOutcome,
    BenchOutcome,
    CorpusFacts,
    Recommendation,
    advise,
)
from foretune.plan.advice.sensitivity import FLIPS
from foretune.types import Arm, Label

HANDBOOK = CorpusFacts(documents=250, included=246, words=180_000, for_tuning=246, labels={Label.INTERNAL: 246})
BLOG = CorpusFacts(
    documents=408,
    included=408,
    words=250_000,
    for_tuning=408,
    authors=1,
    top_author_share=1.0,
    first_person_share=0.94,
    older_than_two_years=0.85,
    labels={Label.PUBLIC: 408},
)


def story(want: str, so_that: str = "it is done", **settings: Any) -> Config:
    given = {key.replace("__", "."): value for key, value in settings.items()}
    return settle({"story.persona": "somebody", "story.want": want, "story.so_that": so_that, **given})


ASK = story("staff questions answered from our handbook")
VOICE = story("posts drafted in my voice")
BOTH = story("customers' questions answered in our tone of voice")
FORM = story("each ticket classified into one of our categories")


def test_a_missed_threshold_is_said_to_whom_the_plan_names() -> None:
    outcome = BenchOutcome({Arm.RAG: ArmOutcome(4, 10, 0.2, 0.7)}, ())
    named = story("questions answered", people__owner="Head of HR", performance__min_correct=0.8)
    assert advise(named, HANDBOOK, outcome).missed == (
        "The bench missed the plan: rag answered 4 of 10 questions right (80% wanted). "
        "The plan says whom to ask: Head of HR.",
    )


def test_a_larger_model_takes_longer_and_one_elsewhere_its_own_time() -> None:
    def row(aspect: str, config: Config, **facts: Any) -> str:
        found = advise(config, replace(HANDBOOK, **facts)).tradeoffs
        return next(f"{each.retrieval}; {each.tuning}" for each in found if each.aspect == aspect)

    ten = {"model_parameters": 1_345_150_080}
    assert "about 2 s" in row("speed", ASK)
    assert "about 17 s" in row("speed", ASK, **ten)
    assert "train: about 1.2 h" in row("to build", ASK)
    assert "train: about 12 h" in row("to build", ASK, **ten)
    served = story("questions answered", engine__kind="openai", engine__url="http://localhost:8000/v1")
    assert row("speed", served).startswith("reads up to 500 tokens more; ")
    assert "as long as the service takes" in row("to build", served)


def rules(advice: Advice) -> set[str]:
    return {reason.rule for reason in advice.reasons}


@pytest.mark.parametrize(
    ("config", "facts", "expected"),
    [
        (ASK, HANDBOOK, "retrieval"),
        (VOICE, BLOG, "tuning"),
        (BOTH, BLOG, "both"),
        (VOICE, replace(BLOG, included=2, for_tuning=2, words=1500), "neither"),
        (ASK, replace(HANDBOOK, included=3, for_tuning=3, words=2_000), "neither"),
        (ASK, replace(HANDBOOK, included=5, for_tuning=5, words=300_000), "retrieval"),
        (VOICE, replace(BLOG, included=9, for_tuning=9, words=6_000), "neither"),
        (VOICE, replace(BLOG, included=30, for_tuning=30, words=20_000), "neither"),
        (VOICE, replace(BLOG, included=80, for_tuning=80, words=50_000), "tuning"),
        (ASK, replace(HANDBOOK, included=0, words=0, for_tuning=0), "neither"),
        (VOICE, replace(BLOG, for_tuning=0), "neither"),
        (BOTH, replace(BLOG, for_tuning=4), "retrieval"),
        (story("posts in my voice", process__cadence="weekly"), BLOG, "tuning"),
        (story("fewer tickets"), HANDBOOK, "retrieval"),
        (BOTH, replace(BLOG, labels={Label.RESTRICTED: 408}, top_author_share=0.1, authors=40), "retrieval"),
    ],
)
def test_the_recommendation_follows_story_and_documents(config: Config, facts: CorpusFacts, expected: str) -> None:
    assert advise(config, facts).recommendation == expected


def test_a_headline_says_what_to_do() -> None:
    two_posts = replace(BLOG, included=2, for_tuning=2, words=1500)
    assert advise(ASK, HANDBOOK).headline.startswith("Retrieval: ")
    assert "a prompt with the 1,500 words" in advise(VOICE, two_posts).headline
    assert "add documents first" in advise(VOICE, replace(two_posts, documents=0, included=0)).headline
    assert (
        "none of the 408 documents is included. Run `foretune review`"
        in advise(VOICE, replace(two_posts, included=0)).headline
    )
    assert advise(VOICE, replace(BLOG, included=30, for_tuning=30)).headline == (
        "Neither yet: a prompt with two or three of these texts as examples would do. "
        "There are 30 documents for tuning, a first signal shows from 50."
    )
    assert advise(BOTH, replace(BLOG, for_tuning=4)).headline == (
        "Retrieval: let the model look things up in the documents. "
        "The way of writing has to wait: there are 4 documents for tuning."
    )


def test_the_points_are_the_sum_of_the_votes_and_decide() -> None:
    for config in (ASK, VOICE, BOTH):
        for facts in (HANDBOOK, BLOG, replace(BLOG, included=30, for_tuning=30)):
            advice = advise(config, facts)
            assert advice.retrieval == sum(reason.retrieval for reason in advice.reasons)
            assert advice.tuning == sum(reason.tuning for reason in advice.reasons)
            retrieves = advice.retrieval >= THRESHOLD and Recommendation.RETRIEVAL not in advice.blocked
            tunes = advice.tuning >= THRESHOLD and Recommendation.TUNING not in advice.blocked
            assert (retrieves, tunes) == {
                "retrieval": (True, False),
                "tuning": (False, True),
                "both": (True, True),
                "neither": (False, False),
            }[advice.recommendation]


def test_every_reason_names_its_fact_its_rule_and_its_source() -> None:
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.principle.endswith((".", "?"))
        assert str(rule.source)
    advice = advise(ASK, HANDBOOK)
    reason = advice.reasons[0]
    assert reason.fact == "The plan asks for facts (“questions”, “answered”)."
    assert "arXiv 2312.05934" in str(reason.source)
    assert reason.text == f"{reason.fact} {reason.principle}"


def test_the_weightiest_reason_comes_first_and_what_rules_out_before_it() -> None:
    weights = [abs(reason.retrieval) + abs(reason.tuning) for reason in advise(VOICE, BLOG).reasons]
    assert weights == sorted(weights, reverse=True)
    assert advise(VOICE, replace(BLOG, for_tuning=3)).reasons[0].rule == "too-few-to-train"


@pytest.mark.parametrize(
    ("rule", "config", "facts"),
    [
        ("story-wants-facts", ASK, HANDBOOK),
        ("story-wants-voice", VOICE, BLOG),
        ("story-wants-both", BOTH, BLOG),
        ("story-unclear", story("fewer tickets"), HANDBOOK),
        ("facts-are-not-trained-in", ASK, HANDBOOK),
        ("answers-must-be-checked", story("questions answered", "auditors can trust them"), HANDBOOK),
        ("nothing-included", ASK, replace(HANDBOOK, included=0)),
        ("a-prompt-would-do", ASK, replace(HANDBOOK, included=9, words=24_000)),
        ("too-few-to-train", VOICE, replace(BLOG, for_tuning=9)),
        ("enough-examples", VOICE, replace(BLOG, for_tuning=10)),
        ("documents-change-often", story("questions answered", process__cadence="daily"), HANDBOOK),
        ("documents-change-often", ASK, replace(HANDBOOK, changed_last_month=0.5)),
        ("documents-rest", story("posts in my voice", process__cadence="never"), BLOG),
        ("one-author", VOICE, BLOG),
        ("one-author", VOICE, replace(BLOG, authors=0, top_author_share=None)),
        ("many-authors", BOTH, replace(BLOG, top_author_share=0.4, authors=12)),
        ("one-voice-wanted-many-found", VOICE, replace(BLOG, top_author_share=0.4, authors=12)),
        ("story-wants-form", FORM, HANDBOOK),
        ("languages", story("questions answered", platform__languages=["en", "de"]), HANDBOOK),
        ("restricted-stays-out", ASK, replace(HANDBOOK, labels={Label.RESTRICTED: 246})),
        ("restricted-stays-out", VOICE, replace(BLOG, personal_share=0.5)),
        ("sensitive", ASK, replace(HANDBOOK, labels={Label.RESTRICTED: 50, Label.INTERNAL: 196})),
        ("sensitive", ASK, replace(HANDBOOK, personal_share=0.3)),
        ("near-duplicates", ASK, replace(HANDBOOK, near_duplicate_share=0.3)),
        ("old-documents", VOICE, BLOG),
        ("search-finds-the-answers", ASK, replace(HANDBOOK, searchable=0.95, questions=34)),
        ("search-finds-the-answers", ASK, replace(HANDBOOK, searchable=0.2, questions=34)),
    ],
)
def test_a_rule_speaks_where_its_fact_is_there(rule: str, config: Config, facts: CorpusFacts) -> None:
    assert rule in rules(advise(config, facts))


@pytest.mark.parametrize(
    ("rule", "config", "facts"),
    [
        ("story-wants-facts", VOICE, HANDBOOK),
        ("story-wants-voice", ASK, BLOG),
        ("story-wants-both", ASK, BLOG),
        ("story-unclear", ASK, HANDBOOK),
        ("facts-are-not-trained-in", BOTH, BLOG),
        ("answers-must-be-checked", ASK, HANDBOOK),
        ("nothing-included", ASK, HANDBOOK),
        ("a-prompt-would-do", ASK, replace(HANDBOOK, included=10, words=24_000)),
        ("a-prompt-would-do", ASK, replace(HANDBOOK, included=9, words=24_001)),
        ("too-few-to-train", VOICE, replace(BLOG, for_tuning=10)),
        ("enough-examples", ASK, BLOG),
        ("documents-change-often", ASK, replace(HANDBOOK, changed_last_month=0.49)),
        ("documents-rest", story("answers", process__cadence="never"), replace(HANDBOOK, changed_last_month=0.9)),
        ("one-author", VOICE, replace(BLOG, first_person_share=0.1)),
        ("one-author", VOICE, replace(BLOG, authors=0, top_author_share=None, first_person_share=0.7)),
        ("one-author", ASK, BLOG),
        ("many-authors", BOTH, BLOG),
        ("many-authors", VOICE, replace(BLOG, top_author_share=0.4, authors=12)),
        ("one-voice-wanted-many-found", VOICE, BLOG),
        ("story-wants-form", ASK, HANDBOOK),
        ("languages", story("posts in my voice", platform__languages=["de"]), BLOG),
        (
            "a-prompt-would-do",
            ASK,
            replace(HANDBOOK, included=3, words=900, labels={Label.PUBLIC: 1, Label.RESTRICTED: 2}),
        ),
        ("restricted-stays-out", VOICE, replace(BLOG, personal_share=0.49)),
        ("sensitive", ASK, replace(HANDBOOK, personal_share=0.29)),
        ("near-duplicates", ASK, replace(HANDBOOK, near_duplicate_share=0.29)),
        ("old-documents", VOICE, replace(BLOG, older_than_two_years=0.49)),
        ("search-finds-the-answers", ASK, replace(HANDBOOK, searchable=0.6, questions=34)),
    ],
)
def test_a_rule_is_silent_where_its_fact_is_not(rule: str, config: Config, facts: CorpusFacts) -> None:
    assert rule not in rules(advise(config, facts))


def test_every_rule_has_a_case_where_it_speaks() -> None:
    speaking = test_a_rule_speaks_where_its_fact_is_there.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {case[0] for case in speaking} == set(RULES)


def test_weekly_documents_make_a_tuned_arm_stale() -> None:
    advice = advise(story("posts in my voice", process__cadence="weekly"), BLOG)
    (reason,) = (reason for reason in advice.reasons if reason.rule == "documents-change-often")
    assert reason.fact == "The documents change weekly, so a tuned arm is stale after a week."
    assert reason.tuning < 0
    (update,) = (row for row in advice.tradeoffs if row.aspect == "to update")
    assert "stale after a week" in update.tuning


# -- sensitivity -------------------------------------------------------------------------------------


def test_what_would_change_is_found_by_asking_again() -> None:
    weekly = story("posts in my voice", process__cadence="weekly")
    changes = {(change.input, change.then): change.recommendation for change in advise(weekly, BLOG).what_would_change}
    assert changes["the number of documents", "5"] is Recommendation.NEITHER
    assert changes["what the plan asks for", "facts"] is Recommendation.RETRIEVAL
    assert changes["what the plan asks for", "facts in a way of writing"] is Recommendation.BOTH
    assert changes["the share of documents by one author", "20%"] is Recommendation.NEITHER


def test_a_flip_gives_what_advice_on_the_flipped_input_gives() -> None:
    for config in (ASK, VOICE, BOTH):
        for change in advise(config, BLOG).changes:
            if change.input == "how often they change":
                flipped = settle({**told(config), "process.cadence": change.then})
                assert advise(flipped, BLOG).recommendation is change.recommendation
            if change.input == "the number of documents":
                count = int(change.then)
                facts = replace(BLOG, included=count, for_tuning=count, words=round(BLOG.mean_words * count))
                assert advise(config, facts).recommendation is change.recommendation


def told(config: Config) -> dict[str, Any]:
    return {f"story.{part}": value for part, value in config.story} | {"performance.arm": config.performance.arm}


def test_every_input_is_flipped_and_what_does_not_matter_is_said_too() -> None:
    advice = advise(ASK, HANDBOOK)
    assert {change.input for change in advice.changes} == set(FLIPS)
    assert set(advice.what_would_change) < set(advice.changes)
    assert str(advice.what_would_change[0]) == (
        "If what the plan asks for were a way of writing (now facts), the advice would be: tuning."
    )


def test_a_flip_never_puts_an_input_to_the_value_it_has() -> None:
    for config in (ASK, VOICE, BOTH):
        for facts in (HANDBOOK, BLOG, replace(BLOG, included=100, searchable=0.95, older_than_two_years=0.9)):
            assert [change for change in advise(config, facts).changes if change.now == change.then] == []


def test_a_close_call_is_called_close() -> None:
    assert not advise(ASK, HANDBOOK).close
    assert advise(story("fewer tickets"), HANDBOOK).close
    assert not advise(story("fewer tickets"), replace(HANDBOOK, included=0, for_tuning=0)).close


def test_what_is_unknown_is_said() -> None:
    assert "who wrote the documents" in advise(ASK, HANDBOOK).unknown
    assert "who wrote the documents" not in advise(ASK, BLOG).unknown


# -- trade-offs --------------------------------------------------------------------------------------


def test_the_trade_offs_carry_this_project_s_numbers() -> None:
    config = settle({"engine.price_in": 2.0, "retrieval.context_tokens": 500, "engine.context": 4096})
    rows = {row.aspect: row for row in advise(config, HANDBOOK).tradeoffs}
    assert rows["to run"].retrieval == "up to 500 tokens more an answer, 1.00 per 1,000 answers"
    assert rows["to run"].prompt == "240,000 tokens do not fit the window of 4,096"
    assert rows["to build"].retrieval == "index: about 49 s"  # 180,000 / 160 / 23
    # 240,000 tokens, three epochs, 166 a second
    assert rows["to build"].tuning.endswith("train: about 1.2 h")
    assert rows["citations"].tuning == "no"


def test_the_time_of_indexing_is_what_was_measured_where_it_was() -> None:
    measured = replace(HANDBOOK, indexing_seconds=24.3)
    rows = {row.aspect: row for row in advise(ASK, measured).tradeoffs}
    assert rows["to build"].retrieval == "index: about 24 s"
    assert rows["to build"].both.startswith("index: about 24 s; ")


def test_the_time_of_training_is_as_a_pilot_measured_it_where_one_did() -> None:
    measured = replace(HANDBOOK, training_tokens_per_second=400.0)
    rows = {row.aspect: row for row in advise(ASK, measured).tradeoffs}
    assert rows["to build"].tuning.endswith("train: about 30 min")  # 720,000 tokens


def test_without_documents_nothing_is_weighed_and_no_source_is_quoted_out_of_place() -> None:
    advice = advise(ASK, CorpusFacts(documents=0, included=0, words=0, for_tuning=0))
    assert advice.tradeoffs == ()
    (reason,) = (each for each in advice.reasons if each.rule == "nothing-included")
    assert "deleted" not in reason.source.title


def test_a_handful_of_documents_trains_for_more_epochs() -> None:
    ten = CorpusFacts(documents=10, included=10, words=900, for_tuning=10)
    (row,) = (row for row in advise(VOICE, ten).tradeoffs if row.aspect == "to build")
    assert row.tuning.endswith("train: about 1.2 min")  # 1,200 tokens, ten epochs, 166 a second


# -- after the bench ---------------------------------------------------------------------------------


def test_the_advice_says_whether_it_was_right_only_after_a_bench() -> None:
    outcome = BenchOutcome({Arm.RAG: ArmOutcome(20, 34, 0.42, 0.74)}, ())
    assert advise(ASK, HANDBOOK).afterwards == ""
    assert advise(ASK, HANDBOOK, outcome).afterwards.startswith("Nobody can tell yet: retrieval (rag), 20 of 34 right")


def test_the_advice_is_plain_json() -> None:
    outcome = BenchOutcome({Arm.RAG: ArmOutcome(20, 34, 0.42, 0.74)}, ())
    told = json.loads(json.dumps(advise(ASK, BLOG, outcome).as_json()))
    assert told["recommendation"] == "retrieval"
    assert told["arm"] == "rag"
    assert told["reasons"][0]["source"]["url"].startswith("https://arxiv.org/abs/")
    assert told["review"]["verdict"] == "cannot tell"
    assert all(change["flips"] for change in told["what_would_change"])


def test_advice_takes_no_time() -> None:
    started = time.process_time()
    for _ in range(10):
        advise(BOTH, BLOG)
    assert time.process_time() - started < 1
