"""The encrypted file itself: opening, settings, transactions.

SQLCipher 4 (AES-256, each page authenticated). ``secure_delete`` overwrites what is
deleted, temporary tables stay in memory, and errors never carry parameters, so
that no plaintext leaves the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy import event as hooks
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from foretune.errors import VaultError
from foretune.vault.keys import Key

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection

__all__ = ["Database"]

_BUSY_MILLISECONDS = 15_000
_PAGES_NAMED = 5
SECURE_DELETE = "ON"
"""Whether what is deleted is overwritten. Only a test turns it off, to see that residue would be found."""


class Database:
    """A pool of connections to one encrypted file."""

    def __init__(self, path: Path, keys: Callable[[], list[Key]]) -> None:
        """``keys`` finds the key, and is asked again when it no longer fits; of several, one does."""
        self.path = path
        self._keys = keys
        self._key = keys()[0]
        self._engine = self._create()

    def _connect(self) -> DBAPIConnection:
        """A connection with the key as it was, else as it is now: another process may have changed it."""
        try:
            return self._connect_with(self._key)
        except VaultError:
            for key in self._keys():
                if key.secret == self._key.secret:
                    continue
                with suppress(VaultError):
                    connection = self._connect_with(key)
                    self._key = key
                    return connection
            raise

    def _connect_with(self, key: Key) -> DBAPIConnection:
        from sqlcipher3 import dbapi2

        connection = dbapi2.connect(str(self.path), check_same_thread=False, isolation_level=None)
        cursor = connection.cursor()
        cursor.execute("PRAGMA cipher_log_level = NONE")  # a wrong key is told once, in our words
        cursor.execute(f"PRAGMA key = {key.pragma()}")
        try:
            cursor.execute("SELECT count(*) FROM sqlite_master")
        except dbapi2.DatabaseError as error:
            connection.close()
            if "locked" in str(error):
                raise VaultError(
                    f"The vault {self.path} is in use by another process: try again when it is done."
                ) from None
            if "not a database" not in str(error):
                raise VaultError(
                    f"The vault {self.path} cannot be read ({error}): see whether its disk is full, and whether you "
                    "may write to its folder."
                ) from None
            raise VaultError(
                f"The key from {key.origin} does not open the vault {self.path}: "
                "use the key it has now (it may have been changed since), or put the file back from a backup."
            ) from None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"secure_delete = {SECURE_DELETE}",
            "temp_store = MEMORY",
            f"busy_timeout = {_BUSY_MILLISECONDS}",
            "cache_size = -65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        return connection  # type: ignore[no-any-return]

    def _create(self) -> Engine:
        from sqlcipher3 import dbapi2

        engine = create_engine(
            "sqlite://",
            creator=self._connect,
            module=dbapi2,
            hide_parameters=True,
            poolclass=QueuePool,
            pool_size=4,
            max_overflow=16,
        )

        @hooks.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            # The driver is in autocommit mode: it would otherwise begin writes lazily,
            # and two writers could deadlock instead of queueing.
            connection.exec_driver_sql(str(connection.get_execution_options().get("begin", "BEGIN")))

        @hooks.listens_for(engine, "checkout")
        def _still_fits(connection: DBAPIConnection, *_: object) -> None:
            # After a change of key an open connection cannot read: one with the new key takes its place.
            try:
                connection.cursor().execute("SELECT count(*) FROM sqlite_master").fetchone()
            except dbapi2.DatabaseError as error:
                if "not a database" in str(error) or "malformed" in str(error):
                    raise DisconnectionError from None
                raise

        return engine

    def rekey(self, key: Key) -> None:
        """Encrypt every page with another key, in one transaction: a kill leaves the old key or the new one.

        Who reads meanwhile goes on; writers wait.
        """
        raw = self._connect()
        try:
            raw.cursor().execute(f"PRAGMA rekey = {key.pragma()}")
        finally:
            raw.close()
        self._engine.dispose()
        self._key = key

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the vault.

        Raises:
            VaultError: a page that was needed is damaged.
        """
        from sqlalchemy.exc import DatabaseError

        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            if "malformed" not in str(error.orig) and "not a database" not in str(error.orig):
                raise
            named = "; ".join(self.damaged_pages()[:_PAGES_NAMED]) or "none that is there now"
            raise VaultError(
                f"The vault {self.path} is damaged (pages: {named}): put it back from a backup. "
                "What lies in other pages can still be read."
            ) from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may change it; committed when the block ends, undone when it raises.

        Raises:
            VaultError: the disk is full, or another process kept the vault busy for 15 seconds.
        """
        from sqlalchemy.exc import OperationalError

        try:
            with (
                self._engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection,
                connection.begin(),
            ):
                yield connection
        except OperationalError as error:
            reason = str(error.orig)
            if "disk is full" in reason or "disk I/O error" in reason:
                raise VaultError(
                    f"The disk that holds {self.path} is full: free some space and run the command again; "
                    "nothing that was reported as done is lost."
                ) from None
            if "locked" in reason:
                raise VaultError(
                    f"The vault {self.path} is in use by another process: try again when it is done."
                ) from None
            if "readonly" in reason:
                raise VaultError(
                    f"The vault {self.path} cannot be written to: check the rights of its folder."
                ) from None
            raise

    def raw(self) -> Any:
        """A driver connection of its own, for what has to happen outside any transaction."""
        return self._connect()

    def pages(self) -> Iterator[bytes]:
        """Every page as it lies on disk, decrypted (see :mod:`foretune.vault.pages`)."""
        from foretune.vault.pages import decrypted_pages

        return decrypted_pages(self.path, self._key)

    def damaged_pages(self) -> list[str]:
        """What ``PRAGMA cipher_integrity_check`` says, a line a page that is not authentic."""
        raw = self._connect()
        try:
            # Until the log is folded in, the check takes pages that are newer in the log for damaged.
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return [row[0] for row in raw.cursor().execute("PRAGMA cipher_integrity_check")]
        finally:
            raw.close()

    def key_material(self, salt: str) -> bytes:
        """See :meth:`foretune.vault.keys.Key.material`."""
        return self._key.material(salt)

    def key(self) -> Key:
        """The key that fits."""
        self._connect().close()
        return self._key

    def close(self) -> None:
        self._engine.dispose()
