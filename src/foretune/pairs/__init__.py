"""Pairs: prompts whose answers are the documents, checked, split and written down.

Hands on kept :class:`~foretune.types.Pair` rows to tuning and spreadsheets to people.
"""

from __future__ import annotations

from foretune.pairs.export import export_pairs
from foretune.pairs.framework import Framework, load_framework
from foretune.pairs.recipes import Choice, choices
from foretune.pairs.recipes.replay import replay_pairs
from foretune.pairs.store import pairs_digest, stored_pairs, withdraw_pairs
from foretune.pairs.units import Unit, units
from foretune.pairs.write import PairsSummary, write_pairs

__all__ = [
    "Choice",
    "Framework",
    "PairsSummary",
    "Unit",
    "choices",
    "export_pairs",
    "load_framework",
    "pairs_digest",
    "replay_pairs",
    "stored_pairs",
    "units",
    "withdraw_pairs",
    "write_pairs",
]
