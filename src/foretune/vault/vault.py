"""The vault: an encrypted database in a folder, opened by a principal.

Everything that reads or writes documents goes through :meth:`Vault.reading` and
:meth:`Vault.writing`; what changes the vault leaves an event in the same
transaction (:meth:`Vault.record`).
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, Self

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.dialects.sqlite import insert

from foretune.errors import VaultError
from foretune.vault import audit
from foretune.vault.access import ASKING_AS, OWNER_ROLES, Principal, Role, local_owner, readable
from foretune.vault.clock import now
from foretune.vault.database import Database
from foretune.vault.keys import Key, create_key, derived, find_keys, keep_key, next_key, settle_next_key
from foretune.vault.lock import working
from foretune.vault.schema import ensure_current
from foretune.vault.tables import completion, document, setting, stage

__all__ = ["FORMAT", "Vault"]

FORMAT = 1
"""Layout of the vault's folder; the database has a schema version of its own."""

_FIRST_KEY = "key.first"
"""What the first key derives from, kept in the vault from its first change of key on."""


class Vault:
    """An open vault.

    Make one with :meth:`create` or :meth:`open`, and close it, or use it as a
    context manager.
    """

    def __init__(self, folder: Path, vault_id: str, database: Database, principal: Principal) -> None:
        self.folder = folder
        self.id = vault_id
        self.principal = principal
        self._database = database

    @classmethod
    def create(cls, folder: Path, *, principal: Principal | None = None) -> Self:
        """Make an empty vault in ``folder``; its key goes where :func:`foretune.vault.keys.create_key` says.

        The small file that marks the folder as a vault is written last, so a
        folder without it was never a vault.

        Raises:
            VaultError: there is a vault already.
        """
        marker = folder / "vault.json"
        if marker.exists():
            raise VaultError(f"There is a vault in {folder} already: use it, or make the new one in another folder.")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for leftover in folder.glob("vault.db*"):  # of a creation that was cut short
            leftover.unlink()
        vault_id = secrets.token_hex(8)
        key = create_key(vault_id)
        vault = cls(folder, vault_id, Database(folder / "vault.db", lambda: [key]), principal or local_owner())
        with vault._database.writing() as connection:
            ensure_current(connection, path=vault.path)
            vault.record(
                connection,
                "vault.create",
                vault_id,
                {"key": "keyring" if key.origin == "keyring" else "file"},
            )
        partial = folder / "vault.json.partial"
        partial.write_text(json.dumps({"format": FORMAT, "id": vault_id}) + "\n")
        partial.replace(marker)
        return vault

    @classmethod
    def open(cls, folder: Path, *, principal: Principal | None = None) -> Self:
        """Open the vault in ``folder`` and bring its schema up to date.

        Without a ``principal`` it is opened by whoever runs the process, or with the view that
        :data:`foretune.vault.access.ASKING_AS` names (:func:`foretune.vault.principals.who_asks`).

        Raises:
            VaultError: no vault, no key, wrong key, a newer format, or nobody may take that view.
        """
        vault_id = _vault_id(folder)
        vault = cls(
            folder, vault_id, Database(folder / "vault.db", lambda: find_keys(vault_id)), principal or local_owner()
        )
        from foretune.vault.schema import HEAD, version

        with vault.reading() as connection:
            current = version(connection) == HEAD
        if not current:
            with vault._database.writing() as connection:
                ensure_current(connection, path=vault.path)
                vault.record(connection, "vault.migrate", vault_id, {"schema": HEAD})
        if principal is None:
            from foretune.vault.principals import who_asks

            vault.principal = who_asks(vault, ASKING_AS.get())
        return vault

    def seen_by(self, principal: Principal) -> Self:
        """The same open vault for another principal; it is closed with this one."""
        return type(self)(self.folder, self.id, self._database, principal)

    @property
    def path(self) -> Path:
        """The encrypted file."""
        return self.folder / "vault.db"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the vault."""
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may change it; committed at the end of the block, undone when it raises.

        Raises:
            VaultError: the principal may not change anything, the disk is full, or another process holds the vault.
        """
        self.require_change()
        with self._database.writing() as connection:
            yield connection

    def readable(
        self, label_column: ColumnElement[Any], document_column: ColumnElement[Any] = document.c.id
    ) -> ColumnElement[bool]:
        """The condition every query for documents or passages carries: what this principal may see.

        Args:
            document_column: the document's id, where the query is not over documents.
        """
        return readable(self.principal, label_column, document_column)

    def require_change(self) -> None:
        """Refuse, on the record, who may not change the vault.

        Raises:
            VaultError: the principal may not.
        """
        name = self.principal.name
        if self.principal.by:
            self.refuse("change", f"With --as you may read as {name}, not change anything: leave it out.")
        if self.principal.role not in OWNER_ROLES:
            self.refuse("change", f"{name} may read but not change this vault: ask an owner or steward to do it.")

    def require_log(self) -> None:
        """Refuse, on the record, who may not read the audit log: it names every document, by id.

        Raises:
            VaultError: the principal is a reader.
        """
        if self.principal.role == Role.READER:
            self.refuse("read the log", f"{self.principal.name} is a reader, and the audit log is not for readers.")

    def require_owner(self, deed: str) -> None:
        """Refuse, on the record, a deed that only owners may do.

        Args:
            deed: completes "only an owner may …".

        Raises:
            VaultError: the principal is not one.
        """
        if self.principal.role != Role.OWNER or self.principal.by:
            self.refuse(deed, f"Only an owner may {deed}, and {self.principal.name} is {self.principal.role}.")

    def require_whole(self, deed: str) -> None:
        """Refuse, on the record, what would count or quote documents the principal may not see.

        Args:
            deed: completes "only who may see every document may …".

        Raises:
            VaultError: some documents can be hidden from the principal.
        """
        if not self.principal.sees_everything:
            self.refuse(deed, f"Only who may see every document may {deed}: {self.principal.name} may not.")

    def refuse(self, deed: str, sentence: str) -> NoReturn:
        """Leave an event of what is refused, and refuse it.

        Raises:
            VaultError: always, with ``sentence``.
        """
        self.note("access.refuse", self.principal.name, {"deed": deed})
        raise VaultError(sentence)

    def record(
        self,
        connection: Connection,
        action: str,
        subject: str,
        detail: Mapping[str, Any] | None = None,
        *,
        actor: str | None = None,
    ) -> None:
        """Append an event to the audit log; ids, hashes and counts only, never document text."""
        audit.record(connection, actor or self.principal.actor, action, subject, detail)

    def note(self, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
        """Append an event that is a deed by itself: who reads, or is refused, leaves one without leave to change."""
        with self.logging() as connection:
            self.record(connection, action, subject, detail)

    @contextmanager
    def logging(self) -> Iterator[Connection]:
        """A transaction for :meth:`record` alone, open to everybody."""
        with self._database.writing() as connection:
            yield connection

    def setting(self, name: str, default: Any = None) -> Any:
        """A stored JSON value."""
        with self.reading() as connection:
            row = connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar_one_or_none()
        return default if row is None else row

    def set_setting(self, connection: Connection, name: str, value: Any) -> None:
        """Store a JSON value in the caller's transaction."""
        statement = insert(setting).values(name=name, value=value)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def stage(self, name: str) -> tuple[str, dict[str, Any]] | None:
        """What a stage was last made from (a digest) and its summary; None if it never finished."""
        with self.reading() as connection:
            row = connection.execute(select(stage.c.inputs, stage.c.summary).where(stage.c.name == name)).one_or_none()
        return None if row is None else (row.inputs, row.summary)

    def finish_stage(self, connection: Connection, name: str, inputs: str, summary: Mapping[str, Any]) -> None:
        """Say, in the caller's transaction, that a stage is done for these inputs."""
        values = {"inputs": inputs, "summary": dict(summary), "at": now()}
        statement = insert(stage).values(name=name, **values)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))

    def get(self, key: str) -> str | None:
        """A cached completion (the vault is the engines' ``CompletionStore``).

        None for who may not see everything: that an answer is known would tell that somebody else asked.
        """
        if not self.principal.sees_everything:
            return None
        with self.reading() as connection:
            return connection.execute(select(completion.c.value).where(completion.c.key == key)).scalar_one_or_none()

    def put(self, key: str, value: str) -> None:
        """Cache a completion, where the principal may change the vault."""
        if self.principal.role not in OWNER_ROLES or self.principal.by:
            return
        with self.writing() as connection:
            connection.execute(insert(completion).values(key=key, value=value).on_conflict_do_nothing())

    def derived_key(self, purpose: str) -> bytes:
        """32 bytes that only the vault's key gives, another for each purpose; never stored.

        After a change of key they are those of the first one, or pseudonyms would change with it.
        """
        first = self.setting(_FIRST_KEY)
        material = self._database.key_material(self.id) if first is None else bytes.fromhex(first)
        return derived(material, purpose, self.id)

    def rekey(self) -> str:
        """Change the key while others go on reading; returns where the new one is kept.

        Cut short at any moment, the vault has its old key or its new one, and either is found when it is next opened.

        Raises:
            VaultError: it is not an owner who asks, another process is working, or there is no key to change to.
        """
        self.require_owner("change the key")
        with working(self.folder):
            if self._database.key().secret != find_keys(self.id)[0].secret:
                settle_next_key(self.id)  # the last change was cut short: its key must not be written over
            key = next_key(self.id)
            with self.writing() as connection:
                if self.setting(_FIRST_KEY) is None:
                    self.set_setting(connection, _FIRST_KEY, self._database.key_material(self.id).hex())
                self.record(connection, "vault.rekey", self.id)
            self._database.rekey(key)
            settle_next_key(self.id)
        return find_keys(self.id)[-1].origin

    def recovery_secret(self) -> bytes:
        """The key itself, to be split and kept apart; leaves an event.

        Raises:
            VaultError: it is not an owner who asks, or the key is a passphrase.
        """
        self.require_owner("split the key")
        secret = self._database.key().secret
        if not re.fullmatch(r"[0-9a-fA-F]{64}", secret):
            raise VaultError("The key is a passphrase, and only a key of 64 hex digits is split: keep it in writing.")
        self.note("vault.recovery", self.id)
        return bytes.fromhex(secret)

    @classmethod
    def recover(cls, folder: Path, secret: bytes) -> str:
        """Keep ``secret`` as the key of the vault in ``folder``, where it opens it; returns where.

        Raises:
            VaultError: it does not.
        """
        vault_id = _vault_id(folder)
        key = Key(secret.hex(), "the shares")
        database = Database(folder / "vault.db", lambda: [key])
        try:
            database.key()
        finally:
            database.close()
        return keep_key(vault_id, key.secret).origin

    def scrub(self) -> None:
        """Leave nothing of what was deleted: fold the full-text index, empty and truncate the log."""
        with self.writing() as connection:
            connection.exec_driver_sql("INSERT INTO passage_fts(passage_fts) VALUES('optimize')")
        raw = self._database.raw()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()

    def compact(self) -> None:
        """Rewrite the file without its free pages, and empty the log."""
        raw = self._database.raw()
        raw.execute("VACUUM")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()

    def pages(self) -> Iterator[bytes]:
        """Every page as it lies on disk, log and free pages included, decrypted."""
        return self._database.pages()

    def damaged_pages(self) -> list[str]:
        """What is wrong with which page, as the cipher says it; none where every page is authentic."""
        return self._database.damaged_pages()

    def key_origin(self) -> str:
        """Where the key that fits was found: a path, a variable, the keyring."""
        return self._database.key().origin

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _vault_id(folder: Path) -> str:
    """The id in the file that marks a vault."""
    marker = folder / "vault.json"
    if not marker.exists() or not (folder / "vault.db").exists():
        raise VaultError(f"There is no vault in {folder}: `foretune new` makes one.")
    try:
        about = json.loads(marker.read_text())
        vault_id, written_as = str(about["id"]), int(about["format"])
    except (ValueError, KeyError, TypeError):
        raise VaultError(f"{marker} is damaged: put it back from a backup.") from None
    if written_as > FORMAT:
        raise VaultError(
            f"The vault in {folder} was written by a newer version of Foretune "
            f"(format {written_as}, this one knows {FORMAT}): install the newer version."
        )
    return vault_id
