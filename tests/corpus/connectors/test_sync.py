"""`foretune sync` brings the vault up to date with every kind of source, and loses nothing to a mistake."""

from __future__ import annotations

import json
import mailbox
import subprocess
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from sqlalchemy import select
from tests.corpus.connectors.imap_server import Mail, imap_server
from tests.governance.test_inspect_objects import endpoint, needs_server, put

from foretune.corpus import AddOutcome, add, declared_sources, documents, erase_documents, objects, sync
from foretune.errors import ConfigError, ForetuneError, InputError
from foretune.plan.config import CorpusSettings, SourceSettings
from foretune.vault import Vault
from foretune.vault.tables import event, source

__all__ = ["endpoint"]


class Synced:
    """A vault, and one source declared in the plan."""

    def __init__(self, vault: Vault, base: Path) -> None:
        self.vault, self.base = vault, base
        self.declared: list[SourceSettings] = []

    def declare(self, kind: str, at: str | Path, **more: Any) -> None:
        self.declared.append(SourceSettings(kind=kind, at=str(at), **more))

    def run(self, **options: Any) -> list[AddOutcome]:
        settings = CorpusSettings(sources=self.declared)
        return list(sync(self.vault, self.declared, settings=settings, base=self.base, **options))

    def outcomes(self, **options: Any) -> dict[str, str]:
        found = self.run(**options)
        assert len({(one.source, one.path) for one in found}) == len(found)
        return {one.path: one.outcome for one in found}

    def counts(self, **options: Any) -> dict[str, int]:
        found = [one.outcome for one in self.run(**options)]
        return {name: found.count(name) for name in sorted(set(found))}

    def texts(self) -> dict[str, str]:
        return {one.path: one.text for one in documents(self.vault)}


@pytest.fixture
def synced(vault: Vault, tmp_path: Path) -> Synced:
    return Synced(vault, tmp_path)


def message(number: int, body: str) -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["Message-ID"] = f"Note {number}", "a@example.org", f"<{number}@example.org>"
    made.set_content(body)
    return made


# -- what each kind of source gives, changes and takes away --------------------------------------------


Edit = Callable[[], None]
Make = Callable[[Synced, Path], tuple[Edit, Edit, Edit]]
"""Declares a source with three documents; gives what changes one, removes one and adds one."""


