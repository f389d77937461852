"""How long what was trained in stays true, by how often the plan says that documents change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

__all__ = ["overdue"]

_LASTS: Mapping[str, timedelta] = MappingProxyType(
    {
        "daily": timedelta(days=1),
        "weekly": timedelta(days=7),
        "monthly": timedelta(days=31),
        "yearly": timedelta(days=366),
    }
)


def overdue(cadence: str, trained_at: str, now: str) -> str:
    """Why an adapter is out of date, in words; nothing while it is not, or where documents never change.

    Args:
        cadence: ``process.cadence`` of the plan.
        trained_at, now: ISO 8601, both with an offset or both without.

    >>> overdue("weekly", "2026-11-01T09:00:00+00:00", "2026-11-10T09:00:00+00:00")
    'trained 9 days ago, and the plan says that documents change weekly: add what is new, then run again'
    """
    lasts = _LASTS.get(cadence)
    age = datetime.fromisoformat(now) - datetime.fromisoformat(trained_at)
    if lasts is None or age <= lasts:
        return ""
    return (
        f"trained {age.days} day{'' if age.days == 1 else 's'} ago, and the plan says that documents change {cadence}: "
        "add what is new, then run again"
    )
