"""What holds for each document: people's decisions over the policy's, and the edits that follow from both.

:func:`ruling` is pure. :func:`rulings` reads what it needs in one pass over the
vault, in order of path, and never a document's text: a whole corpus is ruled on
in the time it takes to read its metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select, true

from foretune.errors import ConfigError
from foretune.governance.checks import checks
from foretune.governance.edits import mask
from foretune.governance.policy import Policy
from foretune.governance.rules import validate_rules
from foretune.governance.store import DOCUMENT_COLUMNS, decision_of, document_of, effective_label, finding_of, version
from foretune.governance.types import Decision, DecisionKind, Edit, Pseudonyms, Standing, State
from foretune.governance.verdicts import in_force, pending_label, verdict
from foretune.plan.config import GovernanceSettings
from foretune.types import Document, Finding, digest
from foretune.vault import Vault
from foretune.vault.tables import checked, decision, document, finding, setting

__all__ = ["POLICY_SINCE", "Ruling", "pseudonym_source", "ruling", "rulings"]

_EDITING = 1
"""Version of how edits are made; part of every hash."""

_EDITS = (DecisionKind.REDACT, DecisionKind.REPAIR)

_pseudonym_sources: list[Callable[[Vault], Pseudonyms]] = []


def pseudonym_source(source: Callable[[Vault], Pseudonyms]) -> Callable[[Vault], Pseudonyms]:
    """Register the function that gives an open vault's pseudonyms to the action ``pseudonymise``."""
    _pseudonym_sources.append(source)
    return source


POLICY_SINCE = "governance.policy_since"
"""The vault's setting that says when a review last saw other rules than the review before."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What holds for a document."""

    document: Document
    """Without its text; with the label that holds."""
    standing: Standing
    edits: tuple[Edit, ...] = ()
    """Places of this version."""
    masks: Mapping[str, str] = field(default_factory=dict)
    """What must not stand anywhere, and what takes its place."""
    repairs: Mapping[str, str] = field(default_factory=dict)
    """Repairs made on an earlier version, found again by their text."""
    cluster: str = ""

    @property
    def hash(self) -> str:
        """Changes when, and only when, something later stages see changes; needs no text."""
        each = self.document
        return digest(
            "governed",
            _EDITING,
            each.content_hash,
            each.media_type,
            each.title,
            each.author,
            each.event,
            each.date,
            each.modified,
            each.language,
            each.tags,
            each.keywords,
            each.properties,
            each.label,
            self.standing.use,
            [(edit.start, edit.end, edit.replacement, edit.redacts) for edit in self.edits],
            self.masks,
            self.repairs,
        )


def ruling(
    policy: Policy,
    each: Document,
    *,
    findings: Sequence[Finding],
    decided: Sequence[Decision],
    seen: bool,
    cluster: str = "",
    since: str = "",
) -> Ruling:
    """What holds for one document: ``decided`` by people, oldest first, over what the policy says of ``findings``.

    ``seen`` is whether every check has looked at this version; before that, only an exclusion holds. ``since`` is
    when the policy's verdict came to hold.
    """
    by_policy, holding = policy.decide(each, findings), in_force(decided)
    edits, masks, repairs = _edits(each, findings, [*by_policy, *holding])
    held = verdict(by_policy, holding, label=each.label, seen=seen, four_eyes=policy.settings.four_eyes, since=since)
    lower = pending_label(holding)
    masking = bool(masks) or any(edit.redacts for edit in edits)
    standing = Standing(
        each.id,
        each.path,
        State.REDACTED if held.state is State.INCLUDED and masking else held.state,
        each.label,
        held.by,
        held.reason,
        held.use,
        held.rule,
        redactions=sum(edit.redacts for edit in edits),
        repairs=sum(not edit.redacts for edit in edits),
        older_version=held.decision is not None and held.decision.document_hash != each.content_hash,
        at=held.at,
        confirmed_by=held.confirmed_by,
        needs=held.needs or (lower.id if lower else None),
        pending_label=lower.label if lower else None,
    )
    return Ruling(each, standing, edits, masks, repairs, cluster)


def _edits(
    each: Document, findings: Sequence[Finding], decided: Sequence[Decision]
) -> tuple[tuple[Edit, ...], dict[str, str], dict[str, str]]:
    """Edits of this version, masks, and repairs to be found again; a later decision on a place replaces an earlier."""
    places: dict[tuple[int, int, bool], Edit] = {}
    masks: dict[str, str] = {}
    repairs: dict[str, str] = {}
    for one in decided:
        if one.kind not in _EDITS:
            continue
        redacts = one.kind is DecisionKind.REDACT
        for start, end, text, instead in _places(each, findings, one):
            if start is not None and end is not None:
                places[start, end, redacts] = Edit(start, end, instead, redacts)
            elif not redacts:
                repairs[text] = instead
            if redacts:
                masks[text] = instead
    return tuple(sorted(places.values(), key=lambda edit: (edit.start, edit.end, edit.redacts))), masks, repairs


def _places(
    each: Document, findings: Sequence[Finding], one: Decision
) -> Iterator[tuple[int | None, int | None, str, str]]:
    """(start, end, text, replacement) of a decision; no start where the document has changed since."""
    if one.text:
        here = one.document_hash == each.content_hash
        yield one.start if here else None, one.end if here else None, one.text, one.replacement
    elif one.kind is DecisionKind.REDACT:
        masking = {check.name for check in checks() if check.masks}
        for found in findings:
            if found.check in masking and found.text:
                yield found.start, found.end, found.text, one.replacement or mask(found.type)
    else:
        for found in findings:
            if "repair" in found.evidence:
                yield found.start, found.end, found.text, str(found.evidence["repair"])


