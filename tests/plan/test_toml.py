"""The plan's file: written from the classes, read back as it was, and every mistake named with line and key."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers import ROOT

from foretune.errors import ConfigError
from foretune.plan import Config, find, load, render, update, write
from foretune.plan.config import (
    EngineSettings,
    FurtherStory,
    GovernanceSettings,
    Performance,
    Platform,
    Purpose,
    Rule,
    Story,
    TuningSettings,
)
from foretune.types import Arm, Label

GOLDEN = Path(__file__).parent / "golden" / "foretune.toml"

text = st.text(max_size=40) | st.sampled_from(
    ['"""', "'''", "a\nb", '\\"', "é ß 漢字 🙂", "\x7f\x00", "# no comment", "[story]"]
)
positive = st.floats(min_value=1e-300, allow_nan=False, allow_infinity=True)
share = st.floats(min_value=0, max_value=1)
rules = st.builds(
    Rule, check=text, type=text, action=st.sampled_from(["report", "repair", "redact", "exclude"]), reason=text
)
configs = st.builds(
    Config,
    story=st.builds(Story, persona=text, want=text, so_that=text),
    purpose=st.builds(Purpose, must_answer=text, must_never=text, questions=text),
    platform=st.builds(
        Platform, latency_seconds=positive, languages=st.lists(st.sampled_from(["en", "de", "pt-br"]), max_size=4)
    ),
    performance=st.builds(Performance, arm=st.sampled_from(Arm), min_correct=share, min_refused=share),
    governance=st.builds(GovernanceSettings, rules=st.lists(rules, max_size=3), require=st.lists(text, max_size=3)),
    engine=st.builds(EngineSettings, approved_for=st.lists(st.sampled_from(Label), max_size=4), price_in=share),
    tuning=st.builds(TuningSettings, learning_rate=positive, seed=st.integers(-(2**70), 2**70)),
)


def message(path: Path, content: str | bytes) -> str:
    """What is said about a plan with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    return str(caught.value)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a plan would be, seen from the folder above it."""
    (tmp_path / "hr-bot").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hr-bot" / "foretune.toml"


def test_the_default_file_is_the_golden_file() -> None:
    assert render(Config()) == GOLDEN.read_text(encoding="utf-8"), (
        "the settings changed; look at the difference, and if it is meant run "
        f"`python -m tests.plan.write_golden` in {ROOT}"
    )


@settings(deadline=None)
@given(configs)
def test_whatever_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, config: Config) -> None:
    path = tmp_path_factory.mktemp("plan") / "foretune.toml"
    write(path, config)
    assert load(path) == config


@settings(deadline=None)
@given(configs)
def test_every_key_of_every_section_is_written(config: Config) -> None:
    written = tomllib.loads(render(config))
    for section, keys in config.model_dump().items():
        missing = keys.keys() - written[section].keys()
        tables = {"governance": "rules", "corpus": "sources", "story": "more"}
        assert missing == {name for of, name in tables.items() if of == section and not keys[name]}


def test_every_key_of_the_default_file_has_its_comment_in_view() -> None:
    assert max(map(len, render(Config()).splitlines())) <= 120
    for section in Config.model_fields:
        for info in type(getattr(Config(), section)).model_fields.values():
            assert info.description
            assert info.description in render(Config())


def test_keys_that_are_left_out_have_their_defaults(plan: Path) -> None:
    plan.write_text('[story]\npersona = "a founder"\n')
    assert load(plan) == Config(story=Story(persona="a founder"))


def test_a_file_with_windows_line_ends_and_a_byte_order_mark_is_read(plan: Path) -> None:
    plan.write_bytes(b'\xef\xbb\xbf[story]\r\npersona = "a founder"\r\n')
    assert load(plan).story.persona == "a founder"


