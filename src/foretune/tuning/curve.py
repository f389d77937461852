"""The learning curve: what more data brings, from the same recipe on more and more of it.

A power law with a floor, loss(n) = floor + scale · n^-power, is how losses fall with data (Hestness et al. 2017,
arXiv:1712.00409; Viering & Loog 2023, "The Shape of Learning Curves", IEEE TPAMI 45(6)). Four points cannot pin its
three numbers down, so the verdict comes from resampling the evaluation documents: the law is fitted to each
resample, and only what nearly all of them say is said.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from foretune.errors import NothingToDoError
from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.tuning.recipes import MIN_EXAMPLES
from foretune.tuning.types import AdapterResult, Example

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

__all__ = [
    "SIZES",
    "CurvePoint",
    "DocumentLoss",
    "LearningCurve",
    "document_losses",
    "learning_curve",
    "require_measurable",
    "sizes",
    "subset",
]

SIZES = (10, 50, 200)
"""Examples; and all there are (facts: ten prove the plumbing, fifty give a first signal, 200 a voice)."""

_CLEARLY_MORE = 0.8
"""Share of all there are that a size may be and still tell something else."""
_THREE_SIZES = math.ceil(SIZES[1] / _CLEARLY_MORE)

WORTHWHILE = 0.02
"""Nats a token: a fall of the loss by less than this, two in a hundred of perplexity, is no help."""

_RESAMPLES = 1000
_POWERS = tuple(step / 20 for step in range(2, 31))
"""Exponents tried, .1 to 1.5: published ones lie between .05 and .7."""


@dataclass(frozen=True, slots=True)
class DocumentLoss:
    """Evaluation loss over one document."""

    document: str
    nats: float
    """Sum over its labelled tokens."""
    tokens: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One size: mean loss a token with its 95 % interval over documents."""

    examples: int
    loss: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """The points, and what twice the data would bring."""

    points: tuple[CurvePoint, ...]
    verdict: str
    """``will help``, ``won't help`` or ``cannot tell``."""
    gain: tuple[float, float] | None
    """By how much, in nats a token, twice the data would lower the loss: 90 % of the resamples lie between. None
    where there is too little to fit."""
    sentence: str


def sizes(available: int) -> list[int]:
    """10, 50, 200 as far as there are clearly more, and all there are."""
    return [size for size in SIZES if size <= _CLEARLY_MORE * available] + [available]


def subset(examples: Sequence[Example], size: int, *, seed: int) -> list[Example]:
    """``size`` examples of what the documents teach; each smaller choice is within each larger one.

    Replayed examples come along in proportion, or size and mixture would change together.
    """
    own = [example for example in examples if not example.replay]
    replayed = [example for example in examples if example.replay]
    dice = random.Random(f"curve/{seed}")  # noqa: S311
    dice.shuffle(own)
    dice.shuffle(replayed)
    chosen = {example.id for example in own[:size] + replayed[: round(len(replayed) * size / max(1, len(own)))]}
    return [example for example in examples if example.id in chosen]


def require_measurable(evaluation: Sequence[Example], *, base: ModelFiles, settings: TuningSettings) -> None:
    """Raises :class:`NothingToDoError` where none of the evaluation examples can be read whole."""
    from foretune.tuning.chat import load_chat_tokenizer
    from foretune.tuning.tokenize import encode_examples

    encoded, dropped = encode_examples(evaluation, load_chat_tokenizer(base.weights), max_tokens=settings.max_tokens)
    if not encoded:
        raise NothingToDoError(
            f"None of the {len(evaluation)} pairs kept for evaluation can be measured (the first: "
            f"{dropped[0].reason}): raise tuning.max_tokens in foretune.toml or lower pairs.max_words."
        )


def document_losses(
    result: AdapterResult, evaluation: Sequence[Example], *, base: ModelFiles, settings: TuningSettings
) -> list[DocumentLoss]:
    """Loss of an adapter on each document of the evaluation examples."""
    import warnings

    from peft import PeftModel

    from foretune.tuning.base import load_base
    from foretune.tuning.chat import load_chat_tokenizer
    from foretune.tuning.runtime import choose_attention, choose_device, choose_dtype, torch
    from foretune.tuning.tokenize import IGNORED, encode_examples
    from foretune.tuning.train import labelled_loss

    device = choose_device()
    dtype = choose_dtype(settings.precision, device)
    encoded, _ = encode_examples(evaluation, load_chat_tokenizer(base.weights), max_tokens=settings.max_tokens)
    attention = choose_attention(device, dtype, max(len(item.ids) for item in encoded))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = load_base(base.weights, dtype=dtype, device=device, attention=attention)
        model = PeftModel.from_pretrained(loaded, str(result.peft)).eval()
    documents = {example.id: example.document for example in evaluation}
    nats: dict[str, float] = {}
    tokens: dict[str, int] = {}
    with torch.inference_mode():
        for item in encoded:
            document = documents[item.id]
            nats[document] = nats.get(document, 0.0) + labelled_loss(model, [item]).item()
            tokens[document] = tokens.get(document, 0) + sum(label != IGNORED for label in item.labels)
    return [DocumentLoss(document, nats[document], tokens[document]) for document in nats]


