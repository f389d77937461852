"""What a runner is, and which there are."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Protocol, Self, TypeVar

from foretune.corpus.records import Unit
from foretune.errors import ForetuneError, InputError
from foretune.governance.inspect.types import Plan

__all__ = ["Make", "Runner", "Worker", "answerable", "runner", "started"]

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Worker(Protocol[Result_co]):
    """Does the work, one unit after the other. A context manager."""

    def run(self, unit: Unit) -> Iterator[Result_co]: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


Make = Callable[[Plan], Worker[Result_co]]
"""A class or function, which another process can import by its name."""


class Runner(Protocol):
    """Shares units out to workers. A context manager: what it starts lives as long as it."""

    def results(self, make: Make[Result], plan: Plan, units: Iterator[Unit]) -> Iterator[tuple[Unit, Result]]:
        """What workers make of all units, in order. The next call comes when this one is used up."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


Start = Callable[[int | None], Runner]
"""From the number of processes; None: as many as there are processors."""

_runners: dict[str, Start] = {}


def runner(name: str) -> Callable[[Start], Start]:
    """Register what makes a runner."""

    def register(start: Start) -> Start:
        _runners[name] = start
        return start

    return register


def started(name: str, processes: int | None) -> Runner:
    """The runner with this name.

    Raises:
        InputError: there is no such runner.
    """
    if name not in _runners:
        raise InputError(f"There is no runner called {name!r}: choose from {', '.join(_runners)}.")
    return _runners[name](processes)


def answerable(error: Exception) -> Exception:
    """What a worker sends back in place of an error: the lines of code, without words of a document."""
    if isinstance(error, ForetuneError):
        return error
    lines = "".join(traceback.format_tb(error.__traceback__))
    return RuntimeError(f"{type(error).__name__} in a process that reads documents\n{lines}")
