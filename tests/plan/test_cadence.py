"""How long what was trained in stays true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from foretune.plan.cadence import overdue


@pytest.mark.parametrize(
    ("cadence", "days", "late"),
    [("daily", 1, False), ("daily", 2, True), ("weekly", 7, False), ("weekly", 8, True), ("yearly", 300, False)],
)
def test_an_adapter_is_late_after_one_change_of_the_documents(cadence: str, days: int, late: bool) -> None:
    trained = datetime(2026, 1, 1, 9, tzinfo=UTC)
    said = overdue(cadence, trained.isoformat(), (trained + timedelta(days=days)).isoformat())
    assert bool(said) is late
    assert said.startswith(f"trained {days} days ago" if late else "")


def test_documents_that_never_change_make_nothing_late() -> None:
    assert overdue("never", "2020-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00") == ""