def test_a_number_out_of_bounds_is_named_with_file_line_and_key(plan: Path) -> None:
    content = re.sub(r"(?m)^(passages +=) 5 ", r"\1 0 ", render(Config()))
    line = next(n for n, row in enumerate(content.splitlines(), 1) if row.startswith("passages "))
    assert (
        message(plan, content) == f"hr-bot/foretune.toml, line {line}: retrieval.passages must be at least 1, it is 0."
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[retrieval]\npassages = 51", "line 2: retrieval.passages must be at most 50, it is 51."),
        ("[platform]\nlatency_seconds = 0", "line 2: platform.latency_seconds must be more than 0, it is 0."),
        ("[tuning]\ndropout = 1.0", "line 2: tuning.dropout must be less than 1, it is 1.0."),
        ("[performance]\nmin_correct = nan", "line 2: performance.min_correct must be at most 1, it is NaN."),
        (
            '[retrieval]\n\npassages = "5"',
            'line 3: retrieval.passages must be a whole number of at least 1 and of at most 50, it is "5".',
        ),
        (
            "[performance]\nmin_correct = true",
            "line 2: performance.min_correct must be a number of at least 0 and of at most 1, it is true.",
        ),
        (
            '[engine]\nkind = "local"',
            'line 2: engine.kind must be llama, openai or anthropic, it is "local".',
        ),
        (
            '[engine]\napproved_for = [\n  "public",\n  "secret",\n]',
            "line 4: number 2 of engine.approved_for must be public, internal, confidential or restricted, "
            'it is "secret".',
        ),
        (
            '[platform]\nlanguages = "en"',
            'line 2: platform.languages must be a list in square brackets, each item text in quotes, it is "en".',
        ),
        ("story.persona = 5", "line 1: story.persona must be text in quotes, it is 5."),
        (
            "# plan\nretrieval = 5",
            "line 2: retrieval must be a section (a line [retrieval] with its keys below), it is 5.",
        ),
        (
            "[retrieval]\npasages = 5",
            "line 2: there is no setting pasages in [retrieval], the nearest is passages.",
        ),
        (
            "[retrieval]\nlearning_rate = 1",
            "line 2: there is no setting learning_rate in [retrieval], it belongs under [tuning].",
        ),
        (
            "[serving]\nzzz = 1",
            "line 2: there is no setting zzz in [serving], which knows host, port.",
        ),
        ("\n[retreival]\npassages = 5", "line 2: there is no section [retreival], the nearest is [retrieval]."),
        ("passages = 5", "line 1: there is no setting passages here, it belongs under [retrieval]."),
        (
            '[[governance.rules]]\ncheck = "personal"\naction = "redact"\n\n[[governance.rules]]\ncheck = "garbled"',
            "line 5: number 2 of governance.rules lacks action, which must be report, repair, "
            "redact, pseudonymise, exclude, include or wait.",
        ),
        (
            '[[governance.rules]]\ncheck = "personal"\naction = "redact"\n\n'
            '[[governance.rules]]\ncheck = "garbled"\naction = "delete"',
            "line 7: action of number 2 of governance.rules must be report, repair, "
            'redact, pseudonymise, exclude, include or wait, it is "delete".',
        ),
        (
            '[[governance.rules]]\ncheck = "a"\naction = "redact"\ncheq = "b"',
            "line 4: there is no setting cheq in number 1 of governance.rules, the nearest is check.",
        ),
        (
            "[retrieval]\npassages = 0\npassage_words = 0",
            "line 2: retrieval.passages must be at least 1, it is 0 (1 more problem after this one).",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_one_sentence(plan: Path, content: str, expected: str) -> None:
    assert message(plan, content) == f"hr-bot/foretune.toml, {expected}"


@pytest.mark.parametrize(
    ("content", "place", "mend"),
    [
        ("[story\npersona = 1", "line 1, column 7", "a closing ] is missing"),
        ("[story]\npersona = ", "line 2, column 11", "text needs straight quotes"),
        ("[story]\npersona = an HR manager", "line 2, column 11", "text needs straight quotes"),
        ("[story]\npersona = “an HR manager”", "line 2, column 11", "text needs straight quotes"),
        ('[story]\npersona = "a"\npersona = "b"', "line 3, column 14", "this key stands there twice"),
        ("[story]\n[story]", "line 2, column 7", "this section stands there twice"),
        ('[story]\npersona = "a', "line 2, column 13", "a closing quote is missing"),
        ('[purpose]\nquestions = "C:\\Users\\q.csv"', "line 2, column 18", "a backslash is written twice"),
        ('[purpose]\nquestions = "C:\\data\\q.csv"', "line 2, column 18", "a backslash is written twice"),
        ("[story]\npersona: me", "line 2, column 8", "a line is key = value"),
        ("a = 1\nb = " + "9" * 5000 + "\nc = 2", "line 2, column 5", "a number is too long"),
    ],
)
def test_broken_toml_is_named_with_line_and_column_and_what_to_mend(
    plan: Path, content: str, place: str, mend: str
) -> None:
    said = message(plan, content)
    assert said.startswith(f"hr-bot/foretune.toml, {place}: this is not TOML (")
    assert mend in said


def test_text_that_is_not_utf_8_is_named_with_its_line(plan: Path) -> None:
    assert message(plan, b'[story]\npersona = "caf\xe9"\n') == (
        "hr-bot/foretune.toml, line 2: this is not UTF-8 text, save the file as UTF-8."
    )


def test_a_plan_nested_without_end_is_refused(plan: Path) -> None:
    assert "nested too deeply" in message(plan, "a = " + "[" * 100_000)


def test_a_missing_plan_says_how_to_make_one(tmp_path: Path) -> None:
    expected = f"There is no foretune.toml in {tmp_path} or above it: `foretune new` makes one."
    with pytest.raises(ConfigError, match="foretune new") as caught:
        find(tmp_path)
    assert str(caught.value) == expected
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "foretune.toml")
    assert str(caught.value) == expected


def test_the_plan_is_found_from_a_folder_below(plan: Path) -> None:
    write(plan, Config())
    (plan.parent / "reports" / "old").mkdir(parents=True)
    assert find(plan.parent / "reports" / "old") == plan.resolve()


def test_a_folder_in_the_plan_s_place_is_one_sentence(plan: Path) -> None:
    plan.mkdir()
    with pytest.raises(ConfigError, match=r"hr-bot/foretune\.toml cannot be read: is a directory"):
        load(plan)


def test_a_failed_write_leaves_the_old_plan_and_nothing_else(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(plan, Config())
    before = plan.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(plan, Config(story=Story(persona="x")))
    assert plan.read_bytes() == before
    assert list(plan.parent.iterdir()) == [plan]


COMMENTED = """\
# ours, agreed in March
[retrieval]
passages = 5   # five is plenty

[[governance.rules]]  # secrets first
check = "personal"
action = "redact"
"""


def test_an_update_changes_one_line_and_keeps_every_comment(plan: Path) -> None:
    plan.write_text(COMMENTED)
    config = update(plan, {"retrieval.passages": 8})
    assert config.retrieval.passages == 8
    assert plan.read_text() == COMMENTED.replace("passages = 5", "passages = 8")


def test_an_update_adds_a_key_that_was_left_out_with_its_comment(plan: Path) -> None:
    plan.write_text(COMMENTED)
    update(plan, {"performance.arm": Arm.TUNED, "engine.approved_for": [Label.PUBLIC]})
    config = load(plan)
    assert config.performance.arm is Arm.TUNED
    assert config.engine.approved_for == [Label.PUBLIC]
    assert "# labels a remote engine may see" in plan.read_text()
    assert plan.read_text().startswith(COMMENTED)


def test_an_update_replaces_a_list_of_tables(plan: Path) -> None:
    plan.write_text(COMMENTED)
    rules = [Rule(check="garbled", action="repair"), Rule(check="short", action="exclude", reason="stubs")]
    assert update(plan, {"governance.rules": rules}).governance.rules == rules
    assert load(plan).governance.rules == rules
    assert plan.read_text().startswith("# ours, agreed in March\n")


def test_an_update_of_a_list_of_tables_keeps_what_stands_before_and_behind(plan: Path) -> None:
    plan.write_text(
        "[story]\n[[story.more]]\npersona = 'a nurse'  # on nights\nwant = 'forms'\nso_that = 'less paper'\n\n"
        "# Why:\n[purpose]\nmust_answer = 'forms'\n"
    )
    nurse = load(plan).story.more
    clerk = FurtherStory(persona="a clerk", want="letters", so_that="fewer calls")
    before, after = plan.read_text().split("\n\n")
    update(plan, {"story.more": [*nurse, clerk]})
    first, added, last = plan.read_text().split("\n\n")
    assert (first, last) == (before, after)
    assert added.startswith("[[story.more]]")
    update(plan, {"story.more": nurse})
    assert plan.read_text() == f"{before}\n\n{after}"
    update(plan, {"story.more": [clerk]})
    assert load(plan).story.more == [clerk]
    assert plan.read_text().endswith(f"\n\n{after}")


@settings(deadline=None, max_examples=20)
@given(configs)
def test_a_rule_added_to_a_file_we_wrote_stands_where_we_would_have_written_it(
    tmp_path_factory: pytest.TempPathFactory, config: Config
) -> None:
    path = tmp_path_factory.mktemp("plan") / "foretune.toml"
    write(path, config)
    updated = update(path, {"governance.rules": [*config.governance.rules, Rule(check="short", action="report")]})
    assert load(path) == updated
    assert updated.governance.rules[:-1] == config.governance.rules
    if config.governance.rules:  # else there is a rule commented out as an example, which stays
        assert path.read_text() == render(updated)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"retrieval.passages": 0}, "retrieval.passages must be at least 1, it is 0."),
        ({"retrieval.pasages": 1}, "there is no setting pasages in [retrieval], the nearest is passages."),
    ],
)
def test_an_update_that_cannot_be_used_writes_nothing(plan: Path, changes: dict[str, Any], said: str) -> None:
    plan.write_text(COMMENTED)
    with pytest.raises(ConfigError) as caught:
        update(plan, changes)
    assert str(caught.value) == f"hr-bot/foretune.toml: {said}"
    assert plan.read_text() == COMMENTED


@settings(deadline=None, max_examples=40)
@given(configs, text)
def test_an_update_of_any_file_we_wrote_changes_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, config: Config, persona: str
) -> None:
    path = tmp_path_factory.mktemp("plan") / "foretune.toml"
    write(path, config)
    updated = update(path, {"story.persona": persona})
    assert load(path) == updated
    assert updated.story.persona == Story(persona=persona).persona
    assert updated.model_dump(exclude={"story": {"persona"}}) == config.model_dump(exclude={"story": {"persona"}})
