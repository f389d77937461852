"""What each way costs and gives, with this project's numbers where there are some.

What was measured in this project, where it was; else first estimates from
measurements on two processor cores with the packaged models: a larger model
takes longer in proportion to its parameters.
"""

from __future__ import annotations

from foretune.plan.advice.types import Case, CorpusFacts, TradeOff
from foretune.plan.config import Config
from foretune.progress import duration

__all__ = ["TOKENS_PER_WORD", "tradeoffs", "trained_tokens"]

TOKENS_PER_WORD = 4 / 3
"""Three quarters of an English word a token (OpenAI, what are tokens)."""
PASSAGES_PER_SECOND = 23
"""Passages of 256 tokens embedded a second: all-MiniLM-L6-v2, fp32 ONNX, two cores (measured 22 to 25)."""
REFERENCE_PARAMETERS = 134_515_008
"""Of SmolLM2-135M, on which the two speeds below were measured; another model's are in proportion to its own."""
TRAINED_TOKENS_PER_SECOND = 166.0
"""Before a pilot has measured it here: SmolLM2-135M, LoRA rank 16 on all linear layers, two cores, bfloat16 (measured:
12,800 tokens in 77 s, docs/results.md)."""
READ_TOKENS_PER_SECOND = 290
"""Prompt tokens SmolLM2-135M reads a second, Q4_1, two threads (measured)."""


def tradeoffs(case: Case) -> tuple[TradeOff, ...]:
    """What people weigh, one row each; none while there are no documents to weigh it by."""
    if not case.facts.included:
        return ()
    config, facts = case.config, case.facts
    context, window = config.retrieval.context_tokens, config.engine.context
    whole = round(facts.words * TOKENS_PER_WORD)
    fits = whole < window
    indexing = _duration(
        facts.words / config.retrieval.passage_words / PASSAGES_PER_SECOND
        if facts.indexing_seconds is None
        else facts.indexing_seconds
    )
    smaller = REFERENCE_PARAMETERS / (facts.model_parameters or REFERENCE_PARAMETERS)
    here = config.engine.kind == "llama"
    speed = facts.training_tokens_per_second or TRAINED_TOKENS_PER_SECOND * smaller
    training = _duration(trained_tokens(config, facts) / speed) if here else "as long as the service takes"

    def read(tokens: int) -> str:
        return f": {_duration(tokens / READ_TOKENS_PER_SECOND / smaller)}" if here else ""

    reading = f"reads up to {context:,} tokens more{read(context)}"
    more = f"up to {context:,} tokens more an answer{_price(context, config.engine.price_in)}"
    stale = {"daily": "a day", "weekly": "a week", "monthly": "a month", "yearly": "a year"}.get(config.process.cadence)
    again = f"train again, {training}; stale after {stale}" if stale else f"train again, {training}, when they change"
    return (
        TradeOff(
            "to build",
            prompt="write the prompt: minutes",
            retrieval=f"index: {indexing}",
            tuning=f"write and review pairs, then train: {training}",
            both=f"index: {indexing}; pairs; train: {training}",
        ),
        TradeOff(
            "to run",
            prompt=f"{whole:,} tokens more an answer"
            if fits
            else f"{whole:,} tokens do not fit the window of {window:,}",
            retrieval=more,
            tuning="nothing more an answer",
            both=more,
        ),
        TradeOff(
            "to update",
            prompt="paste the new text",
            retrieval="only what changed, within seconds",
            tuning=again,
            both=f"the index within seconds; the adapter: {again}",
        ),
        TradeOff(
            "speed",
            prompt=f"reads everything each time{read(whole)}" if fits else "–",
            retrieval=reading,
            tuning="as fast as the model itself",
            both=reading,
        ),
        TradeOff(
            "privacy",
            prompt="whoever asks can see all of it",
            retrieval="labels apply before the search; what is erased is gone at once",
            tuning="whoever asks may draw out what was trained in; erasing means training again",
            both="retrieved text as with retrieval, trained text as with tuning",
        ),
        TradeOff(
            "another model",
            prompt="any with a window that large",
            retrieval="any, nothing to do again",
            tuning="train again: an adapter fits one model only",
            both="the index stays; train again",
        ),
        TradeOff(
            "citations",
            prompt="as far as the model keeps to them",
            retrieval="yes, to the passage",
            tuning="no",
            both="yes, for what was retrieved",
        ),
    )


def trained_tokens(config: Config, facts: CorpusFacts) -> float:
    """Tokens of all passes over the texts."""
    wanted = config.tuning.epochs
    pairs = max(facts.for_tuning, 1)
    # The OpenAI cookbook's rule: 3 epochs, more for fewer than 34 examples.
    epochs = wanted or (3 if pairs * 3 >= 100 else min(25, 100 // pairs))
    return facts.words * TOKENS_PER_WORD * (facts.for_tuning / max(facts.included, 1)) * epochs


def _price(context: int, price_in: float) -> str:
    """What the retrieved tokens of a thousand answers cost, where the plan has a price."""
    return f", {context * 1000 / 1e6 * price_in:,.2f} per 1,000 answers" if price_in else ""


def _duration(seconds: float) -> str:
    return f"about {duration(seconds)}" if seconds >= 1 else duration(seconds)
