"""Several workers train the adapter that one would have trained."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tests.helpers import ROOT
from tests.tuning.tiny import examples, tiny_model

from foretune.errors import NothingToDoError
from foretune.models import locate
from foretune.plan.config import TuningSettings
from foretune.tuning import AdapterResult
from foretune.tuning.cluster import tune_on_ray
from foretune.tuning.recipes import tune
from foretune.tuning.runtime import torch

SETTINGS = TuningSettings(
    rank=4, alpha=8, epochs=2, precision="float32", learning_rate=0.01, batch_size=3, gradient_accumulation=2
)

WORKER = """
from pathlib import Path
from foretune.models import locate
from foretune.tuning.recipes import tune
from tests.tuning.test_team import SETTINGS
from tests.tuning.tiny import examples

base, held_out = locate({base!r}), examples(14)[11:]
result = tune(examples(11), base=base, folder=Path({folder!r}), settings=SETTINGS, evaluation=held_out)
print(result.hash)
"""


def alone(base: Any, folder: Path) -> AdapterResult:
    return tune(examples(11), base=base, folder=folder, settings=SETTINGS, evaluation=examples(14)[11:])


def assert_alike(one: AdapterResult, several: AdapterResult) -> None:
    assert several.losses == pytest.approx(one.losses, rel=1e-5)
    assert several.evaluation_losses == pytest.approx(one.evaluation_losses, rel=1e-5)
    assert (several.tokens, several.trained, several.inputs) == (one.tokens, one.trained, one.inputs)
    weights, expected = (load_file(each.peft / "adapter_model.safetensors") for each in (several, one))
    assert all(torch.allclose(weights[name], expected[name], rtol=1e-3, atol=1e-5) for name in expected)


def test_two_processes_started_as_accelerate_starts_them_make_the_same_adapter(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = WORKER.format(base=str(base.weights), folder=str(tmp_path / "two"))
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **shared, **paths, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    one = alone(base, tmp_path / "one")
    several = alone(base, tmp_path / "two")  # found finished, not trained again
    assert [out.strip() for out, _ in outputs] == [several.hash] * 2
    assert_alike(one, several)
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == ["adapter.gguf", "peft", "result.json"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, only_cluster: None) -> Iterator[None]:
    """A cluster of two processors on this machine."""
    ray = pytest.importorskip("ray")
    from foretune.governance.inspect.runners.ray import connect

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
        patch.delenv("RAY_ADDRESS", raising=False)
        connect(2)
        yield
        ray.shutdown()


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_two_workers_of_a_ray_cluster_make_the_same_adapter(tmp_path: Path) -> None:
    base = locate(tiny_model(tmp_path).weights)
    several = tune_on_ray(
        examples(11), base=base, folder=tmp_path / "two", settings=SETTINGS, evaluation=examples(14)[11:], workers=2
    )
    assert_alike(alone(base, tmp_path / "one"), several)


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_what_a_worker_refuses_is_said_in_one_sentence(tmp_path: Path) -> None:
    base = locate(tiny_model(tmp_path).weights)
    with pytest.raises(NothingToDoError, match="there are 9 to train on"):
        tune_on_ray(examples(9), base=base, folder=tmp_path / "two", settings=SETTINGS, workers=2)
