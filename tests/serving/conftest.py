"""One server for the tests that only ask it things."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serving.served import Served, base_project, serving, small_model_is_here

from foretune.releases import promote
from foretune.types import Arm


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The small model by itself, as release ``first``."""
    if not small_model_is_here():
        pytest.skip("the model smollm2-135m is not on this machine")
    folder: Path = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        # Longer-lived than the home each test has of its own.
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("XDG_CONFIG_HOME", str(folder / "home" / "config"))
        patch.delenv("FORETUNE_KEY", raising=False)
        patch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        project = base_project(folder / "project")
    with project:
        promote(project.vault, project.create_release(name="first", arm=Arm.BASE).id)
        with serving(project) as running:
            yield running
