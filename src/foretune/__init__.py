"""Foretune: everything that comes before a language model is customised, and the proof that it worked.

The public face is :class:`Project`; the types it hands out are in :mod:`foretune.types`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretune.errors import ForetuneError
    from foretune.project import Project

__all__ = ["ForetuneError", "Project", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Imported when asked for: `foretune --help` needs neither.
    if name == "Project":
        from foretune.project import Project

        return Project
    if name == "ForetuneError":
        from foretune.errors import ForetuneError

        return ForetuneError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
