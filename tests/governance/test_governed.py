"""What is handed on: only what was let through, repaired and redacted, with a hash that changes when it must."""

from __future__ import annotations

from contextlib import closing
from importlib import import_module

import pytest
from sqlalchemy import Engine, event
from tests.governance.pages import put, read_pages
from tests.helpers import shared

from foretune.governance import (
    DecisionKind,
    State,
    decide,
    findings,
    governed,
    governed_in_turn,
    governed_state,
    review,
    standing,
)
from foretune.governance.edits import occurrences
from foretune.plan.config import GovernanceSettings, Rule
from foretune.types import GovernedDocument, Label, Use
from foretune.vault import Principal, Vault

SETTINGS = GovernanceSettings()
MAIL = "ana.lopez@firma.es"
TEXT = f"Ask {MAIL} for cafÃ© vouchers. Or ring +44 20 7946 0958.\nWrite to {MAIL} again.\n" + "More words here. " * 20


def only(vault: Vault, settings: GovernanceSettings = SETTINGS, path: str = "a.md") -> GovernedDocument:
    return next(each for each in governed(vault, settings) if each.path == path)


@pytest.fixture
def page(vault: Vault) -> Vault:
    put(vault, {"a.md": TEXT}, title=f"Mail {MAIL}", keywords=[MAIL], properties={"contact": {"who": MAIL}})
    review(vault, SETTINGS)
    return vault


def rules(*actions: tuple[str, str, str]) -> GovernanceSettings:
    return GovernanceSettings(rules=[Rule(check=c, type=t, action=a) for c, t, a in actions])


