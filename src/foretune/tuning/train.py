"""The training loop: LoRA on all linear layers of a frozen base model.

What makes it fast where there is no GPU:

- logits are computed for labelled positions only; over a vocabulary of 49,152 the
  others would be a third of the work;
- examples of like length share a batch, padded on the right. Attention is causal, so
  no real token ever sees the padding and no mask is needed;
- the frozen weights are kept in bfloat16 where the processor multiplies it natively.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from foretune.errors import InputError
from foretune.plan.config import TuningSettings
from foretune.progress import Progress, Step, silent
from foretune.tuning.checkpoint import Checkpoint, Position
from foretune.tuning.gradients import fuse_adapter, head_loss
from foretune.tuning.layout import LINEAR_LAYERS
from foretune.tuning.runtime import torch
from foretune.tuning.schedule import batches, learning_rate_factor
from foretune.tuning.tokenize import IGNORED, Encoded

__all__ = ["attach_adapter", "evaluate", "labelled_loss", "train"]

_T = TypeVar("_T")

CHECKPOINT_SECONDS = 300.0
"""Within a long epoch, no more than this much work is lost to a kill."""

MAX_GRADIENT_NORM = 1.0
"""Gradients are scaled down to this Euclidean norm (Pascanu et al. 2013, arXiv:1211.5063)."""


def attach_adapter(base: Any, settings: TuningSettings) -> Any:
    """PEFT's model around ``base``: an update of low rank on every linear layer, seeded.

    Source: Hu et al. 2021, arXiv:2106.09685; on all linear layers: "LoRA Without Regret",
    https://thinkingmachines.ai/blog/lora/.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(settings.seed)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=[layer.rpartition(".")[2] for layer in LINEAR_LAYERS.values()],
        bias="none",
        task_type="CAUSAL_LM",
    )
    with warnings.catch_warnings():
        # PEFT asks transformers for a name that transformers is about to drop.
        warnings.simplefilter("ignore", FutureWarning)
        model = get_peft_model(base, config)
    if settings.dropout == 0:
        fuse_adapter(model)
    return model


def labelled_loss(model: Any, batch: Sequence[Encoded]) -> torch.Tensor:
    """Sum of the cross-entropies (nats) of the batch's labelled tokens.

    The model is PEFT's; each token is predicted from those before it.
    """
    ids = _padded([item.ids for item in batch], 0, model.device)
    labels = _padded([item.labels for item in batch], IGNORED, model.device)[:, 1:]
    core = model.get_base_model()
    with torch.autocast(model.device.type, torch.bfloat16, enabled=core.dtype == torch.bfloat16):
        hidden = core.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        learnt = labels != IGNORED
        return head_loss(hidden[learnt], core.get_output_embeddings().weight, labels[learnt])


def evaluate(model: Any, examples: Sequence[Encoded], batch_size: int) -> float:
    """Mean cross-entropy (nats) of the labelled tokens of ``examples``."""
    by_length = sorted(examples, key=lambda item: len(item.ids))
    model.eval()
    with torch.inference_mode():
        total = sum(labelled_loss(model, batch).item() for batch in _chunks(by_length, batch_size))
    model.train()
    return total / _labelled(examples)


def train(
    model: Any,
    examples: Sequence[Encoded],
    *,
    settings: TuningSettings,
    epochs: int,
    checkpoint: Checkpoint,
    evaluation: Sequence[Encoded] = (),
    progress: Progress = silent,
) -> Position:
    """Train the adapter of ``model`` in place, from ``checkpoint`` on where it holds one.

    Interrupted at any point and called again, it ends with the weights of an undisturbed run.

    Raises:
        InputError: the loss is no longer a number.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # Weight decay 0: the update starts at zero and its rank already bounds it.
    optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.0, fused=True)
    position = checkpoint.restore(model, optimizer)
    plan = _Plan(examples, settings, epochs)
    model.train()
    if evaluation and not position.evaluation_losses:
        position.evaluation_losses.append(evaluate(model, evaluation, settings.batch_size))
    with progress.step("tuning", total=plan.steps, unit="steps") as bar:
        bar.advance(len(position.losses))
        saved = time.monotonic()
        while position.epoch < epochs:
            for step in plan.epoch(position.epoch)[position.step :]:
                _take_step(model, optimizer, step, plan, position, bar)
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    checkpoint.save(model, optimizer, position)
                    saved = time.monotonic()
            if evaluation:
                position.evaluation_losses.append(evaluate(model, evaluation, settings.batch_size))
            position.epoch, position.step = position.epoch + 1, 0
            checkpoint.save(model, optimizer, position)
            saved = time.monotonic()
    return position


class _Plan:
    """Which examples each step reads, known beforehand from seed and lengths."""

    def __init__(self, examples: Sequence[Encoded], settings: TuningSettings, epochs: int) -> None:
        self.settings = settings
        self._examples = examples
        self._lengths = [len(item.ids) for item in examples]
        an_epoch = math.ceil(len(examples) / settings.batch_size)
        self.steps = epochs * math.ceil(an_epoch / settings.gradient_accumulation)

    def epoch(self, number: int) -> Sequence[Sequence[Sequence[Encoded]]]:
        """The steps of one epoch; a step is one or several batches whose gradients add up."""
        order = batches(self._lengths, self.settings.batch_size, seed=self.settings.seed, epoch=number)
        read = [[self._examples[index] for index in batch] for batch in order]
        return list(_chunks(read, self.settings.gradient_accumulation))


def _take_step(
    model: Any,
    optimizer: torch.optim.Optimizer,
    step: Sequence[Sequence[Encoded]],
    plan: _Plan,
    position: Position,
    bar: Step,
) -> None:
    """Read the batches of one step, move the adapter, and book it in ``position``."""
    started = time.monotonic()
    settings = plan.settings
    labelled = sum(_labelled(batch) for batch in step)
    total = 0.0
    for batch in step:
        # Divided by the labelled tokens of the whole step, so that batching does not change the gradient.
        loss = labelled_loss(model, batch) / labelled
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    if not math.isfinite(total):
        raise InputError(
            f"Training diverged at step {len(position.losses) + 1}: "
            f"set tuning.learning_rate in foretune.toml below {settings.learning_rate:g}."
        )
    parameters = optimizer.param_groups[0]["params"]
    torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM)
    factor = learning_rate_factor(len(position.losses), steps=plan.steps, warmup_fraction=settings.warmup_fraction)
    optimizer.param_groups[0]["lr"] = settings.learning_rate * factor
    optimizer.step()
    optimizer.zero_grad()
    position.step += 1
    position.losses.append(total)
    position.tokens += sum(len(item.ids) for batch in step for item in batch)
    position.seconds += time.monotonic() - started
    bar.advance()
    bar.note(f"loss {total:.3f}")


def _labelled(examples: Sequence[Encoded]) -> int:
    return sum(label != IGNORED for item in examples for label in item.labels)


def _padded(rows: Sequence[Sequence[int]], filler: int, device: torch.device) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows], device=device)


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
