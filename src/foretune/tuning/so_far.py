"""The adapter of a training that is under way, to be asked before it is over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.tuning.base import architecture_of
from foretune.tuning.export_gguf import export_gguf
from foretune.tuning.run import effective_alpha
from foretune.tuning.runtime import torch

__all__ = ["SoFar", "adapter_so_far"]


@dataclass(frozen=True, slots=True)
class SoFar:
    """How far it has come."""

    path: Path
    """The GGUF adapter."""
    steps: int
    tokens: int
    """Read in training, padding not counted."""
    seconds: float
    """Spent in training steps."""


def adapter_so_far(checkpoint: Path, path: Path, *, base: ModelFiles, settings: TuningSettings) -> SoFar | None:
    """Write the weights of ``checkpoint`` as the GGUF adapter ``path``; None where there is no checkpoint yet.

    The learning rate has not come down yet, so the adapter is a little worse than one that ended here would be.
    """
    from transformers.integrations.gguf.reader import read_gguf_metadata

    if not checkpoint.exists():
        return None
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    metadata, _ = read_gguf_metadata(str(base.weights))
    architecture = architecture_of(metadata, base.weights)
    export_gguf(
        {name.replace(".default.", "."): value for name, value in state["weights"].items()},
        path,
        architecture=architecture,
        heads=metadata[f"{architecture.name}.attention.head_count"],
        key_value_heads=metadata[f"{architecture.name}.attention.head_count_kv"],
        alpha=effective_alpha(settings),
        base_hash=base.hash,
    )
    position = state["position"]
    return SoFar(path, len(position["losses"]), position["tokens"], position["seconds"])
