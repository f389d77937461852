"""Governance without a project: what the checks find in files and rows where they lie.

Hands on :func:`inspect` and :func:`dedupe`. Nothing is kept: texts are read, checked
and dropped, and read again where two of them have to be compared.
"""

from __future__ import annotations

from foretune.governance.inspect.run import Inspection, dedupe, inspect
from foretune.governance.inspect.settings import settings_of
from foretune.governance.inspect.types import Duplicate, Totals, Written

__all__ = ["Duplicate", "Inspection", "Totals", "Written", "dedupe", "inspect", "settings_of"]
