"""Pairs: prompts whose answers are the documents, checked, split and written down.

Hands on kept :class:`~foretune.types.Pair` rows to tuning and spreadsheets to people.
"""

from __future__ import annotations

from foretune.pairs.curate import curate
from foretune.pairs.export import export_pairs
from foretune.pairs.framework import Framework, load_framework
from foretune.pairs.imported import ImportedFile, import_files, imported_pairs
from foretune.pairs.judge import Agreement, Judged, agreement, judge_pairs, load_rubric
from foretune.pairs.leaks import Leak, LeakKind, find_leaks
from foretune.pairs.recipes import RECIPES, Choice, choices
from foretune.pairs.recipes.replay import replay_pairs
from foretune.pairs.sheet import ReviewOutcome, read_review, write_review
from foretune.pairs.store import keep_imported, pairs_digest, stored_pairs, withdraw_pairs
from foretune.pairs.units import Unit, units
from foretune.pairs.variety import Variety, variety
from foretune.pairs.write import PairsSummary, summarised, write_pairs

__all__ = [
    "RECIPES",
    "Agreement",
    "Choice",
    "Framework",
    "ImportedFile",
    "Judged",
    "Leak",
    "LeakKind",
    "PairsSummary",
    "ReviewOutcome",
    "Unit",
    "Variety",
    "agreement",
    "choices",
    "curate",
    "export_pairs",
    "find_leaks",
    "import_files",
    "imported_pairs",
    "judge_pairs",
    "keep_imported",
    "load_framework",
    "load_rubric",
    "pairs_digest",
    "read_review",
    "replay_pairs",
    "stored_pairs",
    "summarised",
    "units",
    "variety",
    "withdraw_pairs",
    "write_pairs",
    "write_review",
]
