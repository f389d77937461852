"""Decisions are appended with reason, author and event; the newest holds, and a person beats the policy."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from tests.governance.pages import put

from foretune.errors import InputError, VaultError
from foretune.governance import DecisionKind, State, decide, decisions, findings, review, standing
from foretune.governance.types import Standing
from foretune.plan.config import GovernanceSettings, Rule
from foretune.types import Label, Severity, Use
from foretune.vault import Principal, Vault
from foretune.vault import tables as t

SETTINGS = GovernanceSettings()
PAGES = {
    "leave/annual.md": "Everybody has twenty-four days. Ask ana@firm.com. " * 8,
    "leave/sick.md": "Call in before nine. Ring +44 20 7946 0958. " * 8,
    "drafts/travel.md": "Trains before planes, and keep the receipts of both. " * 8,
}


@pytest.fixture
def reviewed(vault: Vault) -> Vault:
    put(vault, PAGES)
    review(vault, SETTINGS)
    return vault


def stands(vault: Vault, path: str, settings: GovernanceSettings = SETTINGS) -> Standing:
    return next(each for each in standing(vault, settings) if each.path == path)


def test_the_policy_includes_what_nobody_decided(reviewed: Vault) -> None:
    for each in standing(reviewed, SETTINGS):
        assert (each.state, each.by, each.use) == (State.INCLUDED, "policy", Use.BOTH)


def test_a_policy_that_includes_nothing_leaves_everything_waiting(reviewed: Vault) -> None:
    settings = GovernanceSettings(include="nothing")
    assert {each.state for each in standing(reviewed, settings)} == {State.WAITING}
    decide(reviewed, ["leave"], DecisionKind.INCLUDE, reason="current", use=Use.RETRIEVAL)
    included = {each.path: each.use for each in standing(reviewed, settings) if each.state is State.INCLUDED}
    assert included == {"leave/annual.md": Use.RETRIEVAL, "leave/sick.md": Use.RETRIEVAL}


def test_what_no_check_has_seen_waits(vault: Vault) -> None:
    put(vault, PAGES)
    decide(vault, ["leave/sick.md"], DecisionKind.INCLUDE, reason="current")
    decide(vault, ["drafts/**"], DecisionKind.EXCLUDE, reason="drafts")
    states = {each.path: each.state for each in standing(vault, SETTINGS)}
    assert states == {
        "drafts/travel.md": State.EXCLUDED,
        "leave/annual.md": State.WAITING,
        "leave/sick.md": State.WAITING,
    }
    assert "foretune review" in stands(vault, "leave/sick.md").reason


def test_a_rule_excludes_and_a_person_overrules_it(reviewed: Vault) -> None:
    settings = GovernanceSettings(rules=[Rule(check="personal", type="phone", action="exclude", reason="has a number")])
    excluded = stands(reviewed, "leave/sick.md", settings)
    assert (excluded.state, excluded.by, excluded.reason) == (State.EXCLUDED, "policy", "has a number")
    assert excluded.rule == "personal/phone → exclude"
    decide(reviewed, ["leave/sick.md"], DecisionKind.INCLUDE, reason="the office's own number")
    assert stands(reviewed, "leave/sick.md", settings).state is State.INCLUDED


def test_the_first_rule_that_fits_holds(reviewed: Vault) -> None:
    rules = [Rule(check="personal", type="phone", action="report"), Rule(check="personal", action="exclude")]
    settings = GovernanceSettings(rules=rules)
    assert stands(reviewed, "leave/sick.md", settings).state is State.INCLUDED
    assert stands(reviewed, "leave/annual.md", settings).state is State.EXCLUDED


def test_the_newest_verdict_holds_and_the_older_stays_on_record(reviewed: Vault) -> None:
    path = "drafts/travel.md"
    decide(reviewed, [path], DecisionKind.EXCLUDE, reason="a draft")
    decide(reviewed, [path], DecisionKind.INCLUDE, reason="approved")
    assert stands(reviewed, path).state is State.INCLUDED
    decide(reviewed, [path], DecisionKind.SUPERSEDE, reason="merged", replacement="leave/sick.md")
    assert stands(reviewed, path).state is State.EXCLUDED
    assert [each.reason for each in decisions(reviewed, [path])] == ["a draft", "approved", "merged"]


def test_a_decision_on_an_older_version_holds_and_says_so(reviewed: Vault) -> None:
    path = "drafts/travel.md"
    decide(reviewed, [path], DecisionKind.EXCLUDE, reason="a draft")
    assert not stands(reviewed, path).older_version
    put(reviewed, {path: "A new text about trains. " * 12})
    review(reviewed, SETTINGS)
    assert stands(reviewed, path).state is State.EXCLUDED
    assert stands(reviewed, path).older_version


def test_a_decision_cannot_be_changed_and_goes_with_its_document(reviewed: Vault) -> None:
    [made] = decide(reviewed, ["drafts/travel.md"], DecisionKind.EXCLUDE, reason="a draft")
    with pytest.raises(DBAPIError, match="append-only"), reviewed.writing() as connection:
        connection.execute(update(t.decision).where(t.decision.c.id == made.id).values(reason="nicer"))
    with reviewed.writing() as connection:
        connection.execute(delete(t.document).where(t.document.c.id == made.document_id))
    assert decisions(reviewed) == []


def test_every_decision_leaves_an_event_without_words_of_the_document(reviewed: Vault) -> None:
    finding = findings(reviewed, types=["email"])[0].finding
    decide(reviewed, [], DecisionKind.REDACT, reason="ana@firm.com asked us to", findings=[finding.id])
    with reviewed.reading() as connection:
        event = connection.execute(select(t.event).order_by(t.event.c.sequence.desc()).limit(1)).one()
    assert (event.action, event.subject) == ("decide.redact", finding.document_id)
    assert event.detail["finding"] == finding.id
    assert "ana@firm.com" not in str(event.detail)


def test_a_decision_names_who_decided(reviewed: Vault) -> None:
    [made] = decide(reviewed, ["drafts/travel.md"], DecisionKind.EXCLUDE, reason="a draft")
    assert made.actor == reviewed.principal.name == stands(reviewed, "drafts/travel.md").by


def test_documents_are_named_by_path_folder_pattern_id_or_place_on_disk(reviewed: Vault) -> None:
    travel = next(each for each in standing(reviewed, SETTINGS) if each.path == "drafts/travel.md")

    def decided(*names: str) -> list[str]:
        paths = {each.document_id: each.path for each in standing(reviewed, SETTINGS)}
        return [paths[each.document_id] for each in decide(reviewed, names, DecisionKind.EXCLUDE, reason="r")]

    assert decided("leave/sick.md") == ["leave/sick.md"]
    assert decided("leave/") == decided("leave/*") == ["leave/annual.md", "leave/sick.md"]
    assert decided("**/s*.md") == ["leave/sick.md"]
    assert decided(travel.document_id) == ["drafts/travel.md"]
    assert decided("/srv/pages/drafts/travel.md") == decided("/srv/pages/drafts") == ["drafts/travel.md"]
    assert decided("leave/sick.md", "leave/s*") == ["leave/sick.md"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"documents": ["leave/sick.md"], "kind": "exclude", "reason": "  "}, "needs a reason"),
        ({"documents": ["nowhere.md"], "kind": "exclude", "reason": "r"}, "No document matches 'nowhere.md'"),
        ({"documents": ["*.md"], "kind": "exclude", "reason": "r"}, "No document matches"),
        ({"documents": [], "kind": "exclude", "reason": "r"}, "Nothing to decide about"),
        ({"documents": ["leave/sick.md"], "kind": "relabel", "reason": "r"}, "Which label"),
        ({"documents": ["leave/sick.md"], "kind": "exclude", "reason": "r", "use": Use.BOTH}, "Only an inclusion"),
        ({"documents": ["leave/sick.md"], "kind": "redact", "reason": "r", "findings": ["nope"]}, "no finding 'nope'"),
        ({"documents": ["leave/sick.md"], "kind": "redact", "reason": "r", "spans": [(0, 9999)]}, "no place 0 to 9999"),
        ({"documents": ["leave"], "kind": "redact", "reason": "r", "spans": [(0, 5)]}, "name exactly one"),
        ({"documents": ["leave/sick.md"], "kind": "supersede", "reason": "r"}, "Which document replaces it"),
        (
            {"documents": ["leave/sick.md"], "kind": "supersede", "reason": "r", "replacement": "leave/sick.md"},
            "exactly one other document",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_sentence(
    reviewed: Vault, arguments: dict[str, object], words: str
) -> None:
    names = arguments.pop("documents")
    kind = DecisionKind(str(arguments.pop("kind")))
    with pytest.raises(InputError, match=words):
        decide(reviewed, names, kind, **arguments)  # type: ignore[arg-type]
    assert decisions(reviewed) == []


def test_a_reader_may_not_decide(reviewed: Vault) -> None:
    with Vault.open(reviewed.folder, principal=Principal("rita", role="reader")) as vault:
        with pytest.raises(VaultError, match="may read but not change"):
            decide(vault, ["leave/sick.md"], DecisionKind.EXCLUDE, reason="r")
        assert len(findings(vault)) > 0


def test_nobody_sees_findings_of_documents_above_their_label(reviewed: Vault) -> None:
    decide(reviewed, ["leave/sick.md"], DecisionKind.RELABEL, reason="health", label=Label.RESTRICTED)
    with Vault.open(reviewed.folder, principal=Principal("rita", label=Label.INTERNAL)) as vault:
        assert {each.path for each in findings(vault)} == {"leave/annual.md", "drafts/travel.md"}
        assert {each.path for each in standing(vault, SETTINGS)} == {"leave/annual.md", "drafts/travel.md"}
        with pytest.raises(InputError, match="No document matches"):
            decide(vault, ["leave/sick.md"], DecisionKind.EXCLUDE, reason="r")


def test_nobody_learns_of_a_document_above_their_label_by_its_copy(reviewed: Vault) -> None:
    put(reviewed, {"copy.md": PAGES["leave/sick.md"]})
    review(reviewed, SETTINGS)
    [copied] = findings(reviewed, checks=["duplicate"])
    decide(reviewed, [copied.finding.related[0].document], DecisionKind.RELABEL, reason="x", label=Label.RESTRICTED)
    with Vault.open(reviewed.folder, principal=Principal("rita", label=Label.INTERNAL)) as vault:
        assert findings(vault, checks=["duplicate"]) == []


def test_findings_come_with_the_most_important_first(reviewed: Vault) -> None:
    listed = findings(reviewed)
    order = [(-each.finding.severity, -each.finding.score) for each in listed]
    assert order == sorted(order)
    assert findings(reviewed, limit=2) == listed[:2]
    assert all(each.finding.severity >= Severity.MEDIUM for each in findings(reviewed, least=Severity.MEDIUM))
