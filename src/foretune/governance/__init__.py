"""Governance: what is wrong with the documents, and what goes in.

Checks find; people and the policy decide; :func:`governed` hands on what was let
through, repaired and redacted. Hands on findings, decisions, standings and
governed documents.
"""

from __future__ import annotations

from foretune.governance.agreement import confirm, undo
from foretune.governance.checks import Wanted
from foretune.governance.decisions import decide, decisions
from foretune.governance.findings import count_by_document, count_findings, findings
from foretune.governance.governed import governed, governed_in_turn, governed_state, standing
from foretune.governance.preview import RuleEffect, RulesPreview, preview_decisions, preview_rules
from foretune.governance.pseudonyms import reveal
from foretune.governance.review import forget, review, review_arrivals, review_inputs, warm_up
from foretune.governance.rules import validate_rules
from foretune.governance.selection import EVERYTHING, Filter, Selected, documents_matching
from foretune.governance.types import (
    Change,
    Decision,
    DecisionKind,
    GovernedState,
    ListedFinding,
    ReviewSummary,
    Standing,
    State,
)

__all__ = [
    "EVERYTHING",
    "Change",
    "Decision",
    "DecisionKind",
    "Filter",
    "GovernedState",
    "ListedFinding",
    "ReviewSummary",
    "RuleEffect",
    "RulesPreview",
    "Selected",
    "Standing",
    "State",
    "Wanted",
    "confirm",
    "count_by_document",
    "count_findings",
    "decide",
    "decisions",
    "documents_matching",
    "findings",
    "forget",
    "governed",
    "governed_in_turn",
    "governed_state",
    "preview_decisions",
    "preview_rules",
    "reveal",
    "review",
    "review_arrivals",
    "review_inputs",
    "standing",
    "undo",
    "validate_rules",
    "warm_up",
]
