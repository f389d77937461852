"""Which fork to take: retrieval, tuning, both or neither yet.

Takes a plan and measured facts, never fetches any; hands on :class:`Advice`,
in which every reason names its fact, its rule and its source.
"""

from __future__ import annotations

from foretune.plan.advice.advise import advise
from foretune.plan.advice.facts import PRIVATE, is_first_person, measure
from foretune.plan.advice.read import read_facts
from foretune.plan.advice.rules import RULES, THRESHOLD, Rule, Vote, rule
from foretune.plan.advice.sensitivity import FLIPS, flip
from foretune.plan.advice.sources import Source
from foretune.plan.advice.types import (
    Advice,
    ArmOutcome,
    BenchOutcome,
    Case,
    Change,
    CorpusFacts,
    Paired,
    Reason,
    Recommendation,
    Review,
    TradeOff,
    Verdict,
)

__all__ = [
    "FLIPS",
    "PRIVATE",
    "RULES",
    "THRESHOLD",
    "Advice",
    "ArmOutcome",
    "BenchOutcome",
    "Case",
    "Change",
    "CorpusFacts",
    "Paired",
    "Reason",
    "Recommendation",
    "Review",
    "Rule",
    "Source",
    "TradeOff",
    "Verdict",
    "Vote",
    "advise",
    "flip",
    "is_first_person",
    "measure",
    "read_facts",
    "rule",
]