def test_the_default_policy_hands_on_every_text_as_it_is(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    pages = read_pages(shared("handbook-18f") / "corpus", limit=60)
    assert {each.path: each.text for each in governed(handbook, SETTINGS)} == pages


def test_who_writes_meanwhile_is_given_the_same_and_can_fold_the_log_in(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(vault, {f"{i}.md": f"Page {i}. {TEXT}" for i in range(12)})
    review(vault, SETTINGS)
    expected = list(governed(vault, SETTINGS))
    assert len(expected) == 12
    module = import_module("foretune.governance.governed")
    for documents, characters in ((5, 10**9), (200, 2 * len(TEXT)), (1, 1), (200, 10**9)):
        monkeypatch.setattr(module, "_DOCUMENTS_AT_ONCE", documents)
        monkeypatch.setattr(module, "_CHARACTERS_AT_ONCE", characters)
        given = []
        for each in governed_in_turn(vault, SETTINGS):
            given.append(each)
            vault.note("test.write", each.id)
            with closing(vault._database.raw()) as connection:
                assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        assert given == expected


def test_a_rule_redacts_everywhere_also_in_the_metadata(page: Vault) -> None:
    each = only(page, rules(("personal", "email", "redact")))
    assert each.text.startswith("Ask [EMAIL] for cafÃ© vouchers. Or ring +44 20 7946 0958.\nWrite to [EMAIL] again.")
    assert MAIL not in str(each)
    assert each.title == "Mail [EMAIL]"
    assert each.properties == {"contact": {"who": "[EMAIL]"}}


def test_repairs_and_redactions_do_not_get_into_each_others_way(page: Vault) -> None:
    each = only(page, rules(("personal", "", "redact"), ("garbled", "", "repair")))
    assert each.text.startswith("Ask [EMAIL] for café vouchers. Or ring [PHONE].\nWrite to [EMAIL] again.\n")


def test_redacting_one_finding_masks_the_same_words_elsewhere_in_the_document(page: Vault) -> None:
    finding = findings(page, types=["email"])[0].finding
    decide(page, [], DecisionKind.REDACT, reason="left the firm", findings=[finding.id])
    assert MAIL not in str(only(page))
    assert "+44 20 7946 0958" in only(page).text


def test_redacting_a_document_goes_for_its_later_versions_too(page: Vault) -> None:
    decide(page, ["a.md"], DecisionKind.REDACT, reason="contacts are private")
    assert MAIL not in str(only(page))
    put(page, {"a.md": "New: bo.li@firma.es. " * 20})
    review(page, SETTINGS)
    assert only(page).text == "New: [EMAIL]. " * 20


def test_a_redacted_place_is_found_again_when_the_document_changes(page: Vault) -> None:
    start = TEXT.index("vouchers")
    decide(page, ["a.md"], DecisionKind.REDACT, reason="not for all", spans=[(start, start + 8)])
    assert "vouchers" not in only(page).text
    put(page, {"a.md": "Now the vouchers come first. " + TEXT})
    review(page, SETTINGS)
    assert "vouchers" not in only(page).text
    assert only(page).text.startswith("Now the [REDACTED] come first.")


def test_a_repair_by_a_person_holds_for_the_place_and_for_the_next_version(page: Vault) -> None:
    [garbled] = findings(page, checks=["garbled"])
    decide(page, [], DecisionKind.REPAIR, reason="as it was meant", findings=[garbled.finding.id])
    assert "café vouchers" in only(page).text
    put(page, {"a.md": "Preface. " + TEXT})
    review(page, SETTINGS)
    assert "café vouchers" in only(page).text


def test_an_own_replacement_is_used_instead_of_the_mask(page: Vault) -> None:
    finding = findings(page, types=["phone"])[0].finding
    decide(page, [], DecisionKind.REDACT, reason="r", findings=[finding.id], replacement="[our number]")
    assert "ring [our number]." in only(page).text


def test_the_use_decides_who_gets_a_document(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    decide(handbook, ["18f/chapters"], DecisionKind.INCLUDE, reason="reference only", use=Use.RETRIEVAL)
    decide(handbook, ["18f/how-18f-works"], DecisionKind.EXCLUDE, reason="out of date")
    tuning = {each.path for each in governed(handbook, SETTINGS, use=Use.TUNING)}
    retrieval = {each.path for each in governed(handbook, SETTINGS, use=Use.RETRIEVAL)}
    assert not any(each.startswith(("18f/chapters", "18f/how")) for each in tuning)
    assert retrieval - tuning == {
        each.path for each in standing(handbook, SETTINGS) if each.path.startswith("18f/chapters")
    }
    assert not any(each.startswith("18f/how") for each in retrieval)


def test_the_new_label_is_handed_on_and_hides_the_document(page: Vault) -> None:
    decide(page, ["a.md"], DecisionKind.RELABEL, reason="contacts", label=Label.CONFIDENTIAL)
    assert only(page).label is Label.CONFIDENTIAL
    with Vault.open(page.folder, principal=Principal("rita", label=Label.INTERNAL)) as vault:
        assert list(governed(vault, SETTINGS)) == []


def test_copies_share_a_cluster_and_a_rule_keeps_only_the_keeper(page: Vault) -> None:
    put(page, {"b.md": TEXT}, date="2024-01-01")
    put(page, {"c.md": "Nothing like the others at all. " * 20})
    review(page, SETTINGS)
    clusters = {each.path: each.cluster for each in governed(page, SETTINGS)}
    assert clusters["a.md"] == clusters["b.md"] != ""
    assert clusters["c.md"] == ""
    kept = {each.path for each in governed(page, rules(("duplicate", "", "exclude")))}
    assert kept == {"b.md", "c.md"}


def test_the_state_is_what_the_documents_say(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    decide(handbook, ["18f/chapters"], DecisionKind.REDACT, reason="r")
    for settings in (SETTINGS, rules(("personal", "", "redact"), ("garbled", "", "repair"))):
        states = governed_state(handbook, settings)
        assert [tuple(each) for each in states] == [
            (each.id, each.path, each.hash, each.use, each.label, each.cluster) for each in governed(handbook, settings)
        ]


def test_the_hash_changes_with_whatever_later_stages_see(page: Vault) -> None:
    seen = {only(page).hash}

    def changes() -> bool:
        before = len(seen)
        seen.add(only(page).hash)
        return len(seen) > before

    assert not changes()
    decide(page, ["a.md"], DecisionKind.INCLUDE, reason="again, for both")
    assert not changes()
    decide(page, ["a.md"], DecisionKind.INCLUDE, reason="only to search", use=Use.RETRIEVAL)
    assert changes()
    decide(page, ["a.md"], DecisionKind.RELABEL, reason="r", label=Label.PUBLIC)
    assert changes()
    decide(page, ["a.md"], DecisionKind.REDACT, reason="r")
    assert changes()
    put(page, {"a.md": TEXT}, title="Another title")
    review(page, SETTINGS)
    assert changes()
    put(page, {"a.md": TEXT + "!"}, title="Another title")
    review(page, SETTINGS)
    assert changes()
    assert only(page, rules(("garbled", "", "repair"))).hash not in seen


def test_a_neighbour_joining_the_cluster_does_not_change_the_hash(page: Vault) -> None:
    before = only(page).hash
    put(page, {"b.md": TEXT})
    review(page, SETTINGS)
    assert only(page).hash == before


def test_a_changed_document_waits_for_the_next_review(page: Vault) -> None:
    put(page, {"a.md": f"Not yet looked at: {MAIL}"})
    assert list(governed(page, rules(("personal", "", "redact")))) == []
    assert [each.state for each in standing(page, SETTINGS)] == [State.WAITING]


def test_documents_come_in_order_of_path(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    paths = [each.path for each in governed(handbook, SETTINGS)]
    assert paths == sorted(paths)


def test_the_state_is_known_without_reading_a_text(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        governed_state(handbook, SETTINGS)
        assert asked
        assert not [statement for statement in asked if "document.text" in statement]
        asked.clear()
        list(governed(handbook, SETTINGS))
        assert [statement for statement in asked if "document.text" in statement], "so that is how a text is read"
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_nothing_a_rule_redacts_is_left_on_any_real_page(handbook: Vault) -> None:
    review(handbook, SETTINGS)
    settings = rules(("personal", "", "redact"))
    texts = {each.path: each for each in governed(handbook, settings)}
    redacted = [each for each in findings(handbook, checks=["personal"]) if each.finding.text]
    assert len(redacted) > 10
    for path, finding in redacted:
        masks = {finding.text: ""}
        assert not list(occurrences(texts[path].text, masks, redacts=True)), finding.id
        assert finding.text not in str(texts[path].properties)
