"""How long training will take, from what a pilot measured on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.tuning.chat import load_chat_tokenizer
from foretune.tuning.schedule import epochs_for
from foretune.tuning.tokenize import encode_examples
from foretune.tuning.types import Example

__all__ = ["Projection", "project_training", "tokens_per_second", "undisturbed_seconds"]

_EVALUATION_SHARE = 1 / 3
"""Of a training token's work: the forward pass without the two products of the backward one."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What a run over these examples will take."""

    examples: int
    epochs: int
    tokens: int
    """Read in training, over all epochs; padding not counted."""
    seconds: float
    cost: float
    """In the currency of ``tuning.price_hour``."""


def undisturbed_seconds(metrics: Mapping[str, Any]) -> float:
    """What the training steps of a run would have taken where nothing else runs.

    Processor time hardly depends on what else a machine does; wall time does. Spread over as many processors as the
    least disturbed steps kept busy, it is the wall time of a quiet machine. Runs that recorded no processor time, and
    those on a GPU, count as they were.
    """
    seconds, processors = float(metrics["seconds"]), float(metrics.get("processors") or 0.0)
    return min(seconds, float(metrics["processor_seconds"]) / processors) if processors else seconds


def tokens_per_second(metrics: Mapping[str, Any]) -> float:
    """Tokens read a second of undisturbed training steps, as measured by the run with these metrics."""
    return float(metrics["tokens"]) / max(undisturbed_seconds(metrics), 1e-9)


def project_training(
    examples: Sequence[Example],
    evaluation: Sequence[Example],
    *,
    base: ModelFiles,
    settings: TuningSettings,
    measured: Mapping[str, Any],
) -> Projection:
    """Project a run over all ``examples`` from the metrics of a shorter one on the same machine.

    Training is linear in the tokens read, up to attention, which at these lengths is a few hundredths of the work;
    loading and exporting take what they took.
    """
    chat = load_chat_tokenizer(base.weights)
    encoded, _ = encode_examples(examples, chat, max_tokens=settings.max_tokens)
    held_out, _ = encode_examples(evaluation, chat, max_tokens=settings.max_tokens)
    epochs = epochs_for(len(encoded), settings.epochs)
    tokens = epochs * sum(len(item.ids) for item in encoded)
    evaluated = (epochs + 1) * sum(len(item.ids) for item in held_out)
    rate = tokens_per_second(measured)
    seconds = (tokens + _EVALUATION_SHARE * evaluated) / rate + float(measured["startup_seconds"])
    return Projection(len(encoded), epochs, tokens, seconds, seconds / 3600 * settings.price_hour)
