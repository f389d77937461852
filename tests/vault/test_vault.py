"""The vault opens only with its key, keeps what it was told, and leaves nothing readable on disk."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from foretune.errors import VaultError
from foretune.types import Label
from foretune.vault import Principal, Vault, audit, now, working
from foretune.vault.keys import key_file
from foretune.vault.schema import HEAD, _config
from foretune.vault.tables import document, event, metadata, passage, source


def put_document(vault: Vault, path: str, text: str, label: Label = Label.INTERNAL) -> None:
    with vault.writing() as connection:
        connection.execute(
            insert(source)
            .prefix_with("OR IGNORE")
            .values(id="s", location="/docs", kind="folder", label="internal", added_at=now())
        )
        connection.execute(
            insert(document).values(
                id=path,
                source_id="s",
                path=path,
                content_hash="0",
                size=1,
                mtime_ns=1,
                media_type="text/plain",
                label=label,
                text=text,
                added_at=now(),
                changed_at=now(),
            )
        )


def put_passage(vault: Vault, document_id: str, text: str) -> None:
    with vault.writing() as connection:
        key = connection.execute(
            insert(passage).values(
                document_id=document_id,
                document_hash="0",
                recipe="0",
                ordinal=0,
                start=0,
                end=len(text),
                text=text,
                tokens=3,
                label="internal",
                vector=b"",
            )
        ).inserted_primary_key
        assert key is not None
        connection.exec_driver_sql(
            "INSERT INTO passage_fts(rowid, title, headings, keywords, body) VALUES (?, '', '', '', ?)", (key[0], text)
        )


def files_with(folder: Path, needle: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and needle in path.read_bytes()]


def test_what_is_written_is_read_again_after_reopening(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        put_document(vault, "a.md", "Quillfeather")
    with Vault.open(tmp_path / "vault") as vault, vault.reading() as connection:
        assert connection.execute(select(document.c.text)).scalar_one() == "Quillfeather"


def test_no_file_of_the_vault_holds_plaintext_even_while_it_is_open(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        put_document(vault, "a.md", "Quillfeather owes us 48151623 dollars")
        put_passage(vault, "a.md", "Quillfeather owes us 48151623 dollars")
        assert not files_with(tmp_path, b"uillfeath")
        assert not files_with(tmp_path, b"48151623")
        assert not files_with(tmp_path, b"SQLite format")


def test_the_key_file_is_private_and_outside_the_vault(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        path = key_file(vault.id)
    assert path.stat().st_mode & 0o777 == 0o600
    assert tmp_path not in path.parents
    assert not files_with(tmp_path, path.read_text().strip().encode())


def test_a_wrong_key_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Vault.create(tmp_path / "vault").close()
    monkeypatch.setenv("FORETUNE_KEY", "ab" * 32)
    with pytest.raises(VaultError, match=r"^The key from FORETUNE_KEY does not open the vault .*\.$") as caught:
        Vault.open(tmp_path / "vault").reading().__enter__()
    assert "abab" not in str(caught.value)


def test_a_lost_key_is_said_to_be_lost(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        key_file(vault.id).unlink()
    with pytest.raises(VaultError, match="There is no key for this vault"):
        Vault.open(tmp_path / "vault")


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        key_file(vault.id).chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        Vault.open(tmp_path / "vault")


def test_a_passphrase_in_the_environment_opens_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETUNE_KEY", "it's a long passphrase")
    Vault.create(tmp_path / "vault").close()
    Vault.open(tmp_path / "vault").close()
    monkeypatch.setenv("FORETUNE_KEY", "it's another")
    with pytest.raises(VaultError, match="does not open"):
        Vault.open(tmp_path / "vault")


def test_a_vault_of_a_newer_folder_format_is_refused(tmp_path: Path) -> None:
    Vault.create(tmp_path / "vault").close()
    marker = tmp_path / "vault" / "vault.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": 2}))
    with pytest.raises(VaultError, match="newer version"):
        Vault.open(tmp_path / "vault")


def test_a_vault_of_a_newer_schema_is_refused(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault, vault.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(VaultError, match="newer version of Foretune \\(schema 9999"):
        Vault.open(tmp_path / "vault")


def test_a_damaged_page_is_caught(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        put_document(vault, "a.md", "x" * 100_000)
        vault.scrub()
    path = tmp_path / "vault" / "vault.db"
    content = bytearray(path.read_bytes())
    content[-30_000] ^= 1  # among the pages written last: the document
    path.write_bytes(content)
    with (
        Vault.open(tmp_path / "vault") as vault,
        pytest.raises(VaultError, match=r"is damaged \(pages: .*page \d+.*put it back from a backup"),
        vault.reading() as connection,
    ):
        connection.execute(select(document.c.text)).all()


def test_migrations_make_exactly_the_tables_that_are_described(vault: Vault) -> None:
    with vault.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": lambda name, kind, _: not (kind == "table" and "_fts" in (name or ""))}
        )
        assert compare_metadata(context, metadata) == []
        assert ScriptDirectory.from_config(_config(connection)).get_current_head() == HEAD


def test_removing_a_document_removes_its_passages_and_their_words(vault: Vault) -> None:
    put_document(vault, "a.md", "zorbleflux")
    put_passage(vault, "a.md", "zorbleflux contract")
    with vault.writing() as connection:
        connection.execute(document.delete().where(document.c.id == "a.md"))
    with vault.reading() as connection:
        assert connection.execute(select(passage.c.id)).all() == []
        hits = connection.exec_driver_sql("SELECT rowid FROM passage_fts WHERE passage_fts MATCH 'zorbleflux'").all()
        assert hits == []


def test_the_audit_log_cannot_be_rewritten(vault: Vault) -> None:
    with pytest.raises(DBAPIError, match="append-only"), vault.writing() as connection:
        connection.execute(update(event).values(actor="somebody else"))
    with pytest.raises(DBAPIError, match="append-only"), vault.writing() as connection:
        connection.execute(event.delete())


def test_an_event_exists_only_with_what_it_tells_of(vault: Vault) -> None:
    with contextlib.suppress(RuntimeError), vault.writing() as connection:
        vault.record(connection, "document.add", "x")
        raise RuntimeError
    with vault.reading() as connection:
        assert connection.execute(select(event.c.action)).scalars().all() == ["vault.create"]


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        # RFC 6962 test vectors, as used by Certificate Transparency's own implementations.
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ],
)
def test_the_merkle_root_is_that_of_the_standard(count: int, expected: str) -> None:
    import hashlib

    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(item)).hexdigest() for item in inputs]
    assert audit.root(leaves[:count]) == expected


def test_a_reader_cannot_write_and_sees_only_its_labels(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        put_document(vault, "open.md", "x", Label.PUBLIC)
        put_document(vault, "secret.md", "x", Label.RESTRICTED)
    with Vault.open(tmp_path / "vault", principal=Principal("ann", "reader", Label.INTERNAL)) as vault:
        with vault.reading() as connection:
            query = select(document.c.path).where(vault.readable(document.c.label))
            assert connection.execute(query).scalars().all() == ["open.md"]
        with pytest.raises(VaultError, match="may read but not change"), vault.writing():
            pass
    with (
        Vault.open(tmp_path / "vault", principal=Principal("eve", "auditor")) as vault,
        vault.reading() as connection,
    ):
        assert connection.execute(select(document.c.path).where(vault.readable(document.c.label))).all() == []


def test_killed_in_the_middle_of_writing_no_acknowledged_row_is_lost(tmp_path: Path) -> None:
    Vault.create(tmp_path / "vault").close()
    program = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from foretune.vault import Vault
        from test_vault import put_document
        vault = Vault.open(Path({str(tmp_path / "vault")!r}))
        for number in range(100_000):
            put_document(vault, f"{{number}}.md", "x" * 2000)
            print(number, flush=True)
        """
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(40)][-1]
    process.send_signal(signal.SIGKILL)
    process.wait()
    acknowledged = max([acknowledged, *(int(line) for line in process.stdout.read().splitlines() if line.strip())])
    with Vault.open(tmp_path / "vault") as vault, vault.reading() as connection:
        kept = connection.execute(select(document.c.path)).scalars().all()
        assert {f"{number}.md" for number in range(acknowledged + 1)} <= set(kept)
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def test_only_one_process_works_in_a_project_at_a_time(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from foretune.vault import working
with working(Path({str(tmp_path)!r})):
    print("in", flush=True)
    input()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    with pytest.raises(VaultError, match=f"process {process.pid}"), working(tmp_path):
        pass
    process.kill()
    process.wait()
    with working(tmp_path):
        pass
