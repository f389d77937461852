"""Four-bit training: refused where it is no use, advised where it is, and right where its package is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.tuning.test_train import SETTINGS, encoded
from tests.tuning.tiny import examples, random_model, tiny_model

from foretune.errors import InputError
from foretune.plan.config import TuningSettings
from foretune.tuning.checkpoint import Checkpoint
from foretune.tuning.memory import OutOfMemoryError, explain_out_of_memory
from foretune.tuning.quantised import quantise, require_quantising
from foretune.tuning.recipes import tune
from foretune.tuning.runtime import torch
from foretune.tuning.train import attach_adapter, train


def test_four_bit_training_without_a_gpu_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    settings = TuningSettings(method="qlora")
    with pytest.raises(InputError, match=r"needs a GPU, and there is none here.*set tuning\.method to lora"):
        tune(examples(), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings)
    assert not (tmp_path / "a").exists()


def test_four_bit_training_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"run `pip install bitsandbytes`"):
        require_quantising(torch.device("cuda"))


def test_where_a_gpu_is_full_and_nothing_is_left_to_lower_four_bits_are_the_advice() -> None:
    settings = TuningSettings(batch_size=1, max_tokens=128)
    with pytest.raises(OutOfMemoryError, match=r"set tuning\.method = qlora"), explain_out_of_memory(settings):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_layers_in_four_bits_still_learn(tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    settings = SETTINGS.model_copy(update={"method": "qlora"})
    model = attach_adapter(quantise(random_model("llama"), torch.device("cpu")), settings)
    assert model.base_model.model.model.layers[0].mlp.up_proj.base_layer.weight.dtype == torch.uint8
    place = Checkpoint(tmp_path / "c.pt", "x")
    losses = train(model, encoded(4), settings=settings, epochs=40, checkpoint=place).losses
    assert losses[-1] < 0.5 * losses[0]
