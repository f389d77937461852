"""Several processes that train one adapter: each reads its share of every step, and their gradients are added up.

The loss of a step is divided by the labelled tokens of the whole step before anything is shared out, so the sum over
the team is the gradient of one process, to rounding. Whoever starts the processes sets the variables that torchrun,
``accelerate launch`` and Ray agree on (https://docs.pytorch.org/docs/stable/distributed.html): ``RANK``,
``WORLD_SIZE``, ``MASTER_ADDR``, ``MASTER_PORT``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from foretune.tuning.runtime import choose_device, torch

__all__ = ["ALONE", "Team", "team_from_environment"]

_T = TypeVar("_T")

_PATIENCE = timedelta(minutes=30)
"""How long one waits for the others: an evaluation of the first, or a checkpoint on a slow disk."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who else is training; of size 1 it does nothing."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, items: Sequence[_T]) -> Sequence[_T]:
        """This process's part of ``items``: every ``size``-th, so that lengths are spread evenly."""
        return items[self.rank :: self.size]

    def total(self, value: float) -> float:
        """The sum of the team's values."""
        if self.size == 1:
            return value
        summed = torch.tensor([value], dtype=torch.float64, device=choose_device())
        torch.distributed.all_reduce(summed)
        return float(summed.item())

    def add_up(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Replace each gradient by the sum over the team; in one message."""
        if self.size == 1:
            return
        gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        torch.distributed.all_reduce(flat)
        start = 0
        for parameter in parameters:
            parameter.grad = flat[start : start + parameter.numel()].view_as(parameter).clone()
            start += parameter.numel()


ALONE = Team()


@contextmanager
def team_from_environment() -> Iterator[Team]:
    """The team that the environment says this process is in; alone where it says nothing."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield Team(torch.distributed.get_rank(), size)
        torch.distributed.barrier()  # nobody leaves before the files are written
    finally:
        torch.distributed.destroy_process_group()
