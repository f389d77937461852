"""A real model that is loaded once, and adapters for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines.adapter_file import write_adapter

from foretune.engines.llama import LlamaEngine
from foretune.errors import ModelError
from foretune.models import ModelFiles, locate


@pytest.fixture(scope="session")
def smollm2_files() -> ModelFiles:
    """The small packaged chat model."""
    try:
        return locate("smollm2-135m")
    except ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def smollm2(smollm2_files: ModelFiles) -> Iterator[LlamaEngine]:
    """The small packaged chat model, running."""
    with LlamaEngine(smollm2_files, context=1024) as engine:
        yield engine


@pytest.fixture(scope="session")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter with random weights."""
    path = tmp_path_factory.mktemp("adapters") / "random.gguf"
    write_adapter(path, seed=1)
    return path
