"""Bulk decisions by filter, and what decisions and rules would change before they do."""

from __future__ import annotations

from datetime import date

import pytest
from tests.governance.pages import put

from foretune.errors import InputError
from foretune.governance import (
    Change,
    DecisionKind,
    Filter,
    State,
    decide,
    decisions,
    preview_decisions,
    preview_rules,
    review,
    standing,
)
from foretune.plan.config import GovernanceSettings, Rule
from foretune.types import Label, Severity
from foretune.vault import Vault

SETTINGS = GovernanceSettings()
PAGES = {
    "leave/annual.md": "Everybody has twenty-four days. Ask ana@firm.com or EMP-10442. " * 8,
    "leave/sick.md": "Call in before nine. Her SSN is 460-89-9847, they wrote. " * 8,
    "drafts/travel.md": "Trains before planes, and keep the receipts of both. " * 8,
}


@pytest.fixture
def reviewed(vault: Vault) -> Vault:
    put(vault, PAGES)
    review(vault, SETTINGS)
    return vault


def excluded(vault: Vault, *patterns: str, **conditions: object) -> list[str]:
    only = Filter(**conditions)  # type: ignore[arg-type]
    made = decide(vault, patterns, DecisionKind.EXCLUDE, reason="r", only=only, dry_run=True)
    assert decisions(vault) == []
    return [each.path for each in made]


def test_a_filter_names_documents_by_what_was_found_in_them(reviewed: Vault) -> None:
    assert excluded(reviewed, check="personal") == ["leave/annual.md", "leave/sick.md"]
    assert excluded(reviewed, check="personal", severity=Severity.HIGH) == ["leave/sick.md"]
    assert excluded(reviewed, check="personal", type="email") == ["leave/annual.md"]
    assert excluded(reviewed, "leave/a*", check="personal") == ["leave/annual.md"]


def test_a_filter_names_documents_by_label_and_by_age(reviewed: Vault) -> None:
    put(reviewed, {"old.md": "An old page about trains. " * 12}, date="2018-05-01")
    put(reviewed, {"revised.md": "A revised page about boats. " * 12}, date="2018-05-01", modified="2020-01-01")
    put(reviewed, {"year.md": "A page about planes of that year. " * 12}, date="2019")
    put(reviewed, {"secret.md": "A page about people. " * 12}, label="confidential")
    assert excluded(reviewed, label=Label.CONFIDENTIAL) == ["secret.md"]
    assert excluded(reviewed, older_than=date(2019, 1, 1)) == ["old.md"]
    assert excluded(reviewed, older_than=date(2019, 7, 1)) == ["old.md"]
    assert excluded(reviewed, older_than=date(2020, 1, 1)) == ["old.md", "year.md"]


def test_a_redaction_by_filter_is_of_the_findings_that_fit(reviewed: Vault) -> None:
    only = Filter("personal", severity=Severity.HIGH)
    made = decide(reviewed, [], DecisionKind.REDACT, reason="numbers", only=only)
    assert {(each.path, each.text) for each in made} == {("leave/sick.md", "460-89-9847")}
    assert len(made) == 8


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"check": "persnal"}, "There is no check called 'persnal'"),
        ({"check": "personal", "type": "emial"}, "finds no 'emial'"),
        ({"label": Label.PUBLIC}, "No document fits what you ask for"),
    ],
)
def test_a_filter_that_fits_nothing_is_one_sentence(reviewed: Vault, conditions: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        excluded(reviewed, **conditions)


def test_a_dry_run_shows_each_document_that_would_stand_otherwise(reviewed: Vault) -> None:
    made = decide(reviewed, ["leave", "drafts"], DecisionKind.EXCLUDE, reason="old", dry_run=True)
    decide(reviewed, ["drafts/travel.md"], DecisionKind.EXCLUDE, reason="old")
    changes = preview_decisions(reviewed, SETTINGS, made)
    assert [(each.before.path, each.before.state, each.after.state) for each in changes] == [
        ("leave/annual.md", State.INCLUDED, State.EXCLUDED),
        ("leave/sick.md", State.INCLUDED, State.EXCLUDED),
    ]
    assert {each.state for each in standing(reviewed, SETTINGS)} == {State.INCLUDED, State.EXCLUDED}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (DecisionKind.INCLUDE, {}),
        (DecisionKind.WAIT, {}),
        (DecisionKind.REDACT, {}),
        (DecisionKind.RELABEL, {"label": Label.CONFIDENTIAL}),
    ],
)
def test_a_dry_run_foretells_what_the_decision_then_does(
    reviewed: Vault, kind: DecisionKind, more: dict[str, Label]
) -> None:
    def essence(changes: list[Change]) -> list[tuple[object, ...]]:
        return [(each.after.path, each.after.state, each.after.label, each.after.redactions) for each in changes]

    drafted = decide(reviewed, ["leave"], kind, reason="r", dry_run=True, **more)  # type: ignore[arg-type]
    foretold = essence(preview_decisions(reviewed, SETTINGS, drafted))
    decide(reviewed, ["leave"], kind, reason="r", **more)  # type: ignore[arg-type]
    now = {each.path: (each.path, each.state, each.label, each.redactions) for each in standing(reviewed, SETTINGS)}
    assert foretold == [now["leave/annual.md"], now["leave/sick.md"]]


def test_changed_rules_are_compared_with_those_of_the_last_review(reviewed: Vault) -> None:
    changed = GovernanceSettings(rules=[Rule(check="personal", severity="high", action="exclude", reason="numbers")])
    preview = preview_rules(reviewed, changed)
    assert preview.reviewed
    [change] = preview.changes
    assert (change.before.path, change.before.state, change.after.state) == (
        "leave/sick.md",
        State.INCLUDED,
        State.EXCLUDED,
    )
    [rule] = preview.rules
    assert (rule.findings, rule.documents, rule.decides, rule.holds) == (8, 1, 1, True)
    review(reviewed, changed)
    assert preview_rules(reviewed, changed).changes == ()
    [back] = preview_rules(reviewed, SETTINGS).changes
    assert (back.before.state, back.after.state) == (State.EXCLUDED, State.INCLUDED)


def test_a_new_pattern_is_tried_on_the_texts_without_storing_what_it_finds(reviewed: Vault) -> None:
    changed = GovernanceSettings(rules=[Rule(pattern=r"EMP-\d+", action="redact")])
    preview = preview_rules(reviewed, changed)
    assert [(each.after.path, each.after.redactions) for each in preview.changes] == [("leave/annual.md", 8)]
    assert preview.rules[0].findings == 8
    assert preview_rules(reviewed, SETTINGS).changes == ()


def test_a_rule_whose_last_day_is_over_is_said_to_hold_no_longer(reviewed: Vault) -> None:
    changed = GovernanceSettings(rules=[Rule(path="drafts/*", action="exclude", until=date(2020, 1, 1))])
    preview = preview_rules(reviewed, changed)
    assert not preview.rules[0].holds
    assert [each.after.state for each in preview.changes] == [State.WAITING]


def test_without_a_review_there_is_nothing_to_compare_with(vault: Vault) -> None:
    put(vault, PAGES)
    preview = preview_rules(vault, SETTINGS)
    assert (preview.reviewed, preview.changes) == (False, ())
