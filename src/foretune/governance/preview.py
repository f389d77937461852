"""What would change before it does: by decisions that are not stored, or by other rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, select

from foretune.governance.checks import CheckSettings
from foretune.governance.checks.pattern import pattern
from foretune.governance.policy import Policy, rule_name
from foretune.governance.rules import validate_rules
from foretune.governance.rulings import POLICY_SINCE, rulings
from foretune.governance.store import DOCUMENT_COLUMNS, document_of, effective_label, finding_of
from foretune.governance.types import Change, Decision, Standing
from foretune.plan.config import GovernanceSettings, Rule
from foretune.types import Finding
from foretune.vault import Vault, now
from foretune.vault.tables import document, finding

__all__ = ["RuleEffect", "RulesPreview", "preview_decisions", "preview_rules", "remember_policy"]

_POLICY = "governance.policy"
"""The vault's setting that holds what of the plan decided at the last review."""


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What a rule is about, and what it comes to."""

    number: int
    """Its place in ``foretune.toml``, from 1."""
    name: str
    reason: str
    holds: bool
    """False after its last day."""
    findings: int
    """Findings for which it is the first rule that fits."""
    documents: int
    """Documents with such findings or, of a rule for documents as such, that it is about."""
    decides: int
    """Documents that stand as they do because of it."""


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """What the rules decide, and what they would change against the last review."""

    rules: tuple[RuleEffect, ...]
    changes: tuple[Change, ...]
    reviewed: bool
    """False where there was no review to compare with."""


def preview_decisions(vault: Vault, settings: GovernanceSettings, made: Iterable[Decision]) -> list[Change]:
    """The documents that would stand otherwise if ``made`` (from a dry run) were stored, in order of path."""
    further: dict[str, list[Decision]] = {}
    for each in made:
        further.setdefault(each.document_id, []).append(each)
    with vault.reading() as connection:
        before = [each.standing for each in rulings(vault, connection, settings)]
        after = [each.standing for each in rulings(vault, connection, settings, further=further)]
    return _changes(before, after)


def preview_rules(vault: Vault, settings: GovernanceSettings, *, today: date | None = None) -> RulesPreview:
    """What each rule decides, and which documents stand otherwise than by the rules of the last review.

    Nothing is stored. Texts are read only where a rule has a pattern that no review has run yet.

    Raises:
        ConfigError: a rule that could never do anything.
    """
    validate_rules(settings.rules)
    today = today or datetime.now(UTC).date()
    last = _last_policy(vault)
    with vault.reading() as connection:
        besides = _new_matches(vault, connection, settings, last)
        after = [each.standing for each in rulings(vault, connection, settings, today=today, found_besides=besides)]
        before = [] if last is None else [each.standing for each in rulings(vault, connection, last, today=today)]
        effects = _effects(vault, connection, settings, after, besides, today)
    return RulesPreview(effects, tuple(_changes(before, after)) if last is not None else (), last is not None)


def remember_policy(vault: Vault, settings: GovernanceSettings) -> None:
    """Keep what of the plan decides, so that the next review can say what a change of it changed."""
    decides = settings.model_dump(mode="json", include={"include", "use", "rules", "four_eyes"})
    if vault.setting(_POLICY) == decides:
        return
    with vault.writing() as connection:
        vault.set_setting(connection, _POLICY, decides)
        vault.set_setting(connection, POLICY_SINCE, now())


def _last_policy(vault: Vault) -> GovernanceSettings | None:
    kept = vault.setting(_POLICY)
    if kept is None:
        return None
    known = set(Rule.model_fields)
    rules = [{key: value for key, value in rule.items() if key in known} for rule in kept["rules"]]
    return GovernanceSettings.model_validate({**kept, "rules": rules})


def _changes(before: Sequence[Standing], after: Sequence[Standing]) -> list[Change]:
    """Pairs that differ in what later stages would see or be told."""

    def said(each: Standing) -> tuple[Any, ...]:
        return each.state, each.use, each.label, each.by, each.reason, each.redactions, each.repairs, each.needs

    return [Change(one, other) for one, other in zip(before, after, strict=True) if said(one) != said(other)]


def _new_matches(
    vault: Vault, connection: Connection, settings: GovernanceSettings, last: GovernanceSettings | None
) -> Mapping[str, list[Finding]]:
    """What patterns find that the last review did not have."""
    known = {rule.pattern for rule in last.rules} if last else set()
    new = tuple(dict.fromkeys(rule.pattern for rule in settings.rules if rule.pattern and rule.pattern not in known))
    if not new:
        return {}
    query = select(*DOCUMENT_COLUMNS, document.c.text).where(vault.readable(effective_label()))
    found: dict[str, list[Finding]] = {}
    for row in connection.execute(query).yield_per(100):
        matches = pattern(document_of(row, text=row.text), CheckSettings(patterns=new))
        if kept := [each for each in matches if isinstance(each, Finding)]:
            found[row.id] = kept
    return found


def _effects(
    vault: Vault,
    connection: Connection,
    settings: GovernanceSettings,
    standings: Sequence[Standing],
    besides: Mapping[str, Sequence[Finding]],
    today: date,
) -> tuple[RuleEffect, ...]:
    policy = Policy(settings, today=today)
    findings = [0] * len(settings.rules)
    documents: list[set[str]] = [set() for _ in settings.rules]
    label = effective_label().label("effective_label")
    query = select(*DOCUMENT_COLUMNS, label).where(vault.readable(effective_label()))
    known = {row.id: document_of(row, label=row.effective_label) for row in connection.execute(query)}
    for each in known.values():
        if (number := policy.rule_for(each, None)) is not None:
            documents[number].add(each.id)
    checks = sorted({rule.check or "pattern" for rule in settings.rules})
    stored = (
        finding_of(row) for row in connection.execute(select(finding).where(finding.c.check.in_(checks))).yield_per(500)
    )
    for found in (*besides.values(), stored):
        for one in found:
            if one.document_id in known and (number := policy.rule_for(known[one.document_id], one)) is not None:
                findings[number] += 1
                documents[number].add(one.document_id)
    names = [rule_name(rule) for rule in settings.rules]
    return tuple(
        RuleEffect(
            number + 1,
            names[number],
            rule.reason,
            policy.holds(rule),
            findings[number],
            len(documents[number]),
            sum(each.rule == names[number] for each in standings),
        )
        for number, rule in enumerate(settings.rules)
    )
