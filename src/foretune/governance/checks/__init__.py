"""The checks: what can be wrong with a document, one module each.

Importing the package registers them. Hands on the registry; a further check is a
module with a decorated function, imported before a review.
"""

from __future__ import annotations

# The order of import is the order in which the checks run and are shown.
# isort: off
from foretune.governance.checks import (  # noqa: F401
    garbled,
    boilerplate,
    language,
    short,
    labels,
    duplicate,
    semantic,
    stale,
    contradiction,
    personal,
    hostile,
    outlier,
    sufficiency,
    pattern,
)

# isort: on
from foretune.governance.checks.registry import (
    Check,
    CheckSettings,
    CorpusCheck,
    DocumentCheck,
    Inferred,
    Wanted,
    checks,
    corpus_check,
    document_check,
    named,
    notices,
    run_together,
)

__all__ = [
    "Check",
    "CheckSettings",
    "CorpusCheck",
    "DocumentCheck",
    "Inferred",
    "Wanted",
    "checks",
    "corpus_check",
    "document_check",
    "named",
    "notices",
    "run_together",
]
