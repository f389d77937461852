"""What ``foretune.toml`` decides: a pure function of settings, document and findings.

Rules are tried in order, and the first that fits a finding holds for it; so it is for
the document as such, with the rules that name neither check nor pattern. Of what
different rules then say about one document, to exclude it beats to wait, and that
beats to include it. A person's verdict beats the policy's (see :mod:`~.verdicts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from foretune.governance.edits import mask
from foretune.governance.globs import glob
from foretune.governance.types import Decision, DecisionKind, Pseudonyms
from foretune.plan.config import GovernanceSettings, Rule
from foretune.types import Document, Finding, Severity, Use

__all__ = ["NOTHING", "READABLE", "Policy", "rule_name"]

READABLE = "the policy includes every readable document that no rule excludes"
NOTHING = "the policy includes nothing by itself: `foretune review include` or `exclude` decides"

_VERDICTS = {
    "exclude": DecisionKind.EXCLUDE,
    "wait": DecisionKind.WAIT,
    "include": DecisionKind.INCLUDE,
}
"""Actions that are about the whole document, the strongest first."""
_PRECEDENCE = list(_VERDICTS.values())


class Policy:
    """The rules of one plan on one day."""

    def __init__(self, settings: GovernanceSettings, *, today: date, pseudonyms: Pseudonyms | None = None) -> None:
        """``pseudonyms`` is needed only where a rule asks to pseudonymise."""
        self.settings = settings
        self._today = today
        self._pseudonyms = pseudonyms
        self._globs: Mapping[str, Any] = {rule.path: glob(rule.path) for rule in settings.rules if rule.path}

    def decide(self, document: Document, findings: Sequence[Finding]) -> list[Decision]:
        """The decisions on one document; at most one verdict, none where it leaves that to people."""
        edits: list[Decision] = []
        verdicts: list[tuple[Severity, Decision]] = []
        for finding in (None, *findings):
            number = self.rule_for(document, finding)
            if number is None:
                continue
            made = self._apply(self.settings.rules[number], document, finding)
            if made is not None and made.kind.is_verdict:
                verdicts.append((finding.severity if finding else Severity.INFO, made))
            elif made is not None:
                edits.append(made)
        if verdicts:
            return [*edits, min(verdicts, key=lambda each: (_PRECEDENCE.index(each[1].kind), -each[0]))[1]]
        if self.settings.include == "readable":
            return [*edits, _include(document, READABLE, self.settings.use, "")]
        return edits

    def rule_for(self, document: Document, finding: Finding | None) -> int | None:
        """The position of the first rule that fits a finding, or the document as such where that is None."""
        for number, rule in enumerate(self.settings.rules):
            if _about(rule, finding) and self._about_document(rule, document):
                return number
        return None

    def holds(self, rule: Rule) -> bool:
        """False after the last day of a rule that has one."""
        return rule.until is None or self._today <= rule.until

    def _about_document(self, rule: Rule, document: Document) -> bool:
        if rule.label is not None and rule.label is not document.label:
            return False
        return not rule.path or self._globs[rule.path].fullmatch(document.path) is not None

    def _apply(self, rule: Rule, document: Document, finding: Finding | None) -> Decision | None:
        if rule.action == "report":
            return None
        if not self.holds(rule):
            reason = f"the rule {rule_name(rule)} held until {rule.until}: decide anew, or give it a later day"
            return _verdict(document, DecisionKind.WAIT, reason, rule, finding)
        reason = rule.reason or (finding.message if finding else f"the rule {rule_name(rule)}")
        if rule.action == "include":
            return _include(document, reason, rule.use or self.settings.use, rule_name(rule))
        if rule.action in _VERDICTS:
            return _verdict(document, _VERDICTS[rule.action], reason, rule, finding)
        assert finding is not None  # rules for documents as such do nothing else
        if finding.type == "everywhere":
            return _verdict(document, DecisionKind.WAIT, finding.message, rule, finding)
        return self._edit(rule, document, finding, reason)

    def _edit(self, rule: Rule, document: Document, finding: Finding, reason: str) -> Decision | None:
        """A redaction or a repair of the finding's place; None where it marks no text or offers no repair."""
        if rule.action == "repair":
            if "repair" not in finding.evidence:
                return None
            kind, replacement = DecisionKind.REPAIR, str(finding.evidence["repair"])
        elif not finding.text:
            return None
        elif rule.action == "pseudonymise" and self._pseudonyms is not None:
            kind, replacement = DecisionKind.REDACT, self._pseudonyms(finding.type, finding.text)
        else:
            kind, replacement = DecisionKind.REDACT, mask(finding.type)
        return Decision(
            document.id,
            kind,
            reason,
            finding_id=finding.id,
            start=finding.start,
            end=finding.end,
            text=finding.text,
            replacement=replacement,
            document_hash=document.content_hash,
            rule=rule_name(rule),
        )


def rule_name(rule: Rule) -> str:
    """How a rule is shown: ``personal/email → redact``, ``personal/* from high, in drafts/** → exclude``."""
    if rule.check:
        subject = f"{rule.check}/{rule.type or '*'}"
    else:
        subject = f"pattern {rule.pattern}" if rule.pattern else "documents"
    conditions = [
        *([f"from {rule.severity}"] if rule.severity else []),
        *([f"labelled {rule.label}"] if rule.label else []),
        *([f"in {rule.path}"] if rule.path else []),
    ]
    return f"{' '.join([subject, ', '.join(conditions)]) if conditions else subject} → {rule.action}"


def _about(rule: Rule, finding: Finding | None) -> bool:
    if finding is None:
        return not rule.check and not rule.pattern
    if rule.pattern:
        return finding.check == "pattern" and finding.evidence.get("pattern") == rule.pattern
    if rule.check != finding.check or rule.type not in ("", finding.type):
        return False
    return not rule.severity or finding.severity >= Severity[rule.severity.upper()]


def _include(document: Document, reason: str, use: Use, rule: str) -> Decision:
    return Decision(document.id, DecisionKind.INCLUDE, reason, use=use, document_hash=document.content_hash, rule=rule)


def _verdict(document: Document, kind: DecisionKind, reason: str, rule: Rule, finding: Finding | None) -> Decision:
    return Decision(
        document.id,
        kind,
        reason,
        finding_id=finding.id if finding else "",
        document_hash=document.content_hash,
        rule=rule_name(rule),
    )
