"""Rules in ``foretune.toml``: what they are about, what they decide, until when, and which make no sense."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import put

from foretune.errors import ConfigError
from foretune.governance import DecisionKind, State, decide, governed, review, standing, validate_rules
from foretune.governance import rulings as rulings_module
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.pattern import pattern
from foretune.governance.globs import glob
from foretune.governance.rulings import pseudonym_source, rulings
from foretune.governance.types import Pseudonyms, Standing
from foretune.plan import Config, load, render
from foretune.plan.config import GovernanceSettings, Rule
from foretune.project import Project
from foretune.types import Document, Finding, Label, Use
from foretune.vault import Vault

PAGES = {
    "leave/annual.md": "Everybody has twenty-four days. Ask ana@firm.com or EMP-10442. " * 8,
    "leave/sick.md": "Call in before nine. Her SSN is 460-89-9847, they wrote. " * 8,
    "drafts/travel.md": "Trains before planes, and keep the receipts of both. " * 8,
}


@pytest.fixture
def pages(vault: Vault) -> Vault:
    put(vault, PAGES)
    return vault


def settings(*rules: dict[str, object], include: str = "readable", four_eyes: bool = False) -> GovernanceSettings:
    return GovernanceSettings.model_validate({"rules": list(rules), "include": include, "four_eyes": four_eyes})


def stands(vault: Vault, plan: GovernanceSettings) -> dict[str, Standing]:
    review(vault, plan)
    return {each.path: each for each in standing(vault, plan)}


def states(vault: Vault, plan: GovernanceSettings) -> dict[str, str]:
    return {path: each.state.value for path, each in stands(vault, plan).items()}


def on(vault: Vault, plan: GovernanceSettings, day: date) -> dict[str, Standing]:
    with vault.reading() as connection:
        return {each.document.path: each.standing for each in rulings(vault, connection, plan, today=day)}


def test_a_rule_goes_only_for_findings_at_least_as_severe(pages: Vault) -> None:
    plan = settings({"check": "personal", "severity": "high", "action": "exclude"})
    assert states(pages, plan) == {
        "drafts/travel.md": "included",
        "leave/annual.md": "included",
        "leave/sick.md": "excluded",
    }


def test_a_rule_goes_only_for_documents_with_its_label_or_path(pages: Vault) -> None:
    decide(pages, ["leave/sick.md"], DecisionKind.RELABEL, reason="health", label=Label.CONFIDENTIAL)
    by_label = settings({"label": "confidential", "action": "exclude", "reason": "not for this"})
    assert states(pages, by_label)["leave/sick.md"] == "excluded"
    assert states(pages, by_label)["leave/annual.md"] == "included"
    by_path = settings({"path": "drafts/**", "action": "exclude"})
    assert [path for path, state in states(pages, by_path).items() if state == "excluded"] == ["drafts/travel.md"]
    both = settings({"check": "personal", "path": "leave/*.md", "label": "internal", "action": "exclude"})
    assert [path for path, state in states(pages, both).items() if state == "excluded"] == ["leave/annual.md"]


def test_a_rule_can_include_for_one_use_what_the_policy_would_leave_waiting(pages: Vault) -> None:
    plan = settings({"path": "leave/*", "action": "include", "use": "retrieval"}, include="nothing")
    found = stands(pages, plan)
    assert (found["leave/sick.md"].state, found["leave/sick.md"].use) == (State.INCLUDED, Use.RETRIEVAL)
    assert found["leave/sick.md"].rule == "documents in leave/* → include"
    assert found["drafts/travel.md"].state is State.WAITING


def test_to_exclude_beats_to_wait_and_that_beats_to_include(pages: Vault) -> None:
    rules: list[dict[str, object]] = [
        {"path": "leave/*", "action": "include"},
        {"check": "personal", "type": "email", "action": "wait", "reason": "whose address?"},
        {"check": "personal", "type": "national_id", "action": "exclude"},
    ]
    for ordered in (rules, rules[::-1]):
        found = stands(pages, settings(*ordered))
        assert found["leave/annual.md"].state is State.WAITING
        assert found["leave/annual.md"].reason == "whose address?"
        assert found["leave/sick.md"].state is State.EXCLUDED


def test_what_waits_by_a_rule_goes_no_further_until_a_person_includes_it(pages: Vault) -> None:
    plan = settings({"check": "personal", "action": "wait"})
    review(pages, plan)
    assert [each.path for each in governed(pages, plan)] == ["drafts/travel.md"]
    decide(pages, ["leave/annual.md"], DecisionKind.INCLUDE, reason="a role address")
    assert "leave/annual.md" in [each.path for each in governed(pages, plan)]


@pytest.mark.parametrize("action", ["exclude", "include", "redact", "wait"])
def test_after_its_last_day_what_a_rule_decided_waits_again_and_says_so(pages: Vault, action: str) -> None:
    plan = settings({"check": "personal", "type": "email", "action": action, "until": "2030-06-30"})
    review(pages, plan)
    expected = {"exclude": "excluded", "include": "included", "redact": "redacted", "wait": "waiting"}[action]
    assert on(pages, plan, date(2030, 6, 30))["leave/annual.md"].state.value == expected
    after = on(pages, plan, date(2030, 7, 1))
    assert after["leave/annual.md"].state is State.WAITING
    assert "held until 2030-06-30" in after["leave/annual.md"].reason
    assert after["leave/sick.md"].state is State.INCLUDED
    decide(pages, ["leave/annual.md"], DecisionKind.EXCLUDE, reason="looked again")
    assert on(pages, plan, date(2030, 7, 1))["leave/annual.md"].state is State.EXCLUDED


def test_a_pattern_of_the_plan_is_redacted_wherever_it_fits(pages: Vault) -> None:
    plan = settings({"pattern": r"EMP-\d{5}", "action": "redact", "reason": "staff numbers"})
    found = stands(pages, plan)
    assert (found["leave/annual.md"].state, found["leave/annual.md"].redactions) == (State.REDACTED, 8)
    text = next(each.text for each in governed(pages, plan) if each.path == "leave/annual.md")
    assert "EMP-" not in text
    assert "ana@firm.com" in text


@pytest.mark.parametrize("bomb", ["(a+)+$", "(a|a)*b", "(.*)*x", "(a?){60}a{60}", "([a-z]+)*[0-9]"])
def test_no_pattern_can_hang_a_review(bomb: str) -> None:
    page = Document(id="d", source="s", path="p.md", content_hash="h", text="a" * 50_000 + "!")
    began = time.process_time()
    list(pattern(page, CheckSettings(patterns=(bomb,))))
    assert time.process_time() - began < 5


def test_a_pattern_that_fits_everywhere_makes_the_document_wait_instead_of_passing_unredacted(vault: Vault) -> None:
    put(vault, {"long.md": "ab " * 12_000, "short.md": "nothing of that kind in here, is there? " * 8})
    plan = settings({"pattern": "ab", "action": "redact"})
    found = stands(vault, plan)
    assert found["long.md"].state is State.WAITING
    assert "narrow the pattern" in found["long.md"].reason
    assert found["short.md"].state is State.INCLUDED


@given(st.text(alphabet="aé😀 1\n", max_size=60))
def test_pattern_findings_are_where_they_say_in_code_points(text: str) -> None:
    page = Document(id="d", source="s", path="p.md", content_hash="h", text=text)
    for each in pattern(page, CheckSettings(patterns=("é+|😀1",))):
        assert isinstance(each, Finding)
        assert text[each.start : each.end] == each.text


@given(st.text(alphabet="*?/ab.", max_size=12), st.text(alphabet="/ab.", max_size=12))
def test_any_glob_can_be_matched_and_a_path_fits_itself(pattern_text: str, path: str) -> None:
    glob(pattern_text).fullmatch(path)
    assert glob(path).fullmatch(path) is not None


def test_pseudonyms_stand_where_a_rule_asks_for_them(pages: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = settings({"check": "personal", "type": "email", "action": "pseudonymise"})
    monkeypatch.setattr(rulings_module, "_pseudonym_sources", [])
    review(pages, plan)
    with pytest.raises(ConfigError, match="asks to pseudonymise"):
        standing(pages, plan)

    @pseudonym_source
    def names(_vault: Vault) -> Pseudonyms:
        return lambda kind, text: f"<{kind} {len(text)}>"

    text = next(each.text for each in governed(pages, plan) if each.path == "leave/annual.md")
    assert "Ask <email 12> or" in text


def test_the_policy_includes_no_restricted_document_under_four_eyes(pages: Vault) -> None:
    decide(pages, ["leave/sick.md"], DecisionKind.RELABEL, reason="health", label=Label.RESTRICTED)
    plan = settings({"path": "leave/**", "action": "include"}, four_eyes=True)
    found = stands(pages, plan)
    assert found["leave/sick.md"].state is State.WAITING
    assert "second person" in found["leave/sick.md"].reason
    assert found["leave/annual.md"].state is State.INCLUDED


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"check": "persnal", "action": "redact"}, "is 'persnal', which there is not: the nearest is personal"),
        ({"check": "xyz", "action": "redact"}, "which there is not: choose from garbled"),
        ({"check": "personal", "type": "emial", "action": "redact"}, "the nearest is email"),
        ({"check": "personal", "action": "repair"}, "is repair, which only garbled, hostile offers"),
        ({"check": "short", "action": "redact"}, "is redact, which only personal, pattern supports"),
        ({"check": "personal", "pattern": "x", "action": "redact"}, "cannot stand beside check"),
        ({"pattern": "(?=x)", "action": "redact"}, "cannot be run"),
        ({"pattern": "(x", "action": "redact"}, "cannot be run"),
        ({"pattern": r"(a)\1", "action": "redact"}, "cannot be run"),
        ({"pattern": "x{1000}{1000}", "action": "redact"}, "cannot be run"),
        ({"pattern": "x*", "action": "redact"}, "fits nothing at all"),
        ({"type": "email", "action": "exclude", "path": "a"}, "needs a check"),
        ({"severity": "high", "action": "exclude", "path": "a"}, "needs a check"),
        ({"path": "drafts/**", "action": "redact"}, "needs a check or a pattern"),
        ({"action": "exclude"}, "would be taken for every document"),
        ({"check": "personal", "action": "exclude", "use": "tuning"}, "is of inclusions only"),
    ],
)
def test_a_rule_that_makes_no_sense_is_one_sentence(rule: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validate_rules([Rule(check="garbled", action="report"), Rule.model_validate(rule)])
    assert words in str(caught.value)
    assert "number 2 of governance.rules" in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_opening_a_project_names_line_key_and_nearest_name(tmp_path: Path) -> None:
    with Project.create(tmp_path / "hr", Config()):
        pass
    plan = tmp_path / "hr" / "foretune.toml"
    lines = plan.read_text().splitlines()
    plan.write_text(
        "\n".join([*lines, "[[governance.rules]]", "# why", 'check = "duplicat"', 'action = "exclude"', ""])
    )
    with pytest.raises(ConfigError) as caught:
        Project.open(tmp_path / "hr")
    assert f"line {len(lines) + 3}: check of number 1 of governance.rules is 'duplicat'" in str(caught.value)
    assert str(caught.value).endswith("the nearest is duplicate.")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('until = "soon"', "until of number 1 of governance.rules must be a date like 2026-12-31"),
        ('severity = "huge"', "severity of number 1 of governance.rules must be"),
        ('label = "secret"', "must be public, internal, confidential or restricted"),
        ('action = "burn"', "action of number 1 of governance.rules must be report"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    rule = [] if line.startswith("action") else ['action = "wait"']
    (tmp_path / "foretune.toml").write_text("\n".join(["[[governance.rules]]", *rule, 'path = "a"', line]))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "foretune.toml")
    assert words in str(caught.value)
    assert f"line {3 + len(rule)}: " in str(caught.value)


def test_rules_are_written_and_read_back_as_they_are(tmp_path: Path) -> None:
    rules = [
        Rule(check="personal", severity="high", label=Label.PUBLIC, action="redact", until=date(2031, 1, 2)),
        Rule(pattern=r'EMP-\d+"', action="pseudonymise", reason="staff"),
        Rule(path="lyrics/**", action="include", use=Use.RETRIEVAL),
    ]
    config = Config(governance=GovernanceSettings(rules=rules, four_eyes=True))
    (tmp_path / "foretune.toml").write_text(render(config))
    assert load(tmp_path / "foretune.toml") == config
    assert "until    = 2031-01-02" in render(config)
