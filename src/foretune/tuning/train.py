"""The training loop: LoRA on all linear layers of a frozen base model.

What makes it fast where there is no GPU:

- logits are computed for labelled positions only; over a vocabulary of 49,152 the
  others would be a third of the work;
- what all examples of a batch begin with (the system prompt) is read once, and its keys and values serve all of
  them: gradients flow through them as if each had read it;
- examples of like length share a batch, padded on the right. Attention is causal, so
  no real token ever sees the padding and no mask is needed;
- the frozen weights are kept in bfloat16 where the processor multiplies it natively.
"""

from __future__ import annotations

import math
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from foretune.errors import InputError
from foretune.plan.config import TuningSettings
from foretune.progress import Progress, Step, duration, silent
from foretune.tuning.checkpoint import Checkpoint, Position
from foretune.tuning.gradients import fuse_adapter, head_loss
from foretune.tuning.layout import LINEAR_LAYERS
from foretune.tuning.runtime import torch
from foretune.tuning.schedule import batches, learning_rate_factor
from foretune.tuning.team import ALONE, Team
from foretune.tuning.tokenize import IGNORED, Encoded

__all__ = ["attach_adapter", "evaluate", "labelled_loss", "train"]

_T = TypeVar("_T")

CHECKPOINT_SECONDS = 300.0
"""Within a long epoch, no more than this much work is lost to a kill."""

_TELLING_STEPS = 3
"""The first step also warms up caches and threads; three tell how fast the others will be."""

_WORTH_SHARING = 8
"""Tokens that all examples of a batch begin with, from which they are read once for all of them."""

MAX_GRADIENT_NORM = 1.0
"""Gradients are scaled down to this Euclidean norm (Pascanu et al. 2013, arXiv:1211.5063)."""


def attach_adapter(base: Any, settings: TuningSettings) -> Any:
    """PEFT's model around ``base``: an update of low rank on every linear layer, seeded.

    Source: Hu et al. 2021, arXiv:2106.09685; on all linear layers: "LoRA Without Regret",
    https://thinkingmachines.ai/blog/lora/; rsLoRA: Kalajdzievski 2023, arXiv:2312.03732; DoRA: Liu et al. 2024,
    arXiv:2402.09353.
    """
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(settings.seed)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=[layer.rpartition(".")[2] for layer in LINEAR_LAYERS.values()],
        use_rslora=settings.method == "rslora",
        use_dora=settings.method == "dora",
        bias="none",
        task_type="CAUSAL_LM",
    )
    with warnings.catch_warnings():
        # PEFT asks transformers for a name that transformers is about to drop.
        warnings.simplefilter("ignore", FutureWarning)
        model = get_peft_model(base, config)
    if settings.dropout == 0 and settings.method in ("lora", "rslora"):
        fuse_adapter(model)
    return model


def labelled_loss(model: Any, batch: Sequence[Encoded]) -> torch.Tensor:
    """Sum of the cross-entropies (nats) of the batch's labelled tokens.

    The model is PEFT's; each token is predicted from those before it.
    """
    shared = _shared_prompt(batch)
    ids = _padded([item.ids[shared:] for item in batch], 0, model.device)
    labels = _padded([item.labels[shared:] for item in batch], IGNORED, model.device)[:, 1:]
    core = model.get_base_model()
    with torch.autocast(model.device.type, torch.bfloat16, enabled=core.dtype == torch.bfloat16):
        decoder = core.get_decoder()
        read = None
        if shared:
            prompt = torch.tensor([batch[0].ids[:shared]], device=model.device)
            read = decoder(input_ids=prompt, use_cache=True).past_key_values
            read.batch_repeat_interleave(len(batch))
        hidden = decoder(input_ids=ids, past_key_values=read, use_cache=False).last_hidden_state[:, :-1]
        learnt = labels != IGNORED
        return head_loss(hidden[learnt], core.get_output_embeddings().weight, labels[learnt])