def learning_curve(measured: Mapping[int, Sequence[DocumentLoss]], *, seed: int = 0) -> LearningCurve:
    """Points, intervals and verdict from the losses of each size on the same documents."""
    import numpy as np

    ordered = sorted(measured)
    names = [each.document for each in measured[ordered[0]]]
    rows = [{each.document: each for each in measured[size]} for size in ordered]
    nats = np.array([[row[name].nats for name in names] for row in rows])
    tokens = np.array([rows[0][name].tokens for name in names], dtype=float)
    dice = np.random.default_rng(seed)
    draws = dice.integers(0, len(names), (_RESAMPLES, len(names)))
    means = nats[:, draws].sum(axis=2) / tokens[draws].sum(axis=1)  # (sizes, resamples)
    losses = nats.sum(axis=1) / tokens.sum()
    low, high = np.quantile(means, [0.025, 0.975], axis=1)
    points = tuple(CurvePoint(size, float(losses[n]), float(low[n]), float(high[n])) for n, size in enumerate(ordered))
    # On the same documents: how much easier some are than others does not hide what changed.
    fell = tuple(float(value) for value in np.quantile(means[0] - means[-1], [0.025, 0.975]))
    if len(ordered) < 3 or len(names) < MIN_EXAMPLES:
        few = f"fewer than three sizes (from {_THREE_SIZES} examples on there are three)"
        why = few if len(ordered) < 3 else f"only {len(names)} documents to measure on"
        return LearningCurve(points, "cannot tell", None, _sentence("cannot tell", points, fell, why))
    gains = _gains(np.array(ordered, dtype=float), means)
    least, most = (float(value) for value in np.quantile(gains, [0.05, 0.95]))
    if least > WORTHWHILE:
        verdict = "will help"
    elif most < WORTHWHILE:
        verdict = "won't help"
    else:
        verdict = "cannot tell"
    why = _gain_in_words(least, most)
    return LearningCurve(points, verdict, (least, most), _sentence(verdict, points, fell, why))


def _gains(examples: Floats, means: Floats) -> Floats:
    """For each resample what twice the data would bring, by the best power law of each exponent, weighed alike.

    For a fixed exponent the law is a straight line in n^-power, fitted by least squares. With so few points many
    exponents fit about as well; each resample takes one of those within twice the least error, by turns.
    """
    import numpy as np

    n, y = examples, means
    fits = []
    for power in _POWERS:
        x = n**-power
        centred = x - x.mean()
        slope = centred @ y / (centred @ centred)
        error = ((y - y.mean(axis=0) - np.outer(centred, slope)) ** 2).sum(axis=0)
        fits.append((error, slope * (n[-1] ** -power - (2 * n[-1]) ** -power)))
    errors = np.array([error for error, _ in fits])
    gains = np.array([gain for _, gain in fits])
    good = errors <= 2 * errors.min(axis=0) + 1e-12
    chosen = np.array([np.flatnonzero(good[:, k])[k % good[:, k].sum()] for k in range(y.shape[1])])
    drawn: Floats = gains[chosen, np.arange(y.shape[1])]
    return drawn


def _gain_in_words(least: float, most: float) -> str:
    return f"twice as many would lower the loss by {least:.3f} to {most:.3f} nats a token"


def _sentence(verdict: str, points: Sequence[CurvePoint], fell: Sequence[float], why: str) -> str:
    head = {
        "will help": "More data will help",
        "won't help": "More data won't help",
        "cannot tell": "Cannot tell whether more data will help",
    }[verdict]
    first, last = points[0], points[-1]
    fall = f"from {first.examples} to {last.examples} examples loss went {first.loss:.2f} → {last.loss:.2f}"
    fall += f" (lower by {fell[0]:.2f} to {fell[1]:.2f}, 95 %)" if len(points) > 1 else ""
    return f"{head}: {fall}; {why}."
