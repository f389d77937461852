"""While an adapter of confidential documents trains, nothing that can repeat them lies readable on the disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from peft import get_peft_model_state_dict
from tests.tuning.test_project import PAIRS, label
from tests.tuning.test_project import project as project
from tests.tuning.test_train import Stop, interrupt
from tests.tuning.tiny import random_model, tiny_model

from foretune.errors import VaultError
from foretune.plan.config import TuningSettings
from foretune.project import Project
from foretune.project.adapters import evaluation_pairs, example, training_pairs, weight_files
from foretune.tuning.recipes import tune
from foretune.tuning.run import write_peft
from foretune.tuning.train import attach_adapter
from foretune.tuning.weights import PLAIN, WeightFiles
from foretune.types import Label
from foretune.vault.sealed import Sealer

CANARIES = (b".lora_A", b".lora_a", b"GGUF", b"PK\x03\x04", b"exp_avg")
"""What checkpoints, PEFT's and llama.cpp's files cannot be read without."""


def readable_weights(folder: Path) -> set[str]:
    """Files below ``folder`` in which a canary stands, drafts included."""
    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(canary in path.read_bytes() for canary in CANARIES)
    }


@pytest.fixture
def watched(project: Project, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of files with readable weights that stood on the disk at any moment at which one was complete."""
    seen: set[str] = set()
    sync = os.fsync

    def scan(descriptor: int) -> None:
        sync(descriptor)
        seen.update(readable_weights(project.vault.folder / "adapters"))

    monkeypatch.setattr("foretune.files.os.fsync", scan)
    return seen


KILLED = """
import os, signal
from pathlib import Path
from tests.tuning.test_sealed_training import readable_weights
from tests.tuning.test_train import Stop
from foretune.project import Project
from foretune.tuning import train

train.CHECKPOINT_SECONDS = 0.0
with Project.open(Path({folder!r})) as project:
    project.tune(pilot=False, progress=Stop(11, lambda: os.kill(os.getpid(), signal.SIGKILL)))
"""


def test_a_killed_run_leaves_a_checkpoint_that_only_the_vault_can_resume(
    project: Project, watched: set[str], tmp_path: Path
) -> None:
    label(project, "page00.md", Label.CONFIDENTIAL)
    undisturbed = tune(
        [example(pair) for pair in training_pairs(project)],
        base=tiny_model(tmp_path),
        folder=tmp_path / "undisturbed",
        settings=project.config.tuning,
        evaluation=[example(pair) for pair in evaluation_pairs(project)],
    )
    killed = subprocess.run(
        [sys.executable, "-c", KILLED.format(folder=str(project.folder))], capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (folder,) = (project.vault.folder / "adapters").iterdir()
    assert [path.name for path in folder.iterdir()] == ["checkpoint.pt.sealed"]
    assert readable_weights(folder) == set()
    adapter = project.tune(pilot=False)
    assert adapter.hash == undisturbed.hash
    assert adapter.metrics["losses"] == list(undisturbed.losses)
    assert sorted(path.name for path in folder.rglob("*.sealed")) == [
        "adapter.gguf.sealed",
        "adapter_model.safetensors.sealed",
    ]
    assert watched == set()


def test_the_sizes_of_a_learning_curve_are_sealed_too(project: Project, watched: set[str]) -> None:
    label(project, "page00.md", Label.RESTRICTED)
    found = project.learning_curve()
    assert [point["examples"] for point in found["curve"]["points"]] == [10, 16]
    assert watched == set()


def test_a_merged_adapter_of_confidential_documents_is_sealed(project: Project, watched: set[str]) -> None:
    label(project, "page00.md", Label.CONFIDENTIAL)
    settings = project.config.tuning.model_copy(update={"method": "dora"})
    project.config = project.config.model_copy(update={"tuning": settings})
    adapter = project.tune(pilot=False)
    assert adapter.path.read_bytes().startswith(b"GGUF")
    assert watched == set()


def test_documents_that_are_only_measured_on_need_no_sealing(project: Project) -> None:
    label(project, f"page{PAIRS - 1}.md", Label.RESTRICTED)
    assert weight_files(project, training_pairs(project)) == PLAIN


def test_what_was_begun_before_a_label_rose_is_sealed_when_training_goes_on(
    project: Project, watched: set[str]
) -> None:
    with pytest.raises(KeyboardInterrupt):
        project.tune(pilot=False, progress=Stop(11, interrupt))
    assert readable_weights(project.vault.folder / "adapters") == {"checkpoint.pt"}
    assert watched == {".checkpoint.pt.tmp", "checkpoint.pt"}
    label(project, "page00.md", Label.CONFIDENTIAL)
    project.tune(pilot=False)
    assert readable_weights(project.vault.folder / "adapters") == set()


def test_what_is_written_to_a_peft_folder_is_what_peft_writes(tmp_path: Path) -> None:
    model = attach_adapter(random_model("llama"), TuningSettings(rank=2))
    model.peft_config["default"].base_model_name_or_path = None
    model.save_pretrained(tmp_path / "theirs", save_embedding_layers=False)
    write_peft(get_peft_model_state_dict(model), model.peft_config["default"], tmp_path / "ours")
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        ours, theirs = ((tmp_path / side / name).read_bytes() for side in ("ours", "theirs"))
        if name.endswith(".json"):  # PEFT lists the layers in the order of a set
            ours, theirs = (json.dumps(_sorted(json.loads(each))).encode() for each in (ours, theirs))
        assert ours == theirs


def _sorted(config: dict[str, object]) -> dict[str, object]:
    return {key: sorted(value) if isinstance(value, list) else value for key, value in config.items()}


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_a_sealed_stream_gives_back_what_was_written_in_any_pieces(tmp_path: Path, size: int) -> None:
    files, content = WeightFiles(Sealer(b"k" * 32)), bytes(range(256)) * (size // 256 + 1)
    with files.writing(tmp_path / "w.pt") as stream:
        for start in range(0, size, 300_007):
            stream.write(content[start : min(size, start + 300_007)])
    with files.reading(tmp_path / "w.pt") as back:
        assert back.read() == content[:size]
    with pytest.raises(VaultError, match="another vault"):
        WeightFiles(Sealer(b"x" * 32)).reading(tmp_path / "w.pt")


def test_a_sealed_file_whose_writing_failed_is_not_there(tmp_path: Path) -> None:
    files = WeightFiles(Sealer(b"k" * 32))
    with pytest.raises(FileNotFoundError), files.draft(tmp_path / "w.gguf") as draft:
        draft.write_bytes((tmp_path / "not there").read_bytes())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        files.reading(tmp_path / "w.gguf")