def a_folder(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.md").write_text(f"Note {number} as it was.")
    synced.declare("folder", "notes")
    return (
        lambda: void((folder / "0.md").write_text("Another note entirely.")),
        (folder / "1.md").unlink,
        lambda: void((folder / "9.md").write_text("A new note.")),
    )


def an_mbox(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    return _mailbox(synced, tmp_path / "all.mbox", lambda path: mailbox.mbox(path))


def a_maildir(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    return _mailbox(synced, tmp_path / "mail", lambda path: mailbox.Maildir(path))


def _mailbox(synced: Synced, path: Path, opened: Callable[[Path], Any]) -> tuple[Edit, Edit, Edit]:
    bodies = {number: f"Body {number} as it was." for number in range(3)}

    def write() -> None:
        box = opened(path)
        box.clear()
        for number, body in bodies.items():
            box.add(message(number, body))
        box.flush()
        box.close()

    def edit(**changes: str | None) -> None:
        for name, body in changes.items():
            bodies.pop(int(name[1:]), None)
            if body is not None:
                bodies[int(name[1:])] = body
        write()

    write()
    synced.declare("mailbox", path)
    return lambda: edit(n0="Another body entirely."), lambda: edit(n1=None), lambda: edit(n9="A new body.")


def eml_files(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    folder = tmp_path / "letters"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.eml").write_bytes(bytes(message(number, f"Body {number} as it was.")))
    synced.declare("mailbox", folder)
    return (
        lambda: void((folder / "0.eml").write_bytes(bytes(message(0, "Another body entirely.")))),
        (folder / "1.eml").unlink,
        lambda: void((folder / "9.eml").write_bytes(bytes(message(9, "A new body.")))),
    )


def _table(synced: Synced, path: Path, write: Callable[[list[dict[str, str]]], None]) -> tuple[Edit, Edit, Edit]:
    rows = [{"Id": f"C-{number}", "Name": f"Customer {number}", "Note": "as it was"} for number in range(3)]
    write(rows)
    synced.declare("table", path, key="Id")

    def change() -> None:
        rows[0]["Note"] = "moved to another town"
        write(rows)

    def remove() -> None:
        del rows[1]
        write(rows)

    def new() -> None:
        rows.insert(0, {"Id": "C-9", "Name": "Customer 9", "Note": "new"})
        write(rows)

    return change, remove, new


def a_csv(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    path = tmp_path / "crm.csv"

    def write(rows: list[dict[str, str]]) -> None:
        lines = [";".join(rows[0]), *(";".join(row.values()) for row in rows)]
        path.write_text("\n".join(lines) + "\n")

    return _table(synced, path, write)


def an_xlsx(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    path = tmp_path / "crm.xlsx"

    def write(rows: list[dict[str, str]]) -> None:
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
                sheet.write_row(number, 0, row)

    return _table(synced, path, write)


def a_jsonl(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    path = tmp_path / "crm.jsonl"
    return _table(synced, path, lambda rows: void(path.write_text("".join(json.dumps(row) + "\n" for row in rows))))


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def a_repository(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    return _repository(synced, tmp_path, tmp_path / "repository")


def a_cloned_repository(synced: Synced, tmp_path: Path) -> tuple[Edit, Edit, Edit]:
    return _repository(synced, tmp_path, f"file://{tmp_path / 'repository'}")


def _repository(synced: Synced, tmp_path: Path, at: str | Path) -> tuple[Edit, Edit, Edit]:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")

    def commit(name: str, text: str | None) -> None:
        path = folder / name
        path.unlink() if text is None else path.write_text(text)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "a change")

    for number in range(3):
        commit(f"{number}.md", f"Page {number} as it was.")
    synced.declare("git", at, revision="main")
    return (
        lambda: commit("0.md", "Another page entirely."),
        lambda: commit("1.md", None),
        lambda: commit("9.md", "A new page."),
    )


def void(_: object) -> None:
    """For edits that return something."""


@pytest.mark.parametrize(
    "make",
    [a_folder, an_mbox, a_maildir, eml_files, a_csv, an_xlsx, a_jsonl, a_repository, a_cloned_repository],
    ids=lambda make: make.__name__,
)
def test_a_source_is_followed(make: Make, synced: Synced, tmp_path: Path) -> None:
    change, remove, new = make(synced, tmp_path)
    assert synced.counts(dry_run=True) == {"added": 3}
    assert synced.texts() == {}
    assert synced.counts() == {"added": 3}
    assert synced.counts() == {"unchanged": 3}
    before = synced.texts()
    change()
    assert synced.counts(dry_run=True) == {"changed": 1, "unchanged": 2}
    assert synced.texts() == before
    assert synced.counts() == {"changed": 1, "unchanged": 2}
    assert sum(text != before[path] for path, text in synced.texts().items()) == 1
    remove()
    assert synced.counts() == {"removed": 1, "unchanged": 2}
    assert len(synced.texts()) == 2
    new()
    assert synced.counts() == {"added": 1, "unchanged": 2}
    with synced.vault.reading() as connection:
        assert len(connection.execute(select(source)).all()) == 1


# -- a mistake loses nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [a_folder, an_mbox, a_csv, a_repository], ids=lambda make: make.__name__)
def test_a_source_that_is_not_there_loses_nothing_and_the_others_are_read(
    make: Make, synced: Synced, tmp_path: Path
) -> None:
    make(synced, tmp_path)
    synced.run()
    where = Path(tmp_path, synced.declared[0].at)
    where.rename(tmp_path / ".elsewhere")
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "note.md").write_text("A note.")
    synced.declare("folder", "second")
    read: list[AddOutcome] = []
    with pytest.raises(InputError, match="nothing was removed"):
        read.extend(sync(synced.vault, synced.declared, settings=CorpusSettings(), base=tmp_path))
    assert len(synced.texts()) == 4


def test_a_source_that_is_empty_all_at_once_is_taken_for_a_mistake(synced: Synced, tmp_path: Path) -> None:
    a_folder(synced, tmp_path)
    synced.run()
    for path in (tmp_path / "notes").iterdir():
        path.unlink()
    with pytest.raises(InputError, match="--allow-empty"):
        synced.run()
    assert len(synced.texts()) == 3
    assert synced.counts(allow_empty=True) == {"removed": 3}


def test_what_was_erased_does_not_come_back(synced: Synced, tmp_path: Path) -> None:
    a_csv(synced, tmp_path)
    synced.run()
    (one,) = [one for one in documents(synced.vault) if one.path == "crm.csv/C-1"]
    with synced.vault.writing() as connection:
        erase_documents(synced.vault, connection, [(one.id, one.content_hash)])
    found = {each.path: each for each in synced.run()}
    assert found["crm.csv/C-1"].outcome == "set_aside"
    assert "was erased on" in found["crm.csv/C-1"].reason
    assert synced.outcomes()["crm.csv/C-1"] == "set_aside"
    assert sorted(synced.texts()) == ["crm.csv/C-0", "crm.csv/C-2"]


def test_rows_without_a_key_or_with_that_of_another_are_set_aside_with_the_reason(
    synced: Synced, tmp_path: Path
) -> None:
    rows = ['{"k": "a", "t": 1}', '{"k": "a", "t": 2}', '{"t": 3}', "broken", "[1]", "", '{"k": "a/b", "t": 4}']
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    synced.declare("table", "rows.jsonl", key="k")
    found = synced.run()
    assert [one.outcome for one in found].count("added") == 2
    reasons = sorted(one.reason for one in found if one.outcome == "set_aside")
    assert len(found) == 6  # every line that holds something
    assert reasons == [
        "another row has the same key",
        "it has nothing in the column k",
        "it is not a JSON object",
        "it is not a JSON object",
    ]
    assert all(".." not in path and path.count("/") == 1 for path in synced.texts())


def test_a_folder_that_holds_a_declared_source_leaves_it_to_sync(synced: Synced, tmp_path: Path) -> None:
    a_csv(synced, tmp_path)
    settings = CorpusSettings(sources=synced.declared)
    (tmp_path / "page.md").write_text("A page.")
    found = list(add(synced.vault, [tmp_path], settings=settings, base=tmp_path / "project"))
    assert "crm.csv" not in {one.path for one in found}
    synced.run()
    with pytest.raises(InputError, match="foretune sync"):
        list(add(synced.vault, [tmp_path / "crm.csv"], settings=settings, base=tmp_path / "project"))


def test_the_revision_of_a_repository_is_kept_with_the_document(synced: Synced, tmp_path: Path) -> None:
    a_repository(synced, tmp_path)
    synced.run()
    head = git(tmp_path / "repository", "rev-parse", "HEAD")
    assert {one.properties["revision"] for one in documents(synced.vault)} == {head}


# -- what a plan may say -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "at", "more", "sentence"),
    [
        ("ftp", "x", {}, "no kind of source"),
        ("imap", "imaps://me:hunter2@example.org/INBOX", {}, "holds a password"),
        ("remote", "webdavs://example.org/x?token=hunter2", {}, "holds a password"),
        ("remote", "filecache::s3://pages", {}, "no address that can be read"),
        ("git", "http://example.org/hunter.git", {}, "unencrypted"),
        ("remote", "webdav://example.org/x", {"user": "me"}, "unencrypted"),
        ("table", "x.csv", {}, "has no key"),
        ("imap", "imaps://me@127.0.0.1:9/INBOX", {"password_variable": "NOT_SET"}, "NOT_SET"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_without_a_secret(
    kind: str, at: str, more: dict[str, str], sentence: str, synced: Synced
) -> None:
    synced.declare(kind, at, **more)
    with pytest.raises(ForetuneError, match=sentence) as caught:
        synced.run()
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_that_no_source_has_is_said() -> None:
    one = SourceSettings(kind="folder", at="../notes")
    assert declared_sources([one], ["notes"]) == [one]
    with pytest.raises(ConfigError, match="no source letters: it has notes"):
        declared_sources([one], ["letters"])
    with pytest.raises(ConfigError, match="declared twice"):
        declared_sources([one, one], [])
    with pytest.raises(ConfigError, match="declares no sources"):
        declared_sources([], [])


# -- servers -------------------------------------------------------------------------------------------


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mail]:
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2")
    with imap_server("me", "hunter2") as running:
        yield running


def test_a_mail_server_is_followed_and_its_password_is_nowhere(mail: Mail, synced: Synced) -> None:
    mail.messages = {number: bytes(message(number, f"Body {number}.")) for number in (1, 2, 3)}
    at = f"imap://me@127.0.0.1:{mail.port}/INBOX"
    synced.declare("imap", at, password_variable="MAIL_PASSWORD")
    assert synced.counts() == {"added": 3}
    fetched = mail.fetched
    assert synced.counts() == {"unchanged": 3}
    assert mail.fetched == fetched  # no body was asked for again
    del mail.messages[2]
    mail.messages[4] = bytes(message(4, "Body 4."))
    assert synced.counts() == {"added": 1, "removed": 1, "unchanged": 2}
    with synced.vault.reading() as connection:
        rows = [*connection.execute(select(event)), *connection.execute(select(source))]
    assert "hunter2" not in repr(rows)


def test_a_wrong_password_loses_nothing_and_is_not_repeated(
    mail: Mail, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail.messages = {1: bytes(message(1, "Body."))}
    synced.declare("imap", f"imap://me@127.0.0.1:{mail.port}/INBOX", password_variable="MAIL_PASSWORD")
    synced.run()
    monkeypatch.setenv("MAIL_PASSWORD", "wr0ng")
    with pytest.raises(InputError, match="refuses user and password") as caught:
        synced.run()
    assert "wr0ng" not in str(caught.value)
    assert len(synced.texts()) == 1


@needs_server
@pytest.mark.slow
def test_an_object_store_is_followed(endpoint: str, synced: Synced) -> None:
    for number in range(3):
        put(f"s3://pages/notes/{number}.md", f"Note {number}.".encode())
    synced.declare("remote", "s3://pages/notes")
    assert synced.outcomes() == {"0.md": "added", "1.md": "added", "2.md": "added"}
    assert synced.counts() == {"unchanged": 3}
    put("s3://pages/notes/0.md", b"Another note.")
    store, _ = objects.store_of("s3://pages")
    store.delete_file("pages/notes/1.md")
    assert synced.outcomes() == {"0.md": "changed", "1.md": "removed", "2.md": "unchanged"}
