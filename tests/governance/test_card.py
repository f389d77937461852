"""The data card: counts that add up, formats that their readers accept, and not a word of the documents."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from sqlalchemy import insert
from tests.governance.pages import put

from foretune.governance import DecisionKind, State, decide, review
from foretune.governance.card import card_facts, write_card
from foretune.governance.card.croissant import croissant
from foretune.governance.card.huggingface import dataset_card
from foretune.plan.config import Config, GovernanceSettings, People, Rule
from foretune.types import Label, Use
from foretune.vault import Vault, now
from foretune.vault import tables as t

SENTENCE = "Everybody here has twenty-four peculiar days"
MAIL = "ana.lopez@firma.es"
CONFIG = Config(
    people=People(owner="the <b>HR</b> office"),
    governance=GovernanceSettings(
        rules=[
            Rule(check="personal", type="phone", action="exclude"),
            Rule(pattern="peculiar days", action="redact"),
        ]
    ),
)


@pytest.fixture
def decided(vault: Vault) -> Vault:
    pages = {f"leave/{number}.md": f"{SENTENCE} {number}. Ask the office for more of it. " * 5 for number in range(6)}
    put(vault, pages, date="2019-03-02")
    put(vault, {"ring.md": "Ring +44 20 7946 0958 when you are ill, before nine o'clock in the morning. " * 4})
    put(vault, {"draft.md": "A draft about trains and boats and the receipts of both of them. " * 5})
    with vault.writing() as connection:
        aside = {"source_id": "pages", "size": 9, "mtime_ns": 1, "at": now()}
        connection.execute(insert(t.set_aside).values(path="x.bin", reason="it is not text: byte 3", **aside))
    review(vault, CONFIG.governance)
    decide(vault, ["leave/1.md"], DecisionKind.EXCLUDE, reason=f"{MAIL} asked for it")
    decide(vault, ["draft.md"], DecisionKind.WAIT, reason="not approved")
    decide(vault, ["leave/2.md"], DecisionKind.INCLUDE, reason="rules", use=Use.RETRIEVAL)
    return vault


def test_in_is_out_and_set_aside_whatever_was_decided(decided: Vault) -> None:
    facts = card_facts(decided, CONFIG, name="hr")
    assert facts.states == {State.INCLUDED: 0, State.REDACTED: 5, State.EXCLUDED: 2, State.WAITING: 1}
    assert (facts.seen, facts.goes_in, facts.set_aside) == (9, 5, 4)
    assert facts.seen == facts.goes_in + facts.set_aside
    assert sum(each.documents for each in facts.reasons) == facts.read
    assert sum(facts.uses.values()) == facts.goes_in
    assert dict(facts.uses) == {Use.BOTH: 4, Use.RETRIEVAL: 1}
    assert dict(facts.unreadable) == {"it is not text": 1}


def test_no_form_holds_a_word_of_the_documents(decided: Vault, tmp_path: Path) -> None:
    for path in write_card(decided, CONFIG, tmp_path / "card", name="hr"):
        text = path.read_text(encoding="utf-8")
        for words in (SENTENCE, "peculiar", MAIL, "7946", "receipts", "leave/1.md"):
            assert words not in text, (path.name, words)
        assert "9 documents were offered: 5 go in" in text
        assert path.stat().st_mode & 0o077 == 0


def test_the_dataset_card_has_front_matter_the_hub_reads(decided: Vault) -> None:
    _, head, body = dataset_card(card_facts(decided, CONFIG, name="hr: [leave]")).split("---\n", 2)
    front = yaml.safe_load(head)
    assert front["pretty_name"] == "hr: [leave]"
    assert front["language"] == ["en"]
    assert front["size_categories"] == ["n<1K"]
    assert front["task_categories"] == ["question-answering", "text-generation"]
    assert "| excluded | 1 | rule: personal/phone → exclude | the policy |" in body
    assert "| excluded | 1 | \\[EMAIL\\] asked for it | a person |" in body
    assert "| unreadable | 1 | it is not text | nobody |" in body
    assert "\\<b\\>HR" in body


def test_croissant_has_what_the_specification_requires(decided: Vault) -> None:
    described = json.loads(croissant(card_facts(decided, CONFIG, name="hr")))
    required = {"@context", "@type", "name", "description", "conformsTo", "license", "url", "creator", "datePublished"}
    assert required <= set(described)
    assert described["conformsTo"] == [
        "http://mlcommons.org/croissant/1.0",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    assert described["rai:dataCollectionTimeframe"] == ["2019-03-02", "2019-03-02"]
    assert all(described[key] for key in described if key.startswith("rai:"))


def test_croissant_is_accepted_by_its_reference_implementation(decided: Vault, tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    written = write_card(decided, CONFIG, tmp_path / "card", name="hr")
    metadata = mlcroissant.Dataset(written[1]).metadata
    assert metadata.name == "hr"
    assert metadata.ctx.issues.errors == set()


def test_a_restricted_document_that_waits_for_a_second_person_is_counted_as_waiting(decided: Vault) -> None:
    strict = CONFIG.model_copy(update={"governance": CONFIG.governance.model_copy(update={"four_eyes": True})})
    decide(decided, ["leave/3.md"], DecisionKind.RELABEL, reason="r", label=Label.RESTRICTED, four_eyes=True)
    decide(decided, ["leave/3.md"], DecisionKind.INCLUDE, reason="r", four_eyes=True)
    facts = card_facts(decided, strict, name="hr")
    assert facts.states[State.WAITING] == 2
    assert "waits for a second person to confirm it" in {each.why for each in facts.reasons}
    assert facts.seen == facts.goes_in + facts.set_aside


def test_the_same_facts_give_the_same_bytes(decided: Vault) -> None:
    first, second = (replace(card_facts(decided, CONFIG, name="hr"), made_at="2026-01-01T00:00:00") for _ in range(2))
    assert dataset_card(first) == dataset_card(second)
    assert croissant(first) == croissant(second)


def test_an_empty_vault_has_a_card_too(vault: Vault, tmp_path: Path) -> None:
    written = write_card(vault, Config(), tmp_path / "card", name="empty")
    assert "0 documents were offered: 0 go in" in written[0].read_text(encoding="utf-8")


def test_where_nothing_was_looked_at_no_form_says_that_nothing_was_found(vault: Vault, tmp_path: Path) -> None:
    put(vault, {"ring.md": "Ring +44 20 7946 0958 when you are ill, before nine o'clock in the morning. " * 4})
    for path in write_card(vault, CONFIG, tmp_path / "card", name="hr"):
        text = path.read_text(encoding="utf-8")
        assert "Nothing personal was found" not in text
        assert "Nobody has looked for personal data yet" in text
    page = (tmp_path / "card" / "card.html").read_text(encoding="utf-8")
    assert "Nothing yet: every document that could be read is waiting." in page
    assert "The document waits for a decision and is not used until then." in page


def test_personal_data_that_goes_in_unmasked_is_left_to_decide(vault: Vault) -> None:
    put(vault, {"ring.md": "Ring +44 20 7946 0958 when you are ill, before nine o'clock in the morning. " * 4})
    config = Config()
    review(vault, config.governance)
    card = dataset_card(card_facts(vault, config, name="hr"))
    assert "Personal data stands in 4 places and none is masked: is that wanted?" in card
    assert "4 telephone numbers" in card
