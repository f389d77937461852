"""What governance says about documents: decisions, edits, standings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from foretune.types import Finding, Label, Severity, Use

__all__ = [
    "POLICY",
    "Decision",
    "DecisionKind",
    "Edit",
    "GovernedState",
    "ListedFinding",
    "ReviewSummary",
    "Standing",
    "State",
]

POLICY = "policy"
"""The actor of decisions that ``foretune.toml`` makes."""


class DecisionKind(StrEnum):
    """What can be decided about a document."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    SUPERSEDE = "supersede"
    """Excluded because another document replaces it."""
    REDACT = "redact"
    REPAIR = "repair"
    RELABEL = "relabel"
    DESCRIBE = "describe"
    """Metadata a person gave: author, owner, licence and so on."""

    @property
    def is_verdict(self) -> bool:
        """True where it says whether the document goes in: the newest of these holds."""
        return self in (DecisionKind.INCLUDE, DecisionKind.EXCLUDE, DecisionKind.SUPERSEDE)


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
    """Of a relabelling."""
    finding_id: str = ""
    start: int | None = None
    end: int | None = None
    text: str = ""
    """What stands, or stood, at ``start``: finds the place again in a later version."""
    replacement: str = ""
    """What takes the place of ``text``; of a supersession, the id of the newer document."""
    document_hash: str = ""
    """``content_hash`` of the version that was decided on."""
    rule: str = ""
    """Of the policy's decisions: which rule, ``check/type → action``."""
    at: str = ""
    id: int | None = None
    """Row in the vault; None for the policy's, which are derived and not stored."""
    path: str = ""
    """Of the document, where the decision is listed."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement in the text of a document."""

    start: int
    end: int
    replacement: str
    redacts: bool
    """A redaction wins over a repair of the same place."""


class State(StrEnum):
    """Where a document stands; only the included go on."""

    INCLUDED = "included"
    EXCLUDED = "excluded"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for a document now, by whom, and why."""

    document_id: str
    path: str
    state: State
    label: Label
    by: str
    """A principal's name, ``policy``, or empty while undecided."""
    reason: str
    use: Use | None = None
    """Of an included document."""
    rule: str = ""
    redactions: int = 0
    """Places the policy and people want masked."""
    repairs: int = 0
    older_version: bool = False
    """True where a person decided on a version that has changed since."""


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
    corpus: tuple[Finding, ...] = ()
    """About all documents together, not about one: is it enough?"""

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
