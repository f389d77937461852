"""Documents that were erased: gone from the vault, and known again should they come back.

What is remembered is a keyed hash of the content: it says nothing about the text,
and tells nobody without the vault's key whether a file was ever in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, select

from foretune.corpus.ledger import SCRUB, Ledger
from foretune.vault import Vault, now
from foretune.vault.signing import keyed_hash
from foretune.vault.tables import document, setting

__all__ = ["Erased", "erase_documents", "scrub"]

_ERASED = "corpus.erased."


def erase_documents(vault: Vault, connection: Connection, documents: Sequence[tuple[str, str]]) -> list[str]:
    """Delete documents (id, content hash) with all rows made from them, in the caller's transaction.

    Their content is remembered; :func:`scrub` has to follow the commit, and is made up for by the next ``add``
    where it did not.

    Returns:
        The keyed hash of each content.
    """
    remembered = []
    for _, content_hash in documents:
        remembered.append(keyed_hash(vault, connection, content_hash))
        vault.set_setting(connection, _ERASED + remembered[-1], now())
    rows = [{"b_id": document_id} for document_id, _ in documents]
    connection.execute(delete(document).where(document.c.id == bindparam("b_id")), rows)
    vault.set_setting(connection, SCRUB, True)
    return remembered


def scrub(vault: Vault) -> None:
    """Leave nothing of the deleted rows in free space, index or log."""
    Ledger(vault).scrub()


class Erased:
    """Recognises content that was erased before."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        query = select(func.count()).select_from(setting).where(setting.c.name.startswith(_ERASED, autoescape=True))
        with vault.reading() as connection:
            self._any = bool(connection.execute(query).scalar_one())

    def when(self, content_hash: str) -> str:
        """The date (ISO 8601) on which this content was erased; empty where it never was."""
        if not self._any:
            return ""
        with self._vault.reading() as connection:
            name = _ERASED + keyed_hash(self._vault, connection, content_hash)
            found = connection.execute(select(setting.c.value).where(setting.c.name == name)).scalar_one_or_none()
        return str(found)[:10] if found else ""

    def forget(self, content_hash: str) -> None:
        """Take the content back into favour: a person asked for it to be read again."""
        if self.when(content_hash):
            with self._vault.writing() as connection:
                name = _ERASED + keyed_hash(self._vault, connection, content_hash)
                connection.execute(delete(setting).where(setting.c.name == name))
                self._vault.record(connection, "document.allow_again", name.removeprefix(_ERASED))
