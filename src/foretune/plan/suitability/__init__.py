"""Which model: what its own files say, held against the plan.

Reads configuration, headers, tokenizer and model card, never the weights; hands
on :class:`Suitability`, in which every remark is a sentence with its grade.
"""

from __future__ import annotations

from foretune.plan.suitability.check import NO_STORY, suitability
from foretune.plan.suitability.find import read_model
from foretune.plan.suitability.types import Grade, ModelFacts, Remark, Suitability

__all__ = ["NO_STORY", "Grade", "ModelFacts", "Remark", "Suitability", "read_model", "suitability"]
