"""Metadata that a person gave: kept as decisions, so that reading a document again does not lose it.

A *describe* decision holds ``{field: value}``; the newest for each field holds, an
empty value says that the document has none. Like a label it is written to the
document at once, and put back by the next review after the document was read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from foretune.errors import InputError
from foretune.governance.label_fields import COLUMNS
from foretune.governance.store import DOCUMENT_COLUMNS, document_of, effective_label, version
from foretune.governance.types import Decision, DecisionKind
from foretune.types import Document, digest
from foretune.vault import Vault, now
from foretune.vault.tables import decision, document

__all__ = ["describe", "described", "restore_descriptions"]

_LISTS = ("tags", "keywords")


def described(each: Document, values: Mapping[str, str]) -> Document:
    """``each`` with ``values`` in place of what its source said; an empty value removes the field."""
    columns: dict[str, Any] = {}
    properties = dict(each.properties)
    for field, value in values.items():
        if field in _LISTS:
            columns[field] = tuple(part for part in (" ".join(one.split()) for one in value.split(",")) if part)
        elif field in COLUMNS:
            columns[field] = value
        elif value:
            properties[field] = value
        else:
            properties.pop(field, None)
    return replace(each, **columns, properties=properties)


def describe(
    vault: Vault, changes: Mapping[str, Mapping[str, str]], *, reason: str, versions: Mapping[str, str]
) -> list[Decision]:
    """Give documents metadata: ``{document id: {field: value}}``, all in one transaction.

    Args:
        versions: the :func:`~.store.version` of each document that the person saw; one that has changed since is left
            as it is.

    Returns:
        The decisions that were made, in order of path; a document without one was gone or had changed.

    Raises:
        InputError: no reason.
    """
    if not reason.strip():
        raise InputError("A decision needs a reason: give one with --reason.")
    made = []
    with vault.writing() as connection:
        for each in _readable(vault, connection, list(changes)):
            if version(each) == versions[each.id]:
                made.append(_store(vault, connection, each, changes[each.id], reason.strip()))
    return made


def restore_descriptions(vault: Vault) -> None:
    """Put back what people said of documents that were read again since."""
    query = (
        select(decision.c.document_id, decision.c.replacement)
        .where(decision.c.kind == DecisionKind.DESCRIBE.value)
        .order_by(decision.c.id)
    )
    said: dict[str, dict[str, str]] = {}
    with vault.reading() as connection:
        for document_id, values in connection.execute(query):
            said.setdefault(document_id, {}).update(json.loads(values))
        changed = [
            new for each in _readable(vault, connection, list(said)) if (new := described(each, said[each.id])) != each
        ]
    if changed:
        with vault.writing() as connection:
            for each in changed:
                _write(connection, each)


def _readable(vault: Vault, connection: Connection, ids: Sequence[str]) -> list[Document]:
    found = []
    for start in range(0, len(ids), 500):
        query = select(*DOCUMENT_COLUMNS).where(
            document.c.id.in_(ids[start : start + 500]), vault.readable(effective_label())
        )
        found += [document_of(row) for row in connection.execute(query)]
    return sorted(found, key=lambda each: (each.path, each.id))


def _store(vault: Vault, connection: Connection, each: Document, values: Mapping[str, str], reason: str) -> Decision:
    at = now()
    made = Decision(
        each.id,
        DecisionKind.DESCRIBE,
        reason,
        actor=vault.principal.name,
        replacement=json.dumps(dict(values), ensure_ascii=False, sort_keys=True),
        document_hash=each.content_hash,
        at=at,
        path=each.path,
    )
    stored = connection.execute(
        insert(decision).values(
            document_id=each.id,
            kind=made.kind.value,
            replacement=made.replacement,
            reason=reason,
            actor=made.actor,
            document_hash=made.document_hash,
            at=at,
        )
    )
    row_id = int(stored.inserted_primary_key[0])  # type: ignore[index]
    _write(connection, described(each, values))
    vault.record(
        connection,
        f"decide.{made.kind}",
        each.id,
        # the values stay in the vault: they may be about a person
        {"decision": row_id, "document_hash": each.content_hash, "fields": sorted(values), "reason": digest(reason)},
    )
    return replace(made, id=row_id)


def _write(connection: Connection, each: Document) -> None:
    connection.execute(
        update(document)
        .where(document.c.id == each.id)
        .values(
            title=each.title,
            author=each.author,
            date=each.date,
            tags=list(each.tags),
            keywords=list(each.keywords),
            properties=dict(each.properties),
        )
    )
