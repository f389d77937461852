"""The key can be changed under readers, cut short at any moment, and brought back from shares."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.vault.test_vault import put_document

from foretune.errors import InputError, VaultError
from foretune.vault import Vault
from foretune.vault.keys import key_file
from foretune.vault.recovery import join_shares, split_secret
from foretune.vault.tables import document, event


def count(vault: Vault) -> int:
    with vault.reading() as connection:
        return connection.execute(select(func.count()).select_from(document)).scalar_one()


def test_a_reader_goes_on_through_a_change_of_key(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault, Vault.open(tmp_path / "vault") as other:
        put_document(vault, "a.md", "x" * 20_000)
        before = key_file(vault.id).read_text()
        with other.reading() as connection:
            rows = connection.execution_options(yield_per=1).execute(select(document.c.text))
            vault.rekey()
            assert len(rows.scalar_one()) == 20_000
        assert count(other) == count(vault) == 1
        put_document(other, "b.md", "y")
        assert count(vault) == 2
        assert key_file(vault.id).read_text() != before
    with Vault.open(tmp_path / "vault") as again, again.reading() as connection:
        assert "vault.rekey" in connection.execute(select(event.c.action)).scalars().all()


def test_what_is_derived_from_the_key_outlives_it(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        before = vault.derived_key("pseudonyms")
        vault.rekey()
        vault.rekey()
        assert vault.derived_key("pseudonyms") == before


def test_the_old_key_opens_nothing_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETUNE_KEY", "ab" * 32)
    with Vault.create(tmp_path / "vault") as vault:
        with pytest.raises(VaultError, match="set FORETUNE_NEW_KEY"):
            vault.rekey()
        monkeypatch.setenv("FORETUNE_NEW_KEY", "cd" * 32)
        assert vault.rekey() == "FORETUNE_NEW_KEY"
    monkeypatch.delenv("FORETUNE_NEW_KEY")
    with pytest.raises(VaultError, match="may have been changed"):
        Vault.open(tmp_path / "vault")
    monkeypatch.setenv("FORETUNE_KEY", "cd" * 32)
    Vault.open(tmp_path / "vault").close()


@pytest.mark.parametrize("moment", ["before the pages", "in the pages", "after the pages"])
def test_killed_in_a_change_of_key_the_vault_opens_with_all_that_was_in_it(tmp_path: Path, moment: str) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        for number in range(20):
            put_document(vault, f"{number}.md", "z" * 50_000)
    program = f"""
import os, signal, sys
from pathlib import Path
from foretune.vault import Vault
from foretune.vault.database import Database
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
whole = Database.rekey
def rekey(self, key):
    if {moment!r} == "in the pages":
        import threading, time
        threading.Timer(0.003, die).start()
    if {moment!r} != "before the pages":
        whole(self, key)
    die()
Database.rekey = rekey
Vault.open(Path({str(tmp_path / "vault")!r})).rekey()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == -signal.SIGKILL
    with Vault.open(tmp_path / "vault") as vault:
        assert count(vault) == 20
        vault.rekey()
        assert count(vault) == 20
    with Vault.open(tmp_path / "vault") as vault:
        assert count(vault) == 20


def test_enough_shares_bring_the_key_back_and_fewer_do_not(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        shares = split_secret(vault.recovery_secret(), shares=5, needed=3)
        key_file(vault.id).unlink()
    with pytest.raises(InputError, match="do not give a key"):
        join_shares(shares[:2])
    with pytest.raises(VaultError, match="does not open"):
        Vault.recover(tmp_path / "vault", bytes(32))
    Vault.recover(tmp_path / "vault", join_shares([shares[4], shares[0], shares[2]]))
    Vault.open(tmp_path / "vault").close()
    with pytest.raises(InputError, match="3 of 2 will not do"):
        split_secret(bytes(32), shares=2, needed=3)
