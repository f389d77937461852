"""What ``foretune.toml`` decides: a pure function of settings, document and findings.

Rules are tried in order and the first that fits a finding holds; findings no rule
fits are reported and nothing more. A person's decision about a document beats
the policy's verdict on it (see :mod:`foretune.governance.rulings`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from foretune.errors import ConfigError
from foretune.governance.checks import checks
from foretune.governance.edits import mask
from foretune.governance.types import Decision, DecisionKind
from foretune.plan.config import GovernanceSettings, Rule
from foretune.types import Document, Finding, Severity

__all__ = ["NOTHING", "READABLE", "policy", "rule_name", "validate_rules"]

READABLE = "the policy includes every readable document that no rule excludes"
NOTHING = "the policy includes nothing by itself: `foretune review include` or `exclude` decides"


def policy(settings: GovernanceSettings, document: Document, findings: Sequence[Finding]) -> list[Decision]:
    """The policy's decisions on one document; at most one verdict, none where it leaves that to people."""
    decisions: list[Decision] = []
    excluding: list[tuple[Severity, Decision]] = []
    for finding in findings:
        rule = _rule_for(settings.rules, finding)
        if rule is None or rule.action == "report":
            continue
        if rule.action == "exclude":
            reason = rule.reason or finding.message
            excluding.append(
                (finding.severity, _decision(document, DecisionKind.EXCLUDE, reason, rule, finding_id=finding.id))
            )
        elif rule.action == "redact" and finding.text:
            decisions.append(
                _span(document, DecisionKind.REDACT, finding, rule, mask(finding.type)),
            )
        elif rule.action == "repair" and "repair" in finding.evidence:
            decisions.append(_span(document, DecisionKind.REPAIR, finding, rule, str(finding.evidence["repair"])))
    if excluding:
        decisions.append(max(excluding, key=lambda each: each[0])[1])
    elif settings.include == "readable":
        decisions.append(
            Decision(document.id, DecisionKind.INCLUDE, READABLE, use=settings.use, document_hash=document.content_hash)
        )
    return decisions


def rule_name(rule: Rule) -> str:
    """How a rule is shown: ``personal/email → redact``."""
    return f"{rule.check}/{rule.type or '*'} → {rule.action}"


def validate_rules(rules: Iterable[Rule]) -> None:
    """Refuse rules that could never do anything.

    Raises:
        ConfigError: a rule names a check or type there is not, or asks a check for what it cannot give.
    """
    known = {check.name: check for check in checks()}
    for rule in rules:
        check = known.get(rule.check)
        if check is None:
            raise ConfigError(
                f"The rule {rule_name(rule)} in foretune.toml names the check {rule.check!r}, which there is not: "
                f"choose from {', '.join(known)}."
            )
        if rule.type and rule.type not in check.types:
            raise ConfigError(
                f"The rule {rule_name(rule)} in foretune.toml names the type {rule.type!r}, which the check "
                f"{check.name} does not find: choose from {', '.join(check.types)}."
            )
        if rule.action == "repair" and not check.repairs:
            able = ", ".join(each.name for each in known.values() if each.repairs)
            raise ConfigError(
                f"The rule {rule_name(rule)} in foretune.toml asks for repairs, which only {able} offers: "
                "use report or exclude."
            )
        if rule.action == "redact" and not check.masks:
            able = ", ".join(each.name for each in known.values() if each.masks)
            raise ConfigError(
                f"The rule {rule_name(rule)} in foretune.toml asks for redaction, which only {able} supports: "
                "use report, repair or exclude."
            )


def _rule_for(rules: Sequence[Rule], finding: Finding) -> Rule | None:
    for rule in rules:
        if rule.check == finding.check and rule.type in ("", finding.type):
            return rule
    return None


def _decision(document: Document, kind: DecisionKind, reason: str, rule: Rule, *, finding_id: str) -> Decision:
    return Decision(
        document.id,
        kind,
        reason,
        finding_id=finding_id,
        document_hash=document.content_hash,
        rule=rule_name(rule),
    )


def _span(document: Document, kind: DecisionKind, finding: Finding, rule: Rule, replacement: str) -> Decision:
    return Decision(
        document.id,
        kind,
        rule.reason or finding.message,
        finding_id=finding.id,
        start=finding.start,
        end=finding.end,
        text=finding.text,
        replacement=replacement,
        document_hash=document.content_hash,
        rule=rule_name(rule),
    )
