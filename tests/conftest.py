"""Every test has a home of its own: no key, cache or setting of the person running them is touched."""

from __future__ import annotations

import functools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from foretune.vault import Vault

# Before anything imports torch: waiting threads would otherwise spin and slow everything else.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# The same examples on every machine, however busy it is.
settings.register_profile("foretune", deadline=None, derandomize=True)
settings.load_profile("foretune")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shared out among processes, the files with slow proofs go first: nobody waits for one at the end."""
    if hasattr(config, "workerinput"):
        slow = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home with nothing in it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.delenv("FORETUNE_KEY", raising=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    return folder


@pytest.fixture(scope="module")
def only_cluster() -> Iterator[None]:
    """No other process of the suite starts a Ray cluster meanwhile: two that start at once take the same port.

    All have the same token: a process keeps the first it reads.
    """
    with FileLock(Path(tempfile.gettempdir()) / "foretune-tests-ray.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_TOKEN", "a-token-of-the-tests-long-enough-to-be-one")
        yield


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """An empty vault."""
    with Vault.create(tmp_path / "vault") as made:
        yield made


@pytest.fixture(autouse=True, scope="session")
def sentences_are_read_once() -> Iterator[None]:
    """The model for names says the same of the same words: many tests review the same pages."""
    from foretune.governance.personal.classifier import Classifier

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Classifier, "words", functools.lru_cache(20_000)(Classifier.words))
        yield
