"""Which vendor: a questionnaire tied to the plan, its answers read and graded, vendors compared.

Hands on the questions (a file people may change), the spreadsheet out and in,
and :class:`VendorScore`, in which every grade has its reason.
"""

from __future__ import annotations

from foretune.plan.vendor.questionnaire import VendorQuestion, invented_model, questionnaire
from foretune.plan.vendor.score import GradedAnswer, VendorScore, score_vendor
from foretune.plan.vendor.sheet import VendorAnswer, read_sheet, write_sheet

__all__ = [
    "GradedAnswer",
    "VendorAnswer",
    "VendorQuestion",
    "VendorScore",
    "invented_model",
    "questionnaire",
    "read_sheet",
    "score_vendor",
    "write_sheet",
]
