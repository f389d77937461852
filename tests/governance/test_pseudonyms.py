"""The same person has the same pseudonym everywhere, and only the vault's key turns it back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import put

from foretune.errors import InputError
from foretune.governance import governed, reveal, review
from foretune.governance.pseudonyms import VaultPseudonyms, canonical, vault_pseudonyms
from foretune.plan.config import GovernanceSettings, Rule
from foretune.vault import Vault
from foretune.vault.keys import Key, derived

KEY = bytes(range(32))
MAIL = "ana.lopez@firma.es"
SETTINGS = GovernanceSettings(rules=[Rule(check="personal", action="pseudonymise")])


@pytest.fixture
def pages(vault: Vault) -> Vault:
    put(vault, {"a.md": f"Ask {MAIL} or call +44 20 7946 0958 today."}, title=f"Mail {MAIL}")
    put(vault, {"b.md": f"{MAIL.upper()} answers. Password: Tr0ub4dor&3"})
    review(vault, SETTINGS)
    return vault


def texts(vault: Vault) -> dict[str, str]:
    return {each.path: each.text for each in governed(vault, SETTINGS)}


def test_text_metadata_and_other_documents_have_the_same_pseudonym(pages: Vault) -> None:
    first, second = governed(pages, SETTINGS)
    [mail] = re.findall(r"\[EMAIL-[0-9a-f]{8}\]", first.text)
    assert first.text.startswith(f"Ask {mail} or call [PHONE-")
    assert first.title == f"Mail {mail}"
    assert second.text == f"{mail} answers. Password: [SECRET]"


def test_the_vault_turns_a_pseudonym_back_and_says_so_in_the_log(pages: Vault) -> None:
    mail = vault_pseudonyms(pages)("email", MAIL)
    assert reveal(pages, mail) == [MAIL.upper(), MAIL]
    assert reveal(pages, "[EMAIL-00000000]") == []
    with pages.reading() as connection:
        subjects = connection.exec_driver_sql("SELECT subject FROM event WHERE action = 'pseudonym.reveal'").all()
    assert [subject for (subject,) in subjects] == [mail, "[EMAIL-00000000]"]


def test_what_is_not_in_the_vault_any_more_is_not_revealed(pages: Vault) -> None:
    mail = vault_pseudonyms(pages)("email", MAIL)
    put(pages, {"a.md": "Nobody is named here.", "b.md": "Nor here."}, title="Empty")
    review(pages, SETTINGS)
    assert reveal(pages, mail) == []


def test_something_else_than_a_pseudonym_is_refused(pages: Vault) -> None:
    with pytest.raises(InputError, match=r"'\[EMAIL\]' is no pseudonym.*\[PERSON-7f3a9c1e\]"):
        reveal(pages, "[EMAIL]")


def test_another_vault_gives_other_pseudonyms(pages: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETUNE_KEY", "another passphrase")
    with Vault.create(tmp_path / "other") as other:
        assert vault_pseudonyms(other)("email", MAIL) != vault_pseudonyms(pages)("email", MAIL)


def test_keys_differ_by_purpose_vault_and_secret() -> None:
    made = {
        derived(Key(secret, "test").material(salt), purpose, salt)
        for secret in ("0" * 64, "1" * 64, "a passphrase")
        for purpose in ("a", "b")
        for salt in ("v1", "v2")
    }
    assert len(made) == 12
    assert {len(key) for key in made} == {32}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("person", "Dr. Ana Lopez", "ana  lopez's"),
        ("phone", "+44 20 7946 0958", "(020) 7946 0958"),
        ("iban", "DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
        ("address", "9 Elm St., Suite 200", "9 Elm St Suite 200"),
        ("email", MAIL, MAIL.title()),
    ],
)
def test_ways_of_writing_the_same_make_no_difference(kind: str, one: str, other: str) -> None:
    make = VaultPseudonyms(KEY)
    assert canonical(kind, one) == canonical(kind, other)
    assert make(kind, one) == make(kind, other) != make(kind, one + "7")


@given(st.text(min_size=1, max_size=30))
def test_a_pseudonym_is_marked_and_holds_nothing_of_the_name(name: str) -> None:
    made = VaultPseudonyms(KEY)("person", name)
    assert re.fullmatch(r"\[PERSON-[0-9a-f]{8}\]", made)
    assert made == VaultPseudonyms(KEY)("person", name)
    assert made != VaultPseudonyms(bytes(32))("person", name)
