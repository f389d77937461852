"""The report says what to do next, and nothing that does not fit the plan."""

from __future__ import annotations

from typing import Any

import pytest

from foretune.plan import Config, settle
from foretune.plan.config import People
from foretune.project.next_steps import next_steps
from foretune.project.report import _commands

FACTS = settle({"story.want": "staff questions answered from our handbook", "story.so_that": "people get answers"})
VOICE = settle(
    {
        "story.want": "a model that drafts posts in my voice",
        "story.so_that": "I publish more often",
        "purpose.must_answer": "a draft in the tone of my posts",
    }
)


def steps(config: Config, **values: Any) -> str:
    given = {"included": 9, "waiting": 0, "pairs": 30, "adapter": "pilot-1", "tested": False, **values}
    return "\n".join(next_steps(config, **given))


def test_a_voice_is_read_by_people_and_needs_no_questions() -> None:
    told = steps(VOICE)
    assert "release create --arm tuned --promote" in told
    assert "pairs export" in told
    assert "questions" not in told


def test_the_reviewers_of_the_plan_are_who_gets_asked() -> None:
    assert "`foretune review`. The plan says" not in steps(FACTS.model_copy(update={"people": People()}), waiting=2)
    named = FACTS.model_copy(update={"people": People(reviewers="two HR generalists")})
    assert "`foretune review`. The plan says whom to ask: two HR generalists." in steps(named, waiting=2)


def test_facts_need_questions_and_then_people_may_ask() -> None:
    assert "Write questions whose answers you know into `questions.csv`" in steps(FACTS)
    tested = steps(FACTS, tested=True)
    assert "Write questions" not in tested
    assert "Let people ask it: `foretune release create --promote`" in tested
    assert "pairs export" not in tested
    assert "Train on everything" not in tested


def test_an_empty_project_is_told_one_thing() -> None:
    assert steps(FACTS, included=0, pairs=0, adapter="") == "Add documents: `foretune add FOLDER`, then `foretune run`."


def test_what_nobody_decided_comes_first() -> None:
    assert steps(VOICE, waiting=1).startswith("Decide about 1 document that nobody has let in or kept out")


@pytest.mark.parametrize(("limit", "run", "told"), [(30, "full", True), (0, "pilot", True), (0, "full", False)])
def test_the_full_training_is_offered_where_it_was_not_done(limit: int, run: str, told: bool) -> None:
    config = settle({"story.want": "posts in my voice", "pairs.limit": limit, "tuning.run": run})
    assert ("Train on everything" in steps(config)) is told


def test_commands_are_set_as_code_and_everything_else_as_text() -> None:
    assert _commands("run `foretune ask <b>` & <i>") == "run <code>foretune ask &lt;b&gt;</code> &amp; &lt;i&gt;"
