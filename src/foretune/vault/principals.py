"""Who uses the vault: added, granted, revoked, and recognised by name or key."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from foretune.errors import InputError, VaultError
from foretune.types import Label
from foretune.vault.access import Grant, GrantKind, Principal, Role, local_owner
from foretune.vault.clock import now
from foretune.vault.tables import grant as grant_table
from foretune.vault.tables import principal as principal_table
from foretune.vault.tables import source
from foretune.vault.vault import Vault

__all__ = [
    "add_principal",
    "by_key",
    "find_principal",
    "give",
    "issue_key",
    "principals",
    "remove_principal",
    "source_grant",
    "take_back",
    "who_asks",
]

_KEY_BYTES = 24
"""Of randomness in an API key: nobody can guess one, so that a plain SHA-256 of it is safe to keep."""


def who_asks(vault: Vault, view: str = "") -> Principal:
    """Whoever runs the process, by the system's name; the owner where nobody has given that name another role.

    Args:
        view: take this principal's view instead, to read only; owners may.

    Raises:
        VaultError: there is no principal of that name, or it is not an owner who asks.
    """
    me = local_owner()
    own = find_principal(vault, me.name) or me
    if view in ("", own.name):
        return own
    vault.principal = own
    vault.require_owner("take another's view with --as")
    return replace(_known(vault, view), by=own.name)


def principals(vault: Vault) -> list[Principal]:
    """All that were added, by name."""
    with vault.reading() as connection:
        rows = connection.execute(select(principal_table).order_by(principal_table.c.name)).all()
        return [_principal(connection, row) for row in rows]


def find_principal(vault: Vault, name: str) -> Principal | None:
    """The principal of this name, if it was added."""
    with vault.reading() as connection:
        row = connection.execute(select(principal_table).where(principal_table.c.name == name)).one_or_none()
        return None if row is None else _principal(connection, row)


def by_key(vault: Vault, key: str) -> Principal | None:
    """The principal whose API key this is; only hashes of keys are compared, and kept."""
    with vault.reading() as connection:
        query = select(principal_table).where(principal_table.c.key_hash == _hash(key))
        row = connection.execute(query).one_or_none()
        return None if row is None else _principal(connection, row)


def add_principal(vault: Vault, name: str, role: Role, *, label: Label = Label.INTERNAL) -> Principal:
    """Add somebody; a reader sees nothing before something is granted.

    Args:
        label: the most sensitive label a reader may see, whatever is granted. Owners and stewards see everything.

    Raises:
        InputError: the name is empty, taken, or that of who adds it in a lower role.
        VaultError: it is not an owner who asks.
    """
    vault.require_owner("add principals")
    if not name.strip() or not name.isprintable():
        raise InputError("A principal needs a name that can be shown: give one.")
    if name == vault.principal.name and role is not Role.OWNER:
        raise InputError(f"{name} is you, and you would lock yourself out: have another owner do it.")
    if find_principal(vault, name) is not None:
        raise InputError(f"There is a principal {name} already: see `foretune access list`.")
    highest = label if role is Role.READER else Label.RESTRICTED
    with vault.writing() as connection:
        connection.execute(insert(principal_table).values(name=name, role=role, label=highest, at=now(), key_hash=""))
        vault.record(connection, "access.add", name, {"role": role.value, "label": highest.value})
    return _known(vault, name)


def remove_principal(vault: Vault, name: str) -> None:
    """Remove somebody, with grants and key.

    Raises:
        VaultError: there is no such principal, or it is not an owner who asks.
    """
    vault.require_owner("remove principals")
    _known(vault, name)
    with vault.writing() as connection:
        connection.execute(delete(principal_table).where(principal_table.c.name == name))
        vault.record(connection, "access.remove", name)


def give(vault: Vault, name: str, grants: Sequence[Grant]) -> Principal:
    """Grant a reader documents: each grant adds to what it may see, up to its label.

    Raises:
        InputError: nothing is granted, or it is not a reader.
        VaultError: there is no such principal, or it is not an owner who asks.
    """
    vault.require_owner("grant access")
    _check(_known(vault, name), grants)
    with vault.writing() as connection:
        for each in grants:
            values = {"principal": name, "kind": each.kind.value, "value": each.value}
            connection.execute(upsert(grant_table).values(values).on_conflict_do_nothing())
            vault.record(connection, "access.grant", name, {"kind": each.kind.value, "value": each.value})
    return _known(vault, name)


def take_back(vault: Vault, name: str, grants: Sequence[Grant]) -> Principal:
    """Revoke grants; it holds from the next query on.

    Raises:
        InputError: nothing is named, it is not a reader, or it was not granted that.
        VaultError: there is no such principal, or it is not an owner who asks.
    """
    vault.require_owner("revoke access")
    known = _known(vault, name)
    _check(known, grants)
    for each in grants:
        if each not in (known.grants or ()):
            raise InputError(f"{name} has no grant of the {each.kind} {each.value}: see `foretune access list`.")
    with vault.writing() as connection:
        for each in grants:
            columns = grant_table.c
            which = (columns.principal == name, columns.kind == each.kind.value, columns.value == each.value)
            connection.execute(delete(grant_table).where(*which))
            vault.record(connection, "access.revoke", name, {"kind": each.kind.value, "value": each.value})
    return _known(vault, name)


def issue_key(vault: Vault, name: str) -> str:
    """A new API key, which replaces the one before; it is shown once, only its hash is kept.

    Raises:
        VaultError: there is no such principal, or it is not an owner who asks.
    """
    vault.require_owner("issue keys")
    _known(vault, name)
    key = f"ft-{secrets.token_urlsafe(_KEY_BYTES)}"
    with vault.writing() as connection:
        which = principal_table.c.name == name
        connection.execute(update(principal_table).where(which).values(key_hash=_hash(key)))
        vault.record(connection, "access.key", name)
    return key


def source_grant(vault: Vault, location: str) -> Grant:
    """The grant of a source, by its id or its location (or the end of it).

    Raises:
        InputError: no source, or more than one, is at that location.
        VaultError: it is not an owner who asks.
    """
    vault.require_owner("grant access")
    with vault.reading() as connection:
        rows = connection.execute(select(source.c.id, source.c.location)).all()
    wanted = location.strip("/")
    found = [row.id for row in rows if location == row.id or f"/{row.location.strip('/')}".endswith(f"/{wanted}")]
    if len(found) != 1:
        known = ", ".join(row.location for row in rows) or "none"
        raise InputError(f"{len(found)} sources are at {location}: name one of these: {known}.")
    return Grant(GrantKind.SOURCE, found[0])


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _known(vault: Vault, name: str) -> Principal:
    found = find_principal(vault, name)
    if found is None:
        raise VaultError(
            f"There is no principal {name}: `foretune access add` adds one, `foretune access list` shows all."
        )
    return found


def _check(known: Principal, grants: Sequence[Grant]) -> None:
    if known.role != Role.READER:
        raise InputError(f"{known.name} is {known.role}, and grants are for readers.")
    if not grants:
        raise InputError("Say what: --label, --source or --tag.")


def _principal(connection: Connection, row: Row[tuple[str, ...]]) -> Principal:
    grants = None
    if row.role == Role.READER:
        found = connection.execute(select(grant_table).where(grant_table.c.principal == row.name))
        grants = frozenset(Grant(GrantKind(each.kind), each.value) for each in found)
    return Principal(row.name, Role(row.role), Label(row.label), grants)
