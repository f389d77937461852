"""The small project, put back as it was for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.project.small import KEY, Small, make


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Small:
    """The small project; nothing is put back yet."""
    monkeypatch.setenv("FORETUNE_KEY", KEY)
    return make(tmp_path_factory.mktemp("small"))


@pytest.fixture
def finished(small: Small) -> Path:
    """The folder after ``foretune run``."""
    return small.put_back(small.finished)


@pytest.fixture
def added(small: Small) -> Path:
    """The folder after ``foretune add``."""
    return small.put_back(small.added)
