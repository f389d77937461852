"""Answers from files and flags: the same keys, the same checks, one sentence for each mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from foretune.errors import ConfigError, ForetuneError, InputError
from foretune.plan import Config, from_flags, read_answers, render, settle
from foretune.plan.config import Rule, Story
from foretune.types import Arm, Label

ANSWERS = {
    "story": {"persona": "the founder", "want": "posts drafted in my voice", "so_that": "I post every week"},
    "people": {"owner": "the founder"},
    "governance": {"rules": [{"check": "personal", "type": "email", "action": "redact"}]},
    "platform": {"languages": ["en", "de"]},
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_toml_and_json_with_the_same_keys_make_the_same_plan() -> None:
    Path("a.json").write_text(json.dumps(ANSWERS))
    Path("a.toml").write_text(
        '[story]\npersona = "the founder"\nwant = "posts drafted in my voice"\nso_that = "I post every week"\n'
        '[people]\nowner = "the founder"\n[platform]\nlanguages = ["en", "de"]\n'
        '[[governance.rules]]\ncheck = "personal"\ntype = "email"\naction = "redact"\n'
    )
    plan = settle(read_answers(Path("a.json")))
    assert plan == settle(read_answers(Path("a.toml")))
    assert plan.governance.rules == [Rule(check="personal", type="email", action="redact")]
    assert plan.platform.languages == ["en", "de"]


def test_only_what_a_file_holds_counts_as_answered() -> None:
    Path("a.json").write_text(json.dumps(ANSWERS))
    assert sorted(read_answers(Path("a.json"))) == [
        "governance.rules",
        "people.owner",
        "platform.languages",
        "story.persona",
        "story.so_that",
        "story.want",
    ]


def test_a_plan_of_another_project_can_be_the_answers() -> None:
    config = Config(story=Story(persona="the founder", want="posts", so_that="weekly"))
    Path("other.toml").write_text(render(config))
    assert settle(read_answers(Path("other.toml"))) == config


def test_what_a_file_leaves_open_is_drafted_from_its_story() -> None:
    Path("a.json").write_text(json.dumps(ANSWERS))
    plan = settle(read_answers(Path("a.json")))
    assert plan.performance.arm is Arm.TUNED
    assert plan.people.reviewers == "the founder"


def test_without_a_story_nothing_is_drafted() -> None:
    assert settle({}) == Config()
    assert settle({"retrieval.passages": 3}).people == Config().people


def test_flags_set_the_story_and_any_key() -> None:
    plan = settle(
        from_flags(
            persona="a lawyer",
            want="clauses found in our contracts",
            so_that="nobody reads forty pages for one date",
            assign=[
                "retrieval.passages=8",
                "performance.min_correct=80%",
                "platform.languages=en, fr",
                'engine.approved_for=["public"]',
                "people.owner=Legal = us",
                "corpus.label = confidential",
            ],
        )
    )
    assert plan.story.persona == "a lawyer"
    assert plan.retrieval.passages == 8
    assert plan.performance.min_correct == 0.8
    assert plan.platform.languages == ["en", "fr"]
    assert plan.engine.approved_for == [Label.PUBLIC]
    assert plan.people.owner == "Legal = us"
    assert plan.corpus.label is Label.CONFIDENTIAL


def test_text_that_looks_like_a_number_stays_text() -> None:
    assert from_flags(assign=["people.owner=5", "platform.budget=true"]) == {
        "people.owner": "5",
        "platform.budget": "true",
    }


def test_rules_can_be_set_as_an_array_of_tables() -> None:
    answers = from_flags(assign=['governance.rules=[{check = "garbled", action = "repair"}]'])
    assert settle(answers).governance.rules == [Rule(check="garbled", action="repair")]


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("retrieval.passages=0", "--set: retrieval.passages must be at least 1, it is 0."),
        (
            "retrieval.passages=many",
            '--set: retrieval.passages must be a whole number of at least 1 and of at most 50, it is "many".',
        ),
        ("retrieval.pasages=1", "--set: there is no setting pasages in [retrieval], the nearest is passages."),
        ("retreival.passages=1", "--set: there is no section [retreival], the nearest is [retrieval]."),
        ("story.persona.name=1", '--set: story.persona must be text in quotes, it is {"name": "1"}.'),
        ("performance.min_correct=120%", "--set: performance.min_correct must be at most 1, it is 1.2."),
        ("people.owner=caf\udce9", "--set: people.owner holds characters that are not text (UTF-8)."),
        ("passages=1", "--set takes section.key=value (such as --set retrieval.passages=8), not 'passages=1'."),
        ("retrieval.passages", "--set takes section.key=value"),
    ],
)
def test_a_flag_that_cannot_be_used_is_one_sentence(assignment: str, said: str) -> None:
    with pytest.raises((ConfigError, InputError)) as caught:
        from_flags(assign=[assignment])
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.json",
            "{",
            "a.json, line 1, column 2: this is not JSON (expecting property name enclosed in double quotes).",
        ),
        ("a.json", "[]", "a.json must hold an object with the plan's sections, such as story."),
        ("a.json", '{"retrieval": {"passages": 0}}', "a.json: retrieval.passages must be at least 1, it is 0."),
        (
            "a.json",
            '{"people": {"owner": "\\ud800"}}',
            "a.json: people.owner holds characters that are not text (UTF-8).",
        ),
        ("a.json", "[" * 100_000, "a.json is nested too deeply"),
        ("a.json", b"\xff\xfe", "a.json is not UTF-8 text, save the file as UTF-8."),
        ("a.toml", "[retrieval]\npassages = 0", "a.toml, line 2: retrieval.passages must be at least 1, it is 0."),
        ("a.toml", "story", "a.toml, line 1, column 6: this is not TOML"),
        ("a.toml", "retrieval = 1\nretrieval.x = 2", "a.toml, line 2"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(name: str, content: str | bytes, said: str) -> None:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ForetuneError) as caught:
        read_answers(Path(name))
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nothing.toml", "nothing.json"])
def test_a_missing_file_is_one_sentence(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_answers(Path(name))
    assert str(caught.value) == f"There is no file {name}."


@pytest.mark.parametrize("answers", [{"story.persona": 5}, {"performance.arm": "search engine"}])
def test_answers_from_elsewhere_are_checked_too(answers: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        settle(answers)
