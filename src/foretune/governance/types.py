"""What governance says about documents: decisions, edits, standings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from foretune.types import Finding, Label, Severity, Use

__all__ = [
    "POLICY",
    "Change",
    "Decision",
    "DecisionKind",
    "Edit",
    "GovernedState",
    "ListedFinding",
    "Pseudonyms",
    "ReviewSummary",
    "Standing",
    "State",
]

POLICY = "policy"
"""The actor of decisions that ``foretune.toml`` makes."""


class Pseudonyms(Protocol):
    """Gives what is personal another name, always the same for the same words."""

    def __call__(self, kind: str, text: str) -> str:
        """What stands for ``text``, a finding of type ``kind``."""
        ...


class DecisionKind(StrEnum):
    """What can be decided about a document."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    SUPERSEDE = "supersede"
    """Excluded because another document replaces it."""
    WAIT = "wait"
    """Put off: it goes no further until somebody decides."""
    REDACT = "redact"
    REPAIR = "repair"
    RELABEL = "relabel"
    DOWNGRADE = "downgrade"
    """A lower label for a restricted document under ``four_eyes``: it holds once a second person confirms it."""
    CONFIRM = "confirm"
    """The second person agrees to an inclusion or a downgrade."""
    UNDO = "undo"
    """An earlier decision is taken back; both stay on record."""

    @property
    def is_verdict(self) -> bool:
        """True where it says whether the document goes in: the newest of these holds."""
        return self in (DecisionKind.INCLUDE, DecisionKind.EXCLUDE, DecisionKind.SUPERSEDE, DecisionKind.WAIT)


@dataclass(frozen=True, slots=True)
class Decision:
    """Something decided about a document, by a person or by the policy.

    A redaction or repair without a finding and without a place is about the whole
    document: everything personal, or everything repairable, that the checks find
    in this and in later versions of it.
    """

    document_id: str
    kind: DecisionKind
    reason: str
    actor: str = POLICY
    use: Use | None = None
    """Of an inclusion."""
    label: Label | None = None
    """Of a relabelling, a downgrade and its confirmation."""
    finding_id: str = ""
    start: int | None = None
    end: int | None = None
    text: str = ""
    """What stands, or stood, at ``start``: finds the place again in a later version. Of a label, the label before."""
    replacement: str = ""
    """What takes the place of ``text``; of a supersession, the id of the newer document."""
    about: int | None = None
    """Of a confirmation or an undo: the ``id`` of the decision it is about."""
    document_hash: str = ""
    """``content_hash`` of the version that was decided on."""
    rule: str = ""
    """Of the policy's decisions: which rule, as :func:`~foretune.governance.policy.rule_name` writes it."""
    at: str = ""
    id: int | None = None
    """Row in the vault; None for the policy's, which are derived and not stored."""
    path: str = ""
    """Of the document, where the decision is listed."""
    overrides: str = ""
    """Whose verdict it takes the place of, in words, where that was somebody else's."""
    pending: bool = False
    """True where a second person has to confirm it before it holds."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement in the text of a document."""

    start: int
    end: int
    replacement: str
    redacts: bool
    """A redaction wins over a repair of the same place."""


class State(StrEnum):
    """Where a document stands; only the included and the redacted go on."""

    INCLUDED = "included"
    REDACTED = "redacted"
    """Included, with some of it masked."""
    EXCLUDED = "excluded"
    WAITING = "waiting"

    @property
    def goes_on(self) -> bool:
        """True where later stages may use the document."""
        return self in (State.INCLUDED, State.REDACTED)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for a document now, by whom, and why."""

    document_id: str
    path: str
    state: State
    label: Label
    by: str
    """A principal's name, ``policy``, or empty where nobody has decided."""
    reason: str
    use: Use | None = None
    """Of a document that goes on."""
    rule: str = ""
    redactions: int = 0
    """Places the policy and people want masked."""
    repairs: int = 0
    older_version: bool = False
    """True where a person decided on a version that has changed since."""
    at: str = ""
    """Since when; of the policy's verdicts, since this version was read or the rules were last reviewed."""
    confirmed_by: str = ""
    """The second person, where two had to agree."""
    needs: int | None = None
    """Id of the decision that waits for a second person."""
    pending_label: Label | None = None
    """The lower label that waits for one."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a decision, or another set of rules, would change for a document."""

    before: Standing
    after: Standing


class GovernedState(NamedTuple):
    """What later stages compare to know what is stale; made without reading any text."""

    id: str
    path: str
    hash: str
    use: Use
    label: Label
    cluster: str


class ListedFinding(NamedTuple):
    """A finding and the path of its document."""

    path: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """What a review did, and what is known now."""

    documents: int
    checked: int
    """Documents some check had not seen in this version."""
    findings: Mapping[tuple[str, str, Severity], int] = field(default_factory=Counter)
    """By check, type and severity; of all documents, not only of those checked now."""
    clusters: int = 0
    """Groups of duplicates and near-duplicates."""

    @property
    def total(self) -> int:
        return sum(self.findings.values())

    def as_json(self) -> dict[str, Any]:
        """For the record of the stage: counts only."""
        counts: dict[str, dict[str, int]] = {}
        for (check, kind, _), count in self.findings.items():
            of_check = counts.setdefault(check, {})
            of_check[kind] = of_check.get(kind, 0) + count
        return {
            "documents": self.documents,
            "checked": self.checked,
            "findings": counts,
            "clusters": self.clusters,
        }
