"""How many epochs, which examples make up a step, how large the step is: pure functions of their input."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

__all__ = ["batches", "epochs_for", "learning_rate_factor"]


def epochs_for(examples: int, chosen: int = 0) -> int:
    """Passes over the examples: ``chosen``, or where that is 0, three, and more for a handful.

    Three passes; where that makes fewer than 100 example readings,
    min(25, 100 // n), so that ten examples are read ten times.
    Source: the defaults of OpenAI's fine-tuning service, as its cookbook computes them
    (https://cookbook.openai.com/examples/chat_finetuning_data_prep).
    """
    if chosen:
        return chosen
    return 3 if examples * 3 >= 100 else min(25, 100 // examples)


def batches(lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int, window: int = 32) -> list[list[int]]:
    """One epoch's steps as indices into ``lengths``: random, but with little padding.

    The examples are shuffled and sorted by length within windows of
    ``window`` batches, so neighbours in a batch are of like length; then the batches are
    shuffled. Every index occurs once; the same seed and epoch give the same order.
    """
    order = list(range(len(lengths)))
    # A string seeds by its bytes, the same on every machine and run.
    dice = random.Random(f"{seed}/{epoch}")  # noqa: S311
    dice.shuffle(order)
    steps = []
    for start in range(0, len(order), window * batch_size):
        part = sorted(order[start : start + window * batch_size], key=lambda index: lengths[index])
        steps += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    dice.shuffle(steps)
    return steps


def learning_rate_factor(step: int, *, steps: int, warmup_fraction: float) -> float:
    """Share of the peak learning rate at ``step`` (0 … steps - 1): linear rise, then linear fall.

    The first step already moves and the last one still does, which matters when
    there are fifty of them.
    """
    warmup = math.ceil(steps * warmup_fraction)
    if step < warmup:
        return (step + 1) / warmup
    return (steps - step) / (steps - warmup)