def rulings(
    vault: Vault,
    connection: Connection,
    settings: GovernanceSettings,
    *,
    only: Collection[str] | None = None,
    today: date | None = None,
    further: Mapping[str, Sequence[Decision]] | None = None,
    found_besides: Mapping[str, Sequence[Finding]] | None = None,
) -> Iterator[Ruling]:
    """What holds for every document the reader may see, in order of path and id.

    Args:
        only: ids of some documents, few of them; all if not given.
        today: the day on which the rules are read; today (UTC) if not given.
        further: decisions by document id that are not stored, to see what they would come to.
        found_besides: findings by document id that are not stored, likewise.

    Raises:
        ConfigError: a rule that could never do anything.
    """
    validate_rules(settings.rules)
    policy = Policy(settings, today=today or datetime.now(UTC).date(), pseudonyms=_pseudonyms(vault, settings))
    clusters = _clusters(connection)
    wanted = {check.name for check in checks()}
    among = true() if only is None else document.c.id.in_(only)
    seen_by = _Beside(connection, _ordered(vault, select(checked), checked.c.document_id).where(among))
    editing = _ordered(vault, _findings_that_edit(settings, further or {}), finding.c.document_id)
    found = _Beside(connection, editing.where(among))
    decided = _Beside(connection, _ordered(vault, select(decision), decision.c.document_id, decision.c.id).where(among))
    policy_since = connection.execute(select(setting.c.value).where(setting.c.name == POLICY_SINCE)).scalar() or ""
    label = effective_label().label("effective_label")
    query = (
        select(*DOCUMENT_COLUMNS, label)
        .where(vault.readable(effective_label()), among)
        .order_by(document.c.path, document.c.id)
    )
    for row in connection.execute(query).yield_per(500):
        each = document_of(row, label=row.effective_label)
        imagined = (further or {}).get(each.id, ())
        if relabelled := next((one.label for one in reversed(imagined) if one.label and not one.pending), None):
            each = replace(each, label=relabelled)
        of_this_version = version(each)
        yield ruling(
            policy,
            each,
            findings=[*map(finding_of, found.of(each.id)), *(found_besides or {}).get(each.id, ())],
            decided=[*map(decision_of, decided.of(each.id)), *imagined],
            seen=wanted <= {one.check for one in seen_by.of(each.id) if one.hash.startswith(of_this_version)},
            cluster=clusters.get(each.id, ""),
            since=max(row.changed_at, policy_since),
        )


def _pseudonyms(vault: Vault, settings: GovernanceSettings) -> Pseudonyms | None:
    """The names that stand for what is personal, where a rule wants them.

    Raises:
        ConfigError: a rule asks for them and nobody gives them.
    """
    if all(rule.action != "pseudonymise" for rule in settings.rules):
        return None
    if not _pseudonym_sources:
        raise ConfigError("A rule in foretune.toml asks to pseudonymise, which is not possible here: use redact.")
    return _pseudonym_sources[-1](vault)


def _clusters(connection: Connection) -> dict[str, str]:
    """Cluster by document id, of those that are not alone."""
    query = select(finding.c.document_id, finding.c.evidence).where(finding.c.check == "duplicate")
    clusters: dict[str, str] = {}
    for document_id, evidence in connection.execute(query):
        if "cluster" in evidence:  # what is only contained in another is in no group with it
            clusters[document_id] = clusters[evidence["keeper"]] = evidence["cluster"]
    return clusters


def _findings_that_edit(settings: GovernanceSettings, further: Mapping[str, Sequence[Decision]]) -> Select[Any]:
    """Only findings a rule acts on, or that a decision about a whole document means."""
    acting = {rule.check or "pattern" for rule in settings.rules if rule.action != "report"}
    editable = [check.name for check in checks() if check.masks or check.repairs]
    if any(one.kind in _EDITS and not one.text for imagined in further.values() for one in imagined):
        return select(finding).where(finding.c.check.in_(sorted({*acting, *editable})))
    whole = select(decision.c.document_id).where(
        decision.c.kind.in_([kind.value for kind in _EDITS]), decision.c.text == ""
    )
    return select(finding).where(
        or_(
            finding.c.check.in_(sorted(acting)),
            and_(finding.c.check.in_(editable), finding.c.document_id.in_(whole)),
        )
    )


def _ordered(vault: Vault, query: Select[Any], document_id: Any, *then: Any) -> Select[Any]:
    return (
        query.join(document, document.c.id == document_id)
        .where(vault.readable(effective_label()))
        .order_by(document.c.path, document.c.id, *then)
    )


class _Beside:
    """Rows that belong to documents, read along while the documents are, in the same order."""

    def __init__(self, connection: Connection, query: Select[Any]) -> None:
        self._rows = iter(connection.execute(query).yield_per(500))
        self._next: Row[Any] | None = next(self._rows, None)

    def of(self, document_id: str) -> list[Row[Any]]:
        """The rows of the document that comes next."""
        mine = []
        while self._next is not None and self._next.document_id == document_id:
            mine.append(self._next)
            self._next = next(self._rows, None)
        return mine
