"""A second person confirms, anybody may take back, two decide at once: nothing is lost, and the answer is clear."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select
from tests.governance.pages import put

from foretune.errors import InputError
from foretune.governance import (
    Decision,
    DecisionKind,
    State,
    confirm,
    decide,
    decisions,
    governed,
    review,
    standing,
    undo,
)
from foretune.governance.types import Standing
from foretune.plan.config import GovernanceSettings
from foretune.types import Label, Use
from foretune.vault import Principal, Vault
from foretune.vault import tables as t

SETTINGS = GovernanceSettings(four_eyes=True)
PATH = "leave/sick.md"
PAGES = {
    PATH: "Call in before nine. Ring +44 20 7946 0958. " * 8,
    "leave/annual.md": "Everybody has twenty-four days. Ask ana@firm.com. " * 8,
    "drafts/travel.md": "Trains before planes, and keep the receipts of both. " * 8,
}


@pytest.fixture
def reviewed(vault: Vault) -> Vault:
    put(vault, PAGES)
    review(vault, SETTINGS)
    return vault


@pytest.fixture
def restricted(reviewed: Vault) -> Vault:
    decide(reviewed, [PATH], DecisionKind.RELABEL, reason="health", label=Label.RESTRICTED)
    return reviewed


def as_(vault: Vault, name: str) -> Vault:
    return Vault.open(vault.folder, principal=Principal(name))


def stands(vault: Vault, path: str = PATH) -> Standing:
    return next(each for each in standing(vault, SETTINGS) if each.path == path)


def label_in_table(vault: Vault) -> str:
    with vault.reading() as connection:
        query = select(t.document.c.label).where(t.document.c.path == PATH)
        return str(connection.execute(query).scalar_one())


def test_an_inclusion_of_a_restricted_document_waits_for_a_second_person(restricted: Vault) -> None:
    with as_(restricted, "ana") as ana, as_(restricted, "ben") as ben:
        [made] = decide(ana, [PATH], DecisionKind.INCLUDE, reason="needed", use=Use.RETRIEVAL, four_eyes=True)
        assert made.pending
        waiting = stands(ana)
        assert (waiting.state, waiting.by, waiting.needs) == (State.WAITING, "ana", made.id)
        assert "needs a second person" in waiting.reason
        assert PATH not in {each.path for each in governed(ana, SETTINGS)}
        assert made.id is not None
        with pytest.raises(InputError, match="is your own"):
            confirm(ana, made.id, reason="me again")
        confirm(ben, made.id, reason="agreed")
        held = stands(ana)
        assert (held.state, held.use, held.by, held.confirmed_by) == (State.INCLUDED, Use.RETRIEVAL, "ana", "ben")
        assert PATH in {each.path for each in governed(ana, SETTINGS)}
        with pytest.raises(InputError, match="confirmed already"):
            confirm(ben, made.id, reason="once more")


def test_an_inclusion_made_before_the_document_was_restricted_waits_too(reviewed: Vault) -> None:
    decide(reviewed, [PATH], DecisionKind.INCLUDE, reason="fine", four_eyes=True)
    assert stands(reviewed).state is State.INCLUDED
    decide(reviewed, [PATH], DecisionKind.RELABEL, reason="health", label=Label.RESTRICTED, four_eyes=True)
    assert stands(reviewed).state is State.WAITING


def test_a_lower_label_for_a_restricted_document_waits_for_a_second_person(restricted: Vault) -> None:
    with as_(restricted, "ana") as ana, as_(restricted, "ben") as ben:
        [made] = decide(ana, [PATH], DecisionKind.RELABEL, reason="harmless", label=Label.PUBLIC, four_eyes=True)
        assert made.kind is DecisionKind.DOWNGRADE
        held = stands(ana)
        assert (held.label, held.pending_label, held.needs) == (Label.RESTRICTED, Label.PUBLIC, made.id)
        assert label_in_table(ana) == "restricted"
        assert made.id is not None
        confirm(ben, made.id, reason="yes")
        assert (stands(ana).label, stands(ana).pending_label) == (Label.PUBLIC, None)
        assert label_in_table(ana) == "public"
        undo(ben, made.id, reason="no, after all", four_eyes=True)
        assert stands(ana).label is Label.RESTRICTED
        assert label_in_table(ana) == "restricted"


def test_a_confirmation_of_what_has_changed_or_gone_since_is_refused_in_words(restricted: Vault) -> None:
    with as_(restricted, "ana") as ana, as_(restricted, "ben") as ben:
        [made] = decide(ana, [PATH], DecisionKind.INCLUDE, reason="needed", four_eyes=True)
        assert made.id is not None
        with pytest.raises(InputError, match="There is no decision 999"):
            confirm(ben, 999, reason="r")
        with pytest.raises(InputError, match="needs a reason"):
            confirm(ben, made.id, reason=" ")
        decide(ben, [PATH], DecisionKind.EXCLUDE, reason="no")
        with pytest.raises(InputError, match=r"no longer holds: ben decided to exclude leave/sick\.md since"):
            confirm(ben, made.id, reason="r")
        undo(ben, reason="well")
        put(ana, {PATH: "Another text entirely. " * 12}, label="restricted")
        review(ana, SETTINGS)
        with pytest.raises(InputError, match="has changed since ana decided"):
            confirm(ben, made.id, reason="r")
        undo(ana, made.id, reason="outdated")
        with pytest.raises(InputError, match="was taken back"):
            confirm(ben, made.id, reason="r")


def test_an_undo_brings_back_what_held_before_and_history_keeps_both(reviewed: Vault) -> None:
    [first] = decide(reviewed, [PATH], DecisionKind.EXCLUDE, reason="old")
    [second] = decide(reviewed, [PATH], DecisionKind.INCLUDE, reason="current")
    undo(reviewed, second.id, reason="it is not")
    assert (stands(reviewed).state, stands(reviewed).reason) == (State.EXCLUDED, "old")
    undo(reviewed, first.id, reason="let the policy decide")
    assert (stands(reviewed).state, stands(reviewed).by) == (State.INCLUDED, "policy")
    kinds = [(each.kind.value, each.about) for each in decisions(reviewed, [PATH])]
    assert kinds == [("exclude", None), ("include", None), ("undo", second.id), ("undo", first.id)]
    with pytest.raises(InputError, match="was taken back already"):
        undo(reviewed, first.id, reason="again")
    with pytest.raises(InputError, match="takes back another"):
        undo(reviewed, decisions(reviewed)[-1].id, reason="redo")


def test_an_undo_without_an_id_takes_back_all_that_was_decided_in_one_go(reviewed: Vault) -> None:
    decide(reviewed, ["drafts"], DecisionKind.EXCLUDE, reason="a draft")
    decide(reviewed, ["leave"], DecisionKind.EXCLUDE, reason="not this year")
    assert {each.path for each in undo(reviewed, reason="wrong folder")} == {PATH, "leave/annual.md"}
    excluded = {each.path for each in standing(reviewed, SETTINGS) if each.state is State.EXCLUDED}
    assert excluded == {"drafts/travel.md"}
    assert [each.path for each in undo(reviewed, reason="that too")] == ["drafts/travel.md"]
    with pytest.raises(InputError, match="nothing that could be taken back"):
        undo(reviewed, reason="and now?")


def test_nobody_takes_back_by_mistake_what_somebody_else_decided(reviewed: Vault) -> None:
    with as_(reviewed, "ana") as ana, as_(reviewed, "ben") as ben:
        [mine] = decide(ana, [PATH], DecisionKind.EXCLUDE, reason="old")
        with pytest.raises(InputError, match="nothing that could be taken back"):
            undo(ben, reason="mine?")
        undo(ben, mine.id, reason="meant this one")
        assert stands(ana).state is State.INCLUDED


def test_taking_back_a_redaction_or_a_label_brings_back_text_and_label(reviewed: Vault) -> None:
    [made] = decide(reviewed, [PATH], DecisionKind.REDACT, reason="numbers")
    assert stands(reviewed).state is State.REDACTED
    undo(reviewed, made.id, reason="the office's own")
    assert stands(reviewed).state is State.INCLUDED
    [first] = decide(reviewed, [PATH], DecisionKind.RELABEL, reason="a", label=Label.CONFIDENTIAL)
    [second] = decide(reviewed, [PATH], DecisionKind.RELABEL, reason="b", label=Label.PUBLIC)
    undo(reviewed, first.id, reason="r")
    assert (stands(reviewed).label.value, label_in_table(reviewed)) == ("public", "public")
    undo(reviewed, second.id, reason="r")
    assert (stands(reviewed).label.value, label_in_table(reviewed)) == ("internal", "internal")


def test_taking_back_the_restriction_itself_needs_two_people(reviewed: Vault) -> None:
    [made] = decide(reviewed, [PATH], DecisionKind.RELABEL, reason="health", label=Label.RESTRICTED, four_eyes=True)
    with pytest.raises(InputError, match="needs a second person"):
        undo(reviewed, made.id, reason="never mind", four_eyes=True)
    assert stands(reviewed).label is Label.RESTRICTED


def test_a_label_of_an_older_version_is_not_guessed(reviewed: Vault) -> None:
    [made] = decide(reviewed, [PATH], DecisionKind.RELABEL, reason="health", label=Label.CONFIDENTIAL)
    put(reviewed, {PATH: "Rewritten from the start. " * 12})
    with pytest.raises(InputError, match="say which it should be"):
        undo(reviewed, made.id, reason="r")


def test_a_verdict_says_whose_it_takes_the_place_of(reviewed: Vault) -> None:
    with as_(reviewed, "ana") as ana, as_(reviewed, "ben") as ben:
        decide(ana, [PATH], DecisionKind.EXCLUDE, reason="out of date")
        [made] = decide(ben, [PATH], DecisionKind.INCLUDE, reason="current")
        assert made.overrides.startswith("ana had decided to exclude it on ")
        assert made.overrides.endswith(": out of date")
        [agreed] = decide(ana, [PATH], DecisionKind.INCLUDE, reason="seen it now")
        assert agreed.overrides == ""


def test_two_people_deciding_at_once_both_stay_on_record(reviewed: Vault) -> None:
    made: list[Decision] = []
    start = threading.Barrier(2)

    def decides(name: str, kind: DecisionKind) -> Callable[[], None]:
        def work() -> None:
            with as_(reviewed, name) as vault:
                start.wait()
                made.extend(decide(vault, [PATH], kind, reason=name))

        return work

    people = [
        threading.Thread(target=decides("ana", DecisionKind.EXCLUDE)),
        threading.Thread(target=decides("ben", DecisionKind.INCLUDE)),
    ]
    for each in people:
        each.start()
    for each in people:
        each.join()
    kept = decisions(reviewed, [PATH])
    assert {each.actor for each in kept} == {"ana", "ben"}
    assert stands(reviewed).by == kept[-1].actor
    last = max(made, key=lambda each: each.id or 0)
    assert last.overrides.startswith(f"{kept[0].actor} had decided")


def test_a_document_that_changes_while_somebody_decides_is_not_decided_on(
    reviewed: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("foretune.governance.decisions")
    found = module.documents_matching

    def meanwhile(vault: Vault, *rest: object) -> object:
        chosen = found(vault, *rest)
        put(vault, {PATH: "Changed in the meantime. " * 12})
        return chosen

    monkeypatch.setattr(module, "documents_matching", meanwhile)
    with pytest.raises(InputError, match=r"leave/sick\.md changed while you were deciding, so nothing was decided"):
        decide(reviewed, ["leave"], DecisionKind.EXCLUDE, reason="old")
    assert decisions(reviewed) == []
