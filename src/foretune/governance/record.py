"""Writing decisions down: on the version that was looked at, with an event each, and the label that follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection, insert, select, update

from foretune.errors import InputError
from foretune.governance.store import decision_of, effective_label
from foretune.governance.types import Decision, DecisionKind
from foretune.governance.verdicts import in_force
from foretune.types import digest
from foretune.vault import Vault, now
from foretune.vault.tables import decision, document

__all__ = ["decisions_on", "own_label_again", "record"]

_AT_ONCE = 500
"""Ids in one query."""


def record(vault: Vault, connection: Connection, made: Sequence[Decision]) -> list[Decision]:
    """Store decisions made together, all or none, and say whose verdicts they take the place of.

    The caller's transaction is a writing one: people who decide at the same time queue here, and each of them
    finds the decisions of the one before.

    Raises:
        InputError: a document is not any more what the decision was made on.
    """
    _unchanged(connection, made)
    before = decisions_on(connection, {each.document_id for each in made})
    at = now()
    stored = [
        replace(
            _store(vault, connection, replace(each, at=at)),
            overrides=_overridden(each, before.get(each.document_id, ())),
        )
        for each in made
    ]
    _settle_labels(connection, made, before)
    return stored


def decisions_on(connection: Connection, document_ids: Iterable[str]) -> dict[str, list[Decision]]:
    """What people decided on these documents, by document, oldest first."""
    found: dict[str, list[Decision]] = {}
    wanted = sorted(document_ids)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        query = select(decision).where(decision.c.document_id.in_(some)).order_by(decision.c.id)
        for row in connection.execute(query):
            found.setdefault(row.document_id, []).append(decision_of(row))
    return found


def _unchanged(connection: Connection, made: Sequence[Decision]) -> None:
    wanted = {each.document_id: each for each in made}
    current = {}
    ids = sorted(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        query = select(document.c.id, document.c.content_hash).where(document.c.id.in_(ids[start : start + _AT_ONCE]))
        current.update({row.id: row.content_hash for row in connection.execute(query)})
    for document_id, each in wanted.items():
        if current.get(document_id) != each.document_hash:
            happened = "changed" if document_id in current else "was removed"
            raise InputError(
                f"{each.path} {happened} while you were deciding, so nothing was decided: "
                "run `foretune review`, look again, and decide anew."
            )


def _overridden(each: Decision, before: Sequence[Decision]) -> str:
    """Whose verdict ``each`` takes the place of, where that is somebody else's and says something else."""
    if not each.kind.is_verdict:
        return ""
    last = next((one for one in reversed(in_force(before)) if one.kind.is_verdict), None)
    if last is None or last.actor == each.actor or (last.kind, last.use) == (each.kind, each.use):
        return ""
    return f"{last.actor} had decided to {last.kind} it on {last.at[:16].replace('T', ' ')}: {last.reason}"


def _store(vault: Vault, connection: Connection, each: Decision) -> Decision:
    stored = connection.execute(
        insert(decision).values(
            document_id=each.document_id,
            kind=each.kind.value,
            use=each.use.value if each.use else "",
            label=each.label.value if each.label else "",
            finding_id=each.finding_id,
            start=each.start,
            end=each.end,
            text=each.text,
            replacement=each.replacement if each.about is None else str(each.about),
            reason=each.reason,
            actor=each.actor,
            document_hash=each.document_hash,
            at=each.at,
        )
    )
    row_id = int(stored.inserted_primary_key[0])  # type: ignore[index]
    vault.record(
        connection,
        f"decide.{each.kind}",
        each.document_id,
        {
            "decision": row_id,
            "document_hash": each.document_hash,
            "finding": each.finding_id,
            "label": each.label.value if each.label else "",
            "reason": digest(each.reason),  # the words stay in the vault: they may quote the document
            "use": each.use.value if each.use else "",
            **({"about": each.about} if each.about is not None else {}),
        },
    )
    return replace(each, id=row_id)


def _settle_labels(connection: Connection, made: Sequence[Decision], before: dict[str, list[Decision]]) -> None:
    """What reads the document table directly must see the label that holds at once."""
    for each in made:
        earlier = before.get(each.document_id, [])
        undone = next((one for one in earlier if one.id == each.about and each.kind is DecisionKind.UNDO), None)
        if each.label is None and (undone is None or undone.label is None):
            continue
        own = own_label_again(earlier, each)
        connection.execute(
            update(document).where(document.c.id == each.document_id).values(label=own or effective_label())
        )


def own_label_again(before: Sequence[Decision], undoing: Decision) -> str:
    """The label a document had before anybody gave it another, where ``undoing`` leaves nobody's; else empty."""
    if undoing.kind is not DecisionKind.UNDO:
        return ""
    labelled = [one for one in before if one.label is not None]
    left = [one for one in in_force([*before, undoing]) if one.label is not None]
    return labelled[0].text if labelled and all(one.kind is DecisionKind.DOWNGRADE for one in left) else ""
