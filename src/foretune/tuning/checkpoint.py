"""Where training stands, on disk: weights, optimiser, dice and position, and no word of the examples."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foretune.errors import VaultError
from foretune.tuning.runtime import torch
from foretune.tuning.weights import PLAIN, WeightFiles

__all__ = ["Checkpoint", "Position"]


@dataclass(slots=True)
class Position:
    """How far training has come."""

    epoch: int = 0
    """Epochs that are complete."""
    step: int = 0
    """Optimiser steps that are complete in the epoch under way."""
    losses: list[float] = field(default_factory=list)
    evaluation_losses: list[float] = field(default_factory=list)
    dev_right: list[int] = field(default_factory=list)
    """Dev questions answered right: before training, then after each complete epoch."""
    kept: dict[str, torch.Tensor] = field(default_factory=dict)
    """The adapter after :attr:`kept_epoch`, by parameter name."""
    kept_epoch: int = 0
    """The complete epoch that was best (:func:`~foretune.tuning.train.train`); without evaluation the last. 0: none."""
    stopped: str = ""
    """Why training ended before its last epoch, a clause; empty where it did not."""
    tokens: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    """Of all threads; stays 0 on a GPU."""
    processors: list[float] = field(default_factory=list)
    """Per optimiser step: how many it kept busy."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The file, and the inputs it is valid for."""

    path: Path
    inputs: str
    """Digest of base, examples and settings; a file made from others is ignored."""
    files: WeightFiles = PLAIN

    def save(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, position: Position) -> None:
        """Replace the file; a kill at any moment leaves the old one or the new one."""
        state = {
            "inputs": self.inputs,
            "position": {name: getattr(position, name) for name in Position.__dataclass_fields__},
            "weights": {name: value for name, value in model.named_parameters() if value.requires_grad},
            "optimizer": optimizer.state_dict(),
            "dice": torch.get_rng_state(),
            "gpu_dice": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }
        with self.files.writing(self.path) as stream:
            torch.save(state, stream)

    def restore(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Position:
        """Load the file into model, optimiser and dice; a fresh position where there is none."""
        state = self._read()
        if state is None:
            return Position()
        parameters = dict(model.named_parameters())
        with torch.no_grad():
            for name, value in state["weights"].items():
                parameters[name].copy_(value)
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["dice"])
        if state["gpu_dice"]:
            torch.cuda.set_rng_state_all(state["gpu_dice"])
        return Position(**state["position"])

    def remove(self) -> None:
        """Training is over."""
        self.files.remove(self.path)

    def _read(self) -> dict[str, Any] | None:
        # weights_only: a checkpoint is data and may not run code. One that is damaged or was
        # made from other inputs costs a new start and nothing else.
        try:
            with self.files.reading(self.path) as stream:
                state: dict[str, Any] = torch.load(stream, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, pickle.UnpicklingError, VaultError):
            return None
        return state if state.get("inputs") == self.inputs else None
