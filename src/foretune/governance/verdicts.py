"""Which of the decisions on a document hold: the newest verdict, not taken back, confirmed where two must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foretune.governance.policy import NOTHING
from foretune.governance.types import POLICY, Decision, DecisionKind, State
from foretune.types import Label, Use

__all__ = ["UNSEEN", "Verdict", "confirmation", "in_force", "pending_label", "verdict"]

UNSEEN = "`foretune review` has not seen this version yet"
RESTRICTED = "restricted: a person has to include it, and a second person to confirm that"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a document goes in, and what that rests on."""

    state: State
    """Never ``redacted``: that depends on the edits as well."""
    by: str = ""
    reason: str = NOTHING
    use: Use | None = None
    rule: str = ""
    at: str = ""
    decision: Decision | None = None
    """The person's decision it rests on."""
    confirmed_by: str = ""
    needs: int | None = None


def in_force(decided: Sequence[Decision]) -> list[Decision]:
    """The decisions of people that were not taken back, oldest first, without the undoings themselves."""
    taken_back = {each.about for each in decided if each.kind is DecisionKind.UNDO}
    return [
        each
        for each in decided
        if each.kind is not DecisionKind.UNDO
        and each.id not in taken_back
        and not (each.kind is DecisionKind.CONFIRM and each.about in taken_back)
    ]


def confirmation(one: Decision, holding: Sequence[Decision]) -> Decision | None:
    """Where a second person confirmed ``one``; ``holding`` are decisions in force."""
    for each in holding:
        if each.kind is DecisionKind.CONFIRM and each.about == one.id and each.actor != one.actor:
            return each
    return None


def pending_label(holding: Sequence[Decision]) -> Decision | None:
    """The lower label that waits for a second person, of decisions in force, oldest first."""
    newest = next((each for each in reversed(holding) if each.label is not None), None)
    return newest if newest is not None and newest.kind is DecisionKind.DOWNGRADE else None


def verdict(
    by_policy: Sequence[Decision],
    holding: Sequence[Decision],
    *,
    label: Label,
    seen: bool,
    four_eyes: bool,
    since: str = "",
) -> Verdict:
    """What holds for a document.

    Args:
        by_policy: the policy's decisions.
        holding: people's decisions in force, oldest first.
        label: the label that holds.
        seen: whether every check has looked at this version; before that, only an exclusion holds.
        four_eyes: whether a restricted document goes in only when two people agree.
        since: when the policy's verdict came to hold.
    """
    newest = next((each for each in reversed(holding) if each.kind.is_verdict), None)
    one = newest or next((each for each in by_policy if each.kind.is_verdict), None)
    two_people = four_eyes and label is Label.RESTRICTED
    if one is None:
        return Verdict(State.WAITING, reason=NOTHING if seen else UNSEEN)
    at = one.at or since
    if one.kind in (DecisionKind.EXCLUDE, DecisionKind.SUPERSEDE):
        return Verdict(State.EXCLUDED, one.actor, one.reason, rule=one.rule, at=at, decision=newest)
    if not seen:
        return Verdict(State.WAITING, reason=UNSEEN, decision=newest)
    if one.kind is DecisionKind.WAIT:
        return Verdict(State.WAITING, one.actor, one.reason, rule=one.rule, at=at, decision=newest)
    if two_people and one.actor == POLICY:
        return Verdict(State.WAITING, reason=RESTRICTED)
    confirmed = confirmation(one, holding) if two_people else None
    if two_people and confirmed is None:
        how = f": `foretune review confirm {one.id}`" if one.id is not None else ""  # a dry run has no ids
        reason = f"needs a second person{how} ({one.reason})"
        return Verdict(State.WAITING, one.actor, reason, at=at, decision=newest, needs=one.id)
    return Verdict(
        State.INCLUDED,
        one.actor,
        one.reason,
        one.use or Use.BOTH,
        one.rule,
        confirmed.at if confirmed else at,
        newest,
        confirmed_by=confirmed.actor if confirmed else "",
    )
