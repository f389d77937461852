"""Pairs: prompts whose answers are the documents, checked, split and written down.

Hands on kept :class:`~foretune.types.Pair` rows to tuning and spreadsheets to people.
"""

from __future__ import annotations

from foretune.pairs.export import export_pairs
from foretune.pairs.framework import Framework, load_framework
from foretune.pairs.imported import ImportedFile, import_files
from foretune.pairs.units import Unit, spread, units
from foretune.pairs.write import (
    PairsSummary,
    pairs_digest,
    store_imported,
    stored_pairs,
    withdraw_pairs,
    write_pairs,
)

__all__ = [
    "Framework",
    "ImportedFile",
    "PairsSummary",
    "Unit",
    "export_pairs",
    "import_files",
    "load_framework",
    "pairs_digest",
    "spread",
    "store_imported",
    "stored_pairs",
    "units",
    "withdraw_pairs",
    "write_pairs",
]
