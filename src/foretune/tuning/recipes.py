"""Which examples: all of them, or ten for a pilot.

Ten examples show that pairs, mask, training, export and engine fit together, in a minute
or two. They are never evidence of a voice or of knowledge.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from foretune.errors import NothingToDoError
from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.progress import Progress, silent
from foretune.tuning.chat import load_chat_tokenizer
from foretune.tuning.dev import DevQuestion
from foretune.tuning.memorisation import canaries
from foretune.tuning.run import Selection, run
from foretune.tuning.tokenize import Encoded, encode_examples, shorten
from foretune.tuning.types import AdapterResult, Dropped, Example
from foretune.tuning.weights import PLAIN, WeightFiles

__all__ = ["MIN_EXAMPLES", "PILOT_EVALUATION", "PILOT_EXAMPLES", "pilot", "spread", "tune"]

MIN_EXAMPLES = 10
"""Fewer say nothing, not even whether the plumbing works; vendors refuse them too."""

PILOT_EXAMPLES = 10
PILOT_EVALUATION = 4
"""Examples the pilot measures its loss on; each costs a third of a training example, every epoch."""


def tune(
    examples: Sequence[Example],
    *,
    base: ModelFiles,
    folder: Path,
    settings: TuningSettings,
    evaluation: Sequence[Example] = (),
    dev: Sequence[DevQuestion] = (),
    progress: Progress = silent,
    files: WeightFiles = PLAIN,
) -> AdapterResult:
    """Train a LoRA adapter for ``base`` on all ``examples`` that fit.

    Args:
        examples: conversations to learn; those over ``settings.max_tokens`` are set aside with a reason.
        base: the GGUF model that the engine runs.
        folder: gets ``adapter.gguf``, ``peft/`` and ``result.json``; while training, ``checkpoint.pt``.
            One folder holds one adapter. None of the files holds text, but an adapter can
            repeat what it learnt, so they are readable by their owner only.
        evaluation: examples that are never trained on; their loss is measured once an epoch.
        dev: bench questions that are asked once an epoch and that early stopping goes by.
        files: how checkpoints and weights are kept.

    Returns:
        The adapter. Called again with equal inputs, the one in ``folder``, at once; after an
        interruption, the one an undisturbed run would have made.

    Raises:
        NothingToDoError: fewer than :data:`MIN_EXAMPLES` examples can be trained on.
        ModelError: ``base`` cannot be tuned.
        InputError: the loss diverged, or the disk is too full.
    """
    own = sum(not example.replay for example in examples)
    if own < MIN_EXAMPLES:
        raise NothingToDoError(
            f"Tuning needs at least {MIN_EXAMPLES} pairs, and there are {own} to train on: "
            "add documents or keep more pairs."
        )
    examples = [*examples, *(canary.example for canary in canaries(settings.canaries, seed=settings.seed))]
    chat = load_chat_tokenizer(base.weights)
    encoded, dropped = encode_examples(examples, chat, max_tokens=settings.max_tokens)
    if len(encoded) < MIN_EXAMPLES:
        raise NothingToDoError(
            f"Tuning needs at least {MIN_EXAMPLES} pairs, and only {len(encoded)} of {len(examples)} fit (the first "
            f"of the others: {dropped[0].reason}): raise tuning.max_tokens in foretune.toml or lower pairs.max_words."
        )
    held_out, also_dropped = encode_examples(evaluation, chat, max_tokens=settings.max_tokens)
    return run(
        Selection(encoded, dropped=[*dropped, *also_dropped], evaluation=held_out),
        [*examples, *evaluation],
        chat=chat,
        base=base,
        folder=folder,
        settings=settings,
        progress=progress,
        dev=dev,
        files=files,
    )


def pilot(
    examples: Sequence[Example],
    *,
    base: ModelFiles,
    folder: Path,
    settings: TuningSettings,
    evaluation: Sequence[Example] = (),
    progress: Progress = silent,
    files: WeightFiles = PLAIN,
) -> AdapterResult:
    """Train a LoRA adapter on ten of ``examples``, of up to ``settings.pilot_tokens`` tokens.

    The ten are spread over the documents; the same examples give the same ten. Where fewer
    than ten are short enough, the shortest others are cut, which :attr:`AdapterResult.cut` says.
    Arguments, result and errors otherwise as for :func:`~foretune.tuning.tune`.
    """
    limit = settings.pilot_tokens
    examples = [example for example in examples if not example.replay]
    # A pilot that ended early would not show whether ten examples can be learnt by heart.
    settings = settings.model_copy(update={"early_stopping": 0})
    chat = load_chat_tokenizer(base.weights)
    encoded, dropped = encode_examples(examples, chat, max_tokens=settings.max_tokens)
    documents = {example.id: example.document for example in examples}
    fitting = [item for item in encoded if len(item.ids) <= limit]
    chosen = spread(fitting, documents, PILOT_EXAMPLES)
    cut: list[Dropped] = []
    for item in sorted((item for item in encoded if len(item.ids) > limit), key=lambda item: len(item.ids)):
        if len(chosen) == PILOT_EXAMPLES:
            break
        shortened = shorten(item, limit)
        if isinstance(shortened, Dropped):
            dropped.append(shortened)
        else:
            chosen.append(shortened)
            cut.append(Dropped(item.id, f"it has {len(item.ids)} tokens, and the pilot reads {limit}"))
    if len(chosen) < PILOT_EXAMPLES:
        raise NothingToDoError(
            f"The pilot needs {MIN_EXAMPLES} pairs, and {len(chosen)} of {len(examples)} can be trained on: "
            "add documents, keep more pairs, or raise tuning.pilot_tokens in foretune.toml."
        )
    held_out, _ = encode_examples(evaluation, chat, max_tokens=limit)
    documents |= {example.id: example.document for example in evaluation}
    return run(
        Selection(chosen, dropped, cut, evaluation=spread(held_out, documents, PILOT_EVALUATION)),
        [*examples, *evaluation],
        chat=chat,
        base=base,
        folder=folder,
        settings=settings,
        progress=progress,
        files=files,
    )


def spread(items: Sequence[Encoded], documents: dict[str, str], count: int) -> list[Encoded]:
    """``count`` of ``items`` from as many documents as possible, evenly over their order.

    First one of each document, then a second one of each, and so on.
    """
    by_document: dict[str, list[Encoded]] = {}
    for item in items:
        by_document.setdefault(documents[item.id], []).append(item)
    chosen: list[Encoded] = []
    for layer in range(max(map(len, by_document.values()), default=0)):
        candidates = [group[layer] for group in by_document.values() if layer < len(group)]
        wanted = min(count - len(chosen), len(candidates))
        chosen += [candidates[i * len(candidates) // wanted] for i in range(wanted)]
    return chosen
