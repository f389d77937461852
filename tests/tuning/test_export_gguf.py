"""The exported adapter computes in the engine what it computed in training."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import warnings
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from tests.tuning.tiny import SHAPE, Engine, random_model, tiny_model, vocabulary

from foretune.engines.adapters import BASE_HASH_KEY
from foretune.plan.config import TuningSettings
from foretune.tuning.base import load_base
from foretune.tuning.export_gguf import export_gguf
from foretune.tuning.layout import ARCHITECTURES
from foretune.tuning.runtime import torch
from foretune.tuning.train import attach_adapter

PROMPT = [20, 31, 7, 99, 150, 42, 8, 8, 61]
SETTINGS = TuningSettings(rank=4, alpha=8)


def with_random_adapter(base: Any) -> Any:
    """Both halves random: trained adapters are no kinder to a mistake."""
    model = attach_adapter(base, SETTINGS)
    dice = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for value in model.parameters():
            if value.requires_grad:
                value.normal_(std=0.2, generator=dice)
    return model


def export(model: Any, path: Path, architecture: str) -> None:
    from peft import get_peft_model_state_dict

    export_gguf(
        get_peft_model_state_dict(model),
        path,
        architecture=ARCHITECTURES[architecture],
        heads=SHAPE["num_attention_heads"],
        key_value_heads=SHAPE["num_key_value_heads"],
        alpha=SETTINGS.alpha,
        base_hash="ab" * 32,
    )


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_the_engine_with_the_adapter_gives_trainings_probabilities(tmp_path: Path, architecture: str) -> None:
    files = tiny_model(tmp_path, architecture)
    model = with_random_adapter(load_base(files.weights, dtype=torch.float32, device=torch.device("cpu")))
    export(model, tmp_path / "adapter.gguf", architecture)
    engine = Engine(files.weights, tmp_path / "adapter.gguf")
    ids = torch.tensor([PROMPT])
    with torch.no_grad():
        tuned = torch.log_softmax(model(ids).logits[0, -1], dim=-1)
        with model.disable_adapter():
            base = torch.log_softmax(random_model(architecture)(ids).logits[0, -1], dim=-1)
    assert not torch.allclose(tuned, base, atol=0.1)
    for scale, expected in ((1.0, tuned), (0.0, base)):
        probabilities = engine.next_token_logprobs(PROMPT, len(vocabulary()), scale=scale)
        measured = torch.tensor([probabilities[token] for token in range(len(vocabulary()))])
        assert torch.allclose(measured, expected, atol=1e-2)


def test_the_file_says_what_it_is_and_whose(tmp_path: Path) -> None:
    export(with_random_adapter(random_model("llama")), tmp_path / "adapter.gguf", "llama")
    fields = gguf.GGUFReader(str(tmp_path / "adapter.gguf")).fields
    assert fields["general.type"].contents() == "adapter"
    assert fields["adapter.type"].contents() == "lora"
    assert fields["adapter.lora.alpha"].contents() == 8.0
    assert fields[BASE_HASH_KEY].contents() == "ab" * 32


def test_a_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    model = with_random_adapter(random_model("llama"))
    path = tmp_path / "adapter.gguf"
    export(model, path, "llama")
    before = path.read_bytes()
    unreadable = {"base_model.model.model.layers.0.mlp.up_proj.lora_A.weight": torch.ones(4, 64, device="meta")}
    with pytest.raises(NotImplementedError):
        export_gguf(
            unreadable,
            path,
            architecture=ARCHITECTURES["llama"],
            heads=4,
            key_value_heads=2,
            alpha=8,
            base_hash="cd" * 32,
        )
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["adapter.gguf"]


@pytest.fixture(scope="session")
def llama_cpp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """llama.cpp's own conversion scripts, out of a source distribution; skipped where it cannot be fetched."""
    folder = tmp_path_factory.mktemp("llama_cpp")
    pip = [sys.executable, "-m", "pip", "download", "-q", "--retries", "0", "--no-deps", "--no-binary", ":all:"]
    fetched = subprocess.run([*pip, "-d", str(folder), "llama-cpp-python==0.3.36"], capture_output=True, text=True)
    if fetched.returncode != 0:
        pytest.skip(f"the source of llama.cpp's converter could not be fetched: {fetched.stderr[-200:]}")
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        wanted = [m for m in source if "/vendor/llama.cpp/" in m.name and m.name.endswith(".py")]
        source.extractall(folder, wanted, filter="data")
    (root,) = folder.glob("*/vendor/llama.cpp")
    return root


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "name"), [("llama", "LlamaForCausalLM"), ("qwen2", "Qwen2ForCausalLM")])
def test_every_tensor_is_what_llama_cpps_converter_writes(
    tmp_path: Path, llama_cpp: Path, architecture: str, name: str
) -> None:
    base = random_model(architecture)
    base.config.architectures = [name]
    base.config.save_pretrained(tmp_path / "base")
    model = with_random_adapter(base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(tmp_path / "peft")
    export(model, tmp_path / "ours.gguf", architecture)
    converter = [str(llama_cpp / "convert_lora_to_gguf.py"), "--base", str(tmp_path / "base")]
    run = subprocess.run(
        [sys.executable, *converter, "--outfile", str(tmp_path / "theirs.gguf"), str(tmp_path / "peft")],
        env={"PYTHONPATH": str(llama_cpp / "gguf-py"), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    ours, theirs = (gguf.GGUFReader(str(tmp_path / f"{side}.gguf")) for side in ("ours", "theirs"))
    expected = {tensor.name: tensor for tensor in theirs.tensors}
    assert len(expected) == 28
    assert {tensor.name for tensor in ours.tensors} == set(expected)
    for tensor in ours.tensors:
        assert tensor.tensor_type == expected[tensor.name].tensor_type
        assert np.array_equal(tensor.data, expected[tensor.name].data), tensor.name
    assert ours.fields["adapter.lora.alpha"].contents() == theirs.fields["adapter.lora.alpha"].contents()
