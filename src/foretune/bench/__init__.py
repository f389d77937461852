"""The bench: arms compared on questions whose answers are known.

Hands on a :class:`BenchSummary` and every answer behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from foretune.bench.questions import (
    KINDS,
    load_questions,
    questions_digest,
    read_questions,
    stored_questions,
    write_questions_csv,
)

if TYPE_CHECKING:
    from foretune.bench.arms import ArmAnswer, Bench, PassageUsed
    from foretune.bench.run import answers, latest_run, run_bench
    from foretune.bench.summary import AnswerRow, ArmSummary, BenchSummary, Comparison, Rate, summarise

__all__ = [
    "KINDS",
    "AnswerRow",
    "ArmAnswer",
    "ArmSummary",
    "Bench",
    "BenchSummary",
    "Comparison",
    "PassageUsed",
    "Rate",
    "answers",
    "latest_run",
    "load_questions",
    "questions_digest",
    "read_questions",
    "run_bench",
    "stored_questions",
    "summarise",
    "write_questions_csv",
]

_LAZY = {
    "arms": ("ArmAnswer", "Bench", "PassageUsed"),
    "run": ("answers", "latest_run", "run_bench"),
    "summary": ("AnswerRow", "ArmSummary", "BenchSummary", "Comparison", "Rate", "summarise"),
}


def __getattr__(name: str) -> Any:
    # The statistics library takes most of a second to import; reading questions does not need it.
    from importlib import import_module

    for module, names in _LAZY.items():
        if name in names:
            return getattr(import_module(f"foretune.bench.{module}"), name)
    raise AttributeError(name)