def _shared_prompt(batch: Sequence[Encoded]) -> int:
    """How many tokens, none of them learnt, all examples of the batch begin with; 0 where they are too few to pay."""
    if len(batch) < 2:
        return 0
    first, last = min(item.ids for item in batch), max(item.ids for item in batch)
    # What sorts first and what sorts last share no more than all between them.
    common = next((i for i, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    learnt = min(next(i for i, label in enumerate(item.labels) if label != IGNORED) for item in batch)
    # The token before the first learnt one predicts it, so it is read with the rest.
    shared = min(common, learnt - 1)
    return shared if shared >= _WORTH_SHARING else 0


def evaluate(model: Any, examples: Sequence[Encoded], batch_size: int, team: Team = ALONE) -> float:
    """Mean cross-entropy (nats) of the labelled tokens of ``examples``."""
    by_length = team.share(sorted(examples, key=lambda item: len(item.ids)))
    model.eval()
    with torch.inference_mode():
        total = math.fsum(labelled_loss(model, batch).item() for batch in _chunks(by_length, batch_size))
    model.train()
    return team.total(total) / _labelled(examples)


def train(
    model: Any,
    examples: Sequence[Encoded],
    *,
    settings: TuningSettings,
    epochs: int,
    checkpoint: Checkpoint,
    evaluation: Sequence[Encoded] = (),
    ask: Callable[[Any], int] | None = None,
    team: Team = ALONE,
    progress: Progress = silent,
) -> Position:
    """Train the adapter of ``model`` in place, from ``checkpoint`` on where it holds one.

    Interrupted at any point and called again, it ends with the weights of an undisturbed run. With
    ``evaluation`` or ``ask`` and ``settings.early_stopping`` it ends with those of the best epoch: the one with most
    right answers, and among equals the one with the lowest evaluation loss. A loss that is no longer a number ends
    it with those of the last good epoch; :attr:`Position.stopped` says so.

    Args:
        ask: how many dev questions the model answers right as it is; asked after each epoch.

    Raises:
        InputError: the loss is no longer a number, and no epoch is complete.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # Weight decay 0: the update starts at zero and its rank already bounds it.
    optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.0, fused=True)
    position = checkpoint.restore(model, optimizer)
    plan = _Plan(examples, settings, epochs, team)
    model.train()
    if evaluation and not position.evaluation_losses:
        position.evaluation_losses.append(evaluate(model, evaluation, settings.batch_size, team))
    if ask is not None and not position.dev_right:
        position.dev_right.append(ask(model))
    with progress.step("tuning", total=plan.steps, unit="steps") as bar:
        bar.advance(len(position.losses))
        try:
            _run_epochs(model, optimizer, plan, position, checkpoint, evaluation, ask, bar)
        except _DivergedError:
            if not position.kept_epoch:
                raise InputError(
                    f"Training diverged at step {len(position.losses) + 1}: "
                    f"set tuning.learning_rate in foretune.toml below {settings.learning_rate:g}."
                ) from None
            position.stopped = (
                f"the loss was no longer a number at step {len(position.losses) + 1}: "
                f"set tuning.learning_rate below {settings.learning_rate:g}"
            )
    if (position.kept_epoch and position.kept_epoch != position.epoch) or position.stopped:
        _put_back(model, position.kept)
    return position


class _DivergedError(Exception):
    """The loss is no longer a number."""


def _run_epochs(
    model: Any,
    optimizer: torch.optim.Optimizer,
    plan: _Plan,
    position: Position,
    checkpoint: Checkpoint,
    evaluation: Sequence[Encoded],
    ask: Callable[[Any], int] | None,
    bar: Step,
) -> None:
    """Train to the last epoch, or to the one after which it is no use to go on."""
    settings = plan.settings
    saved = time.monotonic()
    while position.epoch < plan.epochs and not position.stopped and plan.done(position) < 1:
        for step in plan.epoch(position.epoch)[position.step :]:
            if plan.done(position) >= 1:
                break
            _take_step(model, optimizer, step, plan, position, bar)
            if plan.team.leads and time.monotonic() - saved > CHECKPOINT_SECONDS:
                checkpoint.save(model, optimizer, position)
                saved = time.monotonic()
        if evaluation:
            loss = evaluate(model, evaluation, settings.batch_size, plan.team)
            if not math.isfinite(loss):
                raise _DivergedError
            position.evaluation_losses.append(loss)
        if ask is not None:
            position.dev_right.append(ask(model))
        position.epoch, position.step = position.epoch + 1, 0
        _keep_best(model, position, settings.early_stopping)
        if plan.team.leads:
            checkpoint.save(model, optimizer, position)
        saved = time.monotonic()


def _keep_best(model: Any, position: Position, patience: int) -> None:
    """Keep the adapter where no epoch was better, and end training where nothing has got better for too long.

    Source: early stopping with patience (Prechelt 1998, "Early Stopping — But When?", LNCS 1524).
    """
    losses, right = position.evaluation_losses[1:], position.dev_right[1:]
    scores = [
        (right[epoch] if right else 0, -losses[epoch] if losses else 0.0) for epoch in range(len(losses or right))
    ]
    if not patience or not scores or scores[-1] >= max(scores):
        position.kept = {name: value.detach().clone() for name, value in _adapter(model).items()}
        position.kept_epoch = position.epoch
    # A few questions are noisy, and the loss is only a stand-in: it goes on as long as one of them improves.
    gains = [1 + losses.index(min(losses))] if losses else []
    gains += [1 + right.index(max(right))] if right else []
    last_gain = max(gains, default=position.epoch)
    if patience and position.epoch - last_gain >= patience:
        measure = "most dev questions were answered" if right else "the evaluation loss was lowest"
        position.stopped = f"{measure} after epoch {position.kept_epoch}, and {patience} more did not help"


def _adapter(model: Any) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.named_parameters() if value.requires_grad}


def _put_back(model: Any, weights: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, value in _adapter(model).items():
            value.copy_(weights[name])


class _Plan:
    """Which examples each step reads, known beforehand from seed and lengths."""

    def __init__(self, examples: Sequence[Encoded], settings: TuningSettings, epochs: int, team: Team = ALONE) -> None:
        self.settings = settings
        self.team = team
        self.epochs = epochs
        self._examples = examples
        self._lengths = [len(item.ids) for item in examples]
        openings = [item.ids[:_WORTH_SHARING] for item in examples]
        often = {opening for opening, count in Counter(openings).items() if count >= settings.batch_size}
        self._openings = [opening if opening in often else () for opening in openings]
        an_epoch = math.ceil(len(examples) / settings.batch_size)
        self.tokens = epochs * sum(self._lengths)
        self.steps = epochs * math.ceil(an_epoch / settings.gradient_accumulation)

    def done(self, position: Position) -> float:
        """Share of the work, 0 to 1: of the steps or, where that is more, of the hours that training may take."""
        allowed = self.settings.max_hours * 3600
        by_time = position.seconds / allowed if allowed else 0.0
        return min(1.0, max(len(position.losses) / self.steps, by_time))

    def epoch(self, number: int) -> Sequence[Sequence[Sequence[Encoded]]]:
        """The steps of one epoch; a step is one or several batches whose gradients add up."""
        order = batches(
            self._lengths, self.settings.batch_size, seed=self.settings.seed, epoch=number, kinds=self._openings
        )
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
    started, at_work = time.monotonic(), time.process_time()
    settings = plan.settings
    labelled = sum(_labelled(batch) for batch in step)
    total = 0.0
    for batch in filter(None, map(plan.team.share, step)):
        # Divided by the labelled tokens of the whole step, so that batching does not change the gradient.
        loss = labelled_loss(model, batch) / labelled
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    parameters = optimizer.param_groups[0]["params"]
    plan.team.add_up(parameters)
    total = plan.team.total(total)
    if not math.isfinite(total):
        raise _DivergedError
    torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM)
    factor = learning_rate_factor(plan.done(position), step=1 / plan.steps, warmup_fraction=settings.warmup_fraction)
    optimizer.param_groups[0]["lr"] = settings.learning_rate * factor
    optimizer.step()
    optimizer.zero_grad()
    position.step += 1
    position.losses.append(total)
    position.tokens += sum(len(item.ids) for batch in step for item in batch)
    seconds, processor_seconds = time.monotonic() - started, time.process_time() - at_work
    # The mean of the team's clocks, so that all of them stop at the same step.
    position.seconds += plan.team.total(seconds) / plan.team.size
    if parameters[0].device.type == "cpu":  # elsewhere the processor only waits
        position.processor_seconds += processor_seconds
        position.processors.append(processor_seconds / seconds)
    bar.advance()
    bar.note(f"loss {total:.3f}" + _time_left(plan, position))


def _time_left(plan: _Plan, position: Position) -> str:
    """From the first steps on: what is left, at the speed so far."""
    if len(position.losses) < _TELLING_STEPS:
        return ""
    left = max(0, plan.tokens - position.tokens) * position.seconds / position.tokens
    return f", about {duration(left)} of training left"


def _labelled(examples: Sequence[Encoded]) -> int:
    return sum(label != IGNORED for item in examples for label in item.labels)


def _padded(rows: Sequence[Sequence[int]], filler: int, device: torch.device) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows], device=device)


def _chunks(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
