"""Where the real data sets are, and small things several tests need."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def shared(name: str) -> Path:
    """A real data set's folder; the test is skipped where it is not on this machine."""
    folder = SHARED / name
    if not folder.exists():
        pytest.skip(f"the data set {name} is not on this machine")
    return folder
