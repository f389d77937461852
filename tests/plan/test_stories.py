"""The worked stories: each gets the advice that was written down for it, and turns where that says it turns."""

from __future__ import annotations

import json
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import ROOT

from foretune.errors import InputError
from foretune.plan import read_answers, settle
from foretune.plan.advice import Advice, advise, read_facts

STORIES = sorted((ROOT / "examples" / "stories").glob("*/"))


def told(folder: Path) -> tuple[Advice, dict[str, Any]]:
    advice = advise(settle(read_answers(folder / "plan.toml")), read_facts(folder / "facts.toml"))
    return advice, tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))


def test_there_are_twelve_stories_and_every_advice_is_among_them() -> None:
    assert len(STORIES) == 12
    assert {told(folder)[1]["advice"] for folder in STORIES} == {"retrieval", "tuning", "both", "neither"}


@pytest.mark.parametrize("folder", STORIES, ids=lambda folder: folder.name)
def test_a_story_gets_its_advice_for_the_reasons_that_were_written_down(folder: Path) -> None:
    advice, expected = told(folder)
    assert advice.recommendation == expected["advice"]
    assert set(expected["rules"]) <= {reason.rule for reason in advice.reasons}


@pytest.mark.parametrize("folder", STORIES, ids=lambda folder: folder.name)
def test_exactly_the_documented_inputs_turn_the_advice(folder: Path) -> None:
    advice, expected = told(folder)
    documented = {(change["input"], change["then"]): change["advice"] for change in expected["changes"]}
    assert {(c.input, c.then): c.recommendation.value for c in advice.what_would_change} == documented


def test_advice_on_all_stories_takes_less_than_a_second() -> None:
    started = time.process_time()
    for folder in STORIES:
        told(folder)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("documents = ", "neither TOML nor JSON"),
        ("docs = 3", "there is no fact 'docs'"),
        ("documents = 3\nincluded = 3\nwords = 9\nfor_tuning = 3\npersonal_share = 40", "a share, from 0 to 1"),
        ('documents = "many"\nincluded = 3\nwords = 9\nfor_tuning = 3', "documents: input should be a valid integer"),
        ("documents = 3", "included: field required"),
    ],
)
def test_facts_that_cannot_be_used_are_one_clear_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "facts.toml").write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_facts(tmp_path / "facts.toml")


def test_facts_may_be_json_too(tmp_path: Path) -> None:
    facts = {"documents": 3, "included": 3, "words": 90, "for_tuning": 3, "labels": {"internal": 3}}
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    assert read_facts(tmp_path / "facts.json").words == 90
