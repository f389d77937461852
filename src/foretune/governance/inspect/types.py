"""What an inspection reads, finds and hands on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from foretune.governance.checks import CheckSettings
from foretune.governance.types import Edit
from foretune.plan.config import CorpusSettings

__all__ = ["Duplicate", "Plan", "Totals", "Written"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What every process of an inspection has to know."""

    checks: tuple[str, ...]
    settings: CheckSettings = field(default_factory=CheckSettings)
    corpus: CorpusSettings = field(default_factory=CorpusSettings)
    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)
    """By document id: repairs that only showed when all documents were compared."""


@dataclass(slots=True)
class Totals:
    """What there was, in numbers."""

    documents: int = 0
    characters: int = 0
    set_aside: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Of what was set aside."""
    examples: list[tuple[str, str]] = field(default_factory=list)
    """Document and reason of the first few."""
    findings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By check, type and severity."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Where a document stands among its copies."""

    document: str
    cluster: str | None
    """Name of the group; None when there is no other like it."""
    keep: bool
    similarity: float | None
    """To the one that is kept: Jaccard similarity of the runs of five words, 0 to 1."""
    of: str | None
    """The one that is kept; of the kept one, itself."""
    reason: str = ""
    """Why that one is kept."""


@dataclass(slots=True)
class Written:
    """What became of the documents that were written: together they are all there were."""

    clean: int = 0
    duplicates: int = 0
    """Left out because another is kept."""
    unreadable: int = 0
    repaired: int = 0
    """Documents whose text was changed."""
