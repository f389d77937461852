"""Gradients written by hand are autograd's, to the last digits of double precision."""

from __future__ import annotations

import pytest
from tests.tuning.tiny import random_model

from foretune.plan.config import TuningSettings
from foretune.tuning.gradients import LOSS_ROWS, fuse_adapter, head_loss
from foretune.tuning.runtime import torch


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
def test_fused_layers_give_pefts_outputs_and_gradients(architecture: str) -> None:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    model = get_peft_model(
        random_model(architecture).double(),
        LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", init_lora_weights=False),
        autocast_adapter_dtype=False,
    )
    ids = torch.randint(0, 200, (3, 17))
    expected = model(ids).logits
    expected.square().sum().backward()
    gradients = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    fuse_adapter(model)
    logits = model(ids).logits
    logits.square().sum().backward()
    assert torch.allclose(logits, expected, rtol=1e-12)
    assert len(gradients) == 2 * 7 * 2  # A and B, of seven linear layers, in two blocks
    for name, parameter in model.named_parameters():
        if name in gradients:
            assert torch.allclose(parameter.grad, gradients[name], rtol=1e-9), name


@pytest.mark.parametrize("tokens", [1, LOSS_ROWS, LOSS_ROWS + 1, 3 * LOSS_ROWS - 7])
def test_the_loss_in_pieces_is_the_loss_in_one(tokens: int) -> None:
    torch.manual_seed(2)
    hidden = torch.randn(tokens, 12, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(50, 12, dtype=torch.float64)
    labels = torch.randint(0, 50, (tokens,))
    expected = torch.nn.functional.cross_entropy(hidden @ weight.t(), labels, reduction="sum")
    (wanted,) = torch.autograd.grad(expected / tokens, hidden)
    loss = head_loss(hidden, weight, labels)
    (gradient,) = torch.autograd.grad(loss / tokens, hidden)
    assert torch.allclose(loss, expected, rtol=1e-12)
    assert torch.allclose(gradient, wanted, rtol=1e-9)


def test_dropout_is_left_to_peft() -> None:
    from foretune.tuning.train import attach_adapter

    def handwritten(dropout: float) -> list[str]:
        model = attach_adapter(random_model("llama"), TuningSettings(rank=2, dropout=dropout))
        return [name for name, module in model.named_modules() if "forward" in vars(module)]

    assert len(handwritten(0.0)) == 14
    assert handwritten(0.1) == []
