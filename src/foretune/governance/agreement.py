"""Decisions about decisions: a second person confirms one, and anybody who may decide can take one back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from foretune.errors import InputError
from foretune.governance.record import decisions_on, own_label_again, record
from foretune.governance.store import decision_of, effective_label
from foretune.governance.types import Decision, DecisionKind
from foretune.governance.verdicts import confirmation, in_force
from foretune.types import Label
from foretune.vault import Vault
from foretune.vault.tables import decision, document

__all__ = ["confirm", "undo"]


def confirm(vault: Vault, decision_id: int, *, reason: str) -> Decision:
    """Agree, as the second person, to an inclusion of a restricted document or to a lower label for one.

    Raises:
        InputError: no reason, no such decision, one that needs nobody else or no longer holds, the person's own, or
            one on a document that has changed since.
    """
    if not reason.strip():
        raise InputError("A confirmation needs a reason: give one with --reason.")
    with vault.writing() as connection:
        one, content_hash = _find(vault, connection, decision_id)
        if one.kind not in (DecisionKind.INCLUDE, DecisionKind.DOWNGRADE):
            raise InputError(f"Decision {decision_id} ({one.kind}) needs no second person.")
        holding = in_force(decisions_on(connection, [one.document_id]).get(one.document_id, []))
        _still_holds(one, holding)
        if one.actor == vault.principal.name:
            raise InputError(f"Decision {decision_id} is your own: a second person has to confirm it.")
        if confirmation(one, holding) is not None:
            raise InputError(f"Decision {decision_id} is confirmed already.")
        if one.document_hash != content_hash:
            raise InputError(
                f"{one.path} has changed since {one.actor} decided: look at it as it is now, and decide anew."
            )
        agreed = Decision(
            one.document_id,
            DecisionKind.CONFIRM,
            reason.strip(),
            actor=vault.principal.name,
            label=one.label,
            use=one.use,
            text=one.text,
            document_hash=content_hash,
            about=decision_id,
            path=one.path,
        )
        return record(vault, connection, [agreed])[0]


def undo(vault: Vault, decision_id: int | None = None, *, reason: str, four_eyes: bool = False) -> list[Decision]:
    """Take back one decision or, without an id, all that the person decided last in one go.

    What was decided before holds again; both the decision and its undoing stay on record.

    Raises:
        InputError: no reason, no such decision, one that was taken back already or takes back another itself, or,
            with ``four_eyes``, one whose end would lower the label of a restricted document.
    """
    if not reason.strip():
        raise InputError("An undo needs a reason: give one with --reason.")
    with vault.writing() as connection:
        chosen = _last_of(vault, connection) if decision_id is None else [_find(vault, connection, decision_id)]
        earlier = decisions_on(connection, {one.document_id for one, _ in chosen})
        made = []
        for one, content_hash in chosen:
            before = earlier[one.document_id]
            taking_back = Decision(
                one.document_id,
                DecisionKind.UNDO,
                reason.strip(),
                actor=vault.principal.name,
                document_hash=content_hash,
                about=one.id,
                path=one.path,
            )
            _can_be_undone(one, before)
            if one.label is not None:
                _label_can_return(one, before, taking_back, four_eyes=four_eyes)
            made.append(taking_back)
        return record(vault, connection, made)


def _find(vault: Vault, connection: Connection, decision_id: int) -> tuple[Decision, str]:
    """The decision, and the hash of its document as it is now."""
    query = (
        select(decision, document.c.path, document.c.content_hash)
        .join(document, document.c.id == decision.c.document_id)
        .where(decision.c.id == decision_id, vault.readable(effective_label()))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise InputError(f"There is no decision {decision_id}: `foretune review history` lists them.")
    return decision_of(row, path=row.path), row.content_hash


def _last_of(vault: Vault, connection: Connection) -> list[tuple[Decision, str]]:
    """What the person decided last in one go (at one time), and has not taken back."""
    undone = decision.alias("taking_back")
    query = (
        select(decision, document.c.path, document.c.content_hash)
        .join(document, document.c.id == decision.c.document_id)
        .where(
            decision.c.actor == vault.principal.name,
            decision.c.kind != DecisionKind.UNDO.value,
            vault.readable(effective_label()),
        )
        .order_by(decision.c.id.desc())
    )
    taken_back = {
        int(about)
        for about in connection.execute(
            select(undone.c.replacement).where(undone.c.kind == DecisionKind.UNDO.value)
        ).scalars()
    }
    chosen: list[tuple[Decision, str]] = []
    for row in connection.execute(query):
        if row.id in taken_back:
            continue
        if chosen and row.at != chosen[0][0].at:
            break
        chosen.append((decision_of(row, path=row.path), row.content_hash))
    if not chosen:
        raise InputError("You have decided nothing that could be taken back: name a decision by its number.")
    return chosen[::-1]


def _still_holds(one: Decision, holding: Sequence[Decision]) -> None:
    if all(each.id != one.id for each in holding):
        raise InputError(f"Decision {one.id} was taken back: there is nothing to confirm.")
    if one.kind is DecisionKind.INCLUDE:
        newer = next((each for each in reversed(holding) if each.kind.is_verdict), one)
    else:
        labels = [each for each in holding if each.label is not None and each.about != one.id]
        newer = labels[-1] if labels else one
    if newer.id != one.id:
        raise InputError(
            f"Decision {one.id} no longer holds: {newer.actor} decided to {newer.kind} {one.path} since "
            f"(decision {newer.id})."
        )


def _can_be_undone(one: Decision, before: Sequence[Decision]) -> None:
    if one.kind is DecisionKind.DESCRIBE:
        raise InputError(
            f"Decision {one.id} gave {one.path} metadata, and what it said before was not kept: "
            "give it again with `foretune review --out labels.xlsx` and `--in labels.xlsx`."
        )
    if one.kind is DecisionKind.UNDO:
        raise InputError(f"Decision {one.id} takes back another: to have that again, decide anew.")
    if any(each.kind is DecisionKind.UNDO and each.about == one.id for each in before):
        raise InputError(f"Decision {one.id} was taken back already.")


def _label_can_return(one: Decision, before: Sequence[Decision], taking_back: Decision, *, four_eyes: bool) -> None:
    """Raises InputError where the label that would hold then is unknown, or lower and for two people to decide."""
    own = own_label_again(before, taking_back)
    if own and one.document_hash != taking_back.document_hash:
        raise InputError(
            f"{one.path} has changed since decision {one.id}, and with it perhaps the label it had of its own: "
            "say which it should be with `foretune review relabel`."
        )
    left = [each for each in in_force([*before, taking_back]) if each.label and each.kind is not DecisionKind.DOWNGRADE]
    then = left[-1].label if left else Label(own or Label.PUBLIC)
    if four_eyes and one.label is Label.RESTRICTED and then is not Label.RESTRICTED:
        raise InputError(
            f"To take back decision {one.id} would lower the label of {one.path}, which needs a second person: "
            f"use `foretune review relabel {one.path} --label {then}`, which waits for one."
        )
