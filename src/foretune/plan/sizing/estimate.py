"""All of it for one model, one corpus and one piece of hardware."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from foretune.plan.advice.tradeoffs import TOKENS_PER_WORD, trained_tokens
from foretune.plan.advice.types import CorpusFacts
from foretune.plan.config import Config
from foretune.plan.intent import intent
from foretune.plan.sizing.costs import AnswerCost, answer_costs
from foretune.plan.sizing.hardware import Hardware
from foretune.plan.sizing.inference import InferenceSize, inference_sizes, largest_that_fits
from foretune.plan.sizing.shape import ModelShape
from foretune.plan.sizing.training import Method, training_memory, training_seconds
from foretune.types import Arm

__all__ = ["ArmTokens", "Sizing", "TrainingSize", "size"]

QUESTION_TOKENS = 37
"""A question with the instructions around it (measured: the example's bench, arm base, docs/results.md)."""
HEADROOM = 1.25
"""What to plan for above the formula of training memory, which is mostly a little low."""

ArmTokens = dict[Arm | str, tuple[int, int]]
"""Tokens read and written by one answer of each arm."""


@dataclass(frozen=True, slots=True)
class TrainingSize:
    """One way of training."""

    method: Method
    tokens: int
    """Of all passes."""
    memory: float
    """Bytes, with a quarter more than the formula says."""
    fits: bool
    seconds: float | None
    money: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What it takes; None is missing, never nothing."""

    model: str
    parameters: int
    hardware: str
    memory: float
    """Of the hardware, in bytes."""
    source: str
    """Where the hardware's figures are from."""
    currency: str
    price_per_hour: float | None
    price_source: str
    price_date: str
    corpus_tokens: int
    training: tuple[TrainingSize, ...]
    inference: tuple[InferenceSize, ...]
    answers: tuple[AnswerCost, ...]

    @property
    def largest(self) -> InferenceSize | None:
        """The finest quantisation that fits."""
        return largest_that_fits(self.inference)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"largest": self.largest.quantisation if self.largest else None}


def size(
    config: Config, facts: CorpusFacts, shape: ModelShape, hardware: Hardware, *, name: str = "", weights: float = 0.0
) -> Sizing:
    """Size training, running and answering.

    Args:
        name: of the model, for people.
        weights: bytes of the model's file; 0: as the finest quantisation that fits.
    """
    sizes = inference_sizes(shape, hardware, context=config.engine.context)
    best = largest_that_fits(sizes) or sizes[0]
    return Sizing(
        name or config.engine.model,
        shape.parameters,
        hardware.name,
        hardware.memory,
        hardware.cited,
        hardware.currency,
        hardware.price_per_hour,
        hardware.price_source,
        hardware.price_date.isoformat() if hardware.price_date else "",
        round(facts.words * TOKENS_PER_WORD),
        tuple(_training(method, config, facts, shape, hardware) for method in Method),
        sizes,
        answer_costs(
            _tokens(config, facts),
            engine=config.engine,
            parameters=shape.parameters,
            weights=weights or best.weights,
            hardware=hardware,
        ),
    )


def _training(
    method: Method, config: Config, facts: CorpusFacts, shape: ModelShape, hardware: Hardware
) -> TrainingSize:
    settings = config.tuning
    tokens = trained_tokens(config, facts)
    # No longer than the documents are, nor than what tuning takes.
    length = min(settings.max_tokens, max(round(facts.mean_words * TOKENS_PER_WORD), 1))
    memory = HEADROOM * training_memory(
        shape, method, rank=settings.rank, batch=settings.batch_size, tokens=settings.max_tokens
    )
    seconds, note = (
        training_seconds(shape, method, hardware, tokens=tokens, length=length, batch=settings.batch_size),
        "",
    )
    if method is Method.QLORA and hardware.is_here:
        seconds, note = None, "four-bit training needs a GPU"
    return TrainingSize(
        method, round(tokens), memory, memory <= hardware.memory, seconds, hardware.money(seconds), note
    )


def _tokens(config: Config, facts: CorpusFacts) -> ArmTokens:
    written = config.bench.max_answer_tokens
    if intent(config).voice and not intent(config).facts:
        # A draft is as long as the texts it was learned from.
        written = min(max(round(facts.mean_words * TOKENS_PER_WORD), written), config.tuning.max_tokens)
    retrieved = QUESTION_TOKENS + config.retrieval.context_tokens
    tokens: ArmTokens = {
        Arm.BASE: (QUESTION_TOKENS, written),
        Arm.RAG: (retrieved, written),
        Arm.TUNED: (QUESTION_TOKENS, written),
        Arm.TUNED_RAG: (retrieved, written),
    }
    whole = round(facts.words * TOKENS_PER_WORD)
    if 0 < whole < config.engine.context:
        tokens["everything in the prompt"] = (QUESTION_TOKENS + whole, written)
    return tokens
