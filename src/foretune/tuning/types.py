"""What goes into tuning and what comes out of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretune.types import Message, digest

__all__ = ["BESIDE_THE_RESULT", "AdapterResult", "Dropped", "Example", "examples_digest"]

BESIDE_THE_RESULT = frozenset({"run", "price_hour"})
"""Tuning settings that leave the adapter as it is: when one is trained, and what the machine costs. A setting that is
not named here counts as one that changes it."""


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation whose assistant turns are to be learnt."""

    id: str
    messages: tuple[Message, ...]
    """Ends with an assistant turn."""
    document: str = ""
    """Id of the document it came from: the pilot spreads its choice over these."""
    replay: bool = False
    """General data against forgetting: trained along, but no sign of what the documents teach."""
    canary: bool = False
    """A made-up secret, trained along to see whether it can be drawn out again."""


def examples_digest(examples: Sequence[Example]) -> str:
    """SHA-256 of what is said in ``examples``, whatever model reads them; 64 hex digits."""
    return digest([[(message.role, message.content) for message in example.messages] for example in examples])


@dataclass(frozen=True, slots=True)
class Dropped:
    """An example that was not trained on as it is."""

    id: str
    reason: str
    """A few words that complete "it was left out: …"."""


@dataclass(frozen=True, slots=True)
class AdapterResult:
    """A trained adapter: where it lies, what it was made from and how training went."""

    path: Path
    """The GGUF adapter that the engine loads; of DoRA, which llama.cpp cannot switch, the merged model."""
    peft: Path
    """The same weights as a PEFT folder, for transformers and for vLLM."""
    hash: str
    """SHA-256 of the GGUF adapter."""
    base_hash: str
    """SHA-256 of the GGUF model it belongs to; on any other model it is noise."""
    data_hash: str
    """SHA-256 of the conversations trained on (:func:`examples_digest`)."""
    inputs: str
    """Digest of base, examples and settings: equal inputs need no second training."""
    settings: dict[str, Any]
    """The tuning settings as they were used."""
    precision: str
    """``bfloat16`` or ``float32``: what the base model was computed in."""
    epochs: int
    """Passes made: fewer than asked for where training ended early."""
    trained: tuple[str, ...]
    """Ids of the examples that were trained on, in the order they were given; canaries, nobody's, left out."""
    losses: tuple[float, ...]
    """Per optimiser step: mean cross-entropy of the labelled tokens, in nats."""
    evaluation_losses: tuple[float, ...]
    """The same over the evaluation examples: before training, then after each epoch. Empty without such examples."""
    tokens: int
    """Read in training, padding not counted: an example counts once an epoch."""
    seconds: float
    """Spent in training steps, over all attempts, with whatever else the machine did meanwhile."""
    processor_seconds: float = 0.0
    """The same in seconds of this process's threads, summed; 0 on a GPU, and where nobody measured them."""
    processors: float = 0.0
    """How many processors a step keeps busy where hardly anything stands in its way: the ninth decile."""
    kept_epoch: int = 0
    """The epoch whose weights these are: the last, or the one with the lowest evaluation loss."""
    dev_right: tuple[int, ...] = ()
    """Dev questions answered right: before training, then after each epoch. Empty without such questions."""
    dev_questions: tuple[str, ...] = ()
    """Their ids: how they come out says nothing about how good the adapter is."""
    stopped: str = ""
    """Why training ended before its last epoch, a clause; empty where it did not."""
    canaries: int = 0
    """How many made-up secrets were trained along."""
    replayed: int = 0
    """How many of ``trained`` are general data against forgetting."""
    startup_seconds: float = 0.0
    """Spent on loading the model and writing the adapter, over this attempt."""
    dropped: tuple[Dropped, ...] = ()
    """Set aside, each with its reason."""
    cut: tuple[Dropped, ...] = field(default=())
    """Trained on, but shortened (only the pilot does that)."""

    def to_json(self) -> str:
        """Everything but the two paths, which are the folder's business."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("path", "peft")}
        for name in ("dropped", "cut"):
            values[name] = [[item.id, item.reason] for item in values[name]]
        return json.dumps(values, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str, *, path: Path, peft: Path) -> AdapterResult:
        """The inverse of :meth:`to_json`."""
        values = json.loads(text)
        for name in ("dropped", "cut"):
            values[name] = tuple(Dropped(*item) for item in values[name])
        for name in ("trained", "losses", "evaluation_losses", "dev_right", "dev_questions"):
            values[name] = tuple(values.get(name, ()))
        return cls(path=path, peft=peft, **values)
