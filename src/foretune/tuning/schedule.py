"""How many epochs, which examples make up a step, how large the step is: pure functions of their input."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

__all__ = ["batches", "epochs_for", "learning_rate_factor", "learning_rate_for"]

_SMALL, _LARGE = (135e6, 1e-3), (7e9, 2e-4)
"""Parameters, and the peak learning rate that suits LoRA on all linear layers of such a model.

The small one measured here (``benchmarks/tuning.py`` trains with it), the large one from "LoRA Without Regret"
(https://thinkingmachines.ai/blog/lora/): about ten times the rate of full tuning.
"""


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


def batches(
    lengths: Sequence[int],
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    window: int = 32,
    kinds: Sequence[tuple[int, ...]] = (),
) -> list[list[int]]:
    """One epoch's steps as indices into ``lengths``: random, but with little padding.

    The examples are shuffled and sorted by length within windows of
    ``window`` batches, so neighbours in a batch are of like length; then the batches are
    shuffled. Every index occurs once; the same seed and epoch give the same order.

    Args:
        kinds: what else examples of a batch had better have in common, one of each example.
    """
    order = list(range(len(lengths)))
    # A string seeds by its bytes, the same on every machine and run.
    dice = random.Random(f"{seed}/{epoch}")  # noqa: S311
    dice.shuffle(order)
    steps = []
    for start in range(0, len(order), window * batch_size):
        part = sorted(
            order[start : start + window * batch_size],
            key=lambda index: (kinds[index] if kinds else (), lengths[index]),
        )
        steps += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    dice.shuffle(steps)
    return steps


def learning_rate_factor(done: float, *, step: float, warmup_fraction: float) -> float:
    """Share of the peak learning rate where ``done`` of the work (0 to 1) is done: linear rise, then linear fall.

    Args:
        step: share of the work that the next step is. The first step already moves and the last one still does,
            which matters when there are fifty of them.
    """
    if done < warmup_fraction:
        return min(1.0, (done + step) / max(warmup_fraction, step))
    return (1 - done) / (1 - warmup_fraction)


def learning_rate_for(parameters: int, chosen: float = 0.0) -> float:
    """Peak learning rate: ``chosen``, or where that is 0, by the model's size.

    A power of the size between the two models it is known for, and constant outside.

    >>> [f"{learning_rate_for(n):.1e}" for n in (135_000_000, 1_544_000_000, 70_000_000_000)]
    ['1.0e-03', '3.7e-04', '2.0e-04']
    """
    if chosen:
        return chosen
    (small, high), (large, low) = _SMALL, _LARGE
    share = math.log(min(max(parameters, small), large) / small) / math.log(large / small)
    return float(high * (low / high) ** share)
