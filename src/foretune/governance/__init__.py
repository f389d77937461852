"""Governance: what is wrong with the documents, and what goes in.

Checks find; people and the policy decide; :func:`governed` hands on what was let
through, repaired and redacted. Hands on findings, decisions, standings and
governed documents.
"""

from __future__ import annotations

from foretune.governance.checks import Wanted
from foretune.governance.decisions import decide, decisions
from foretune.governance.findings import count_by_document, count_findings, findings
from foretune.governance.governed import governed, governed_state, standing
from foretune.governance.review import forget, review, review_inputs
from foretune.governance.types import (
    Decision,
    DecisionKind,
    GovernedState,
    ListedFinding,
    ReviewSummary,
    Standing,
    State,
)

__all__ = [
    "Decision",
    "DecisionKind",
    "GovernedState",
    "ListedFinding",
    "ReviewSummary",
    "Standing",
    "State",
    "Wanted",
    "count_by_document",
    "count_findings",
    "decide",
    "decisions",
    "findings",
    "forget",
    "governed",
    "governed_state",
    "review",
    "review_inputs",
    "standing",
]
