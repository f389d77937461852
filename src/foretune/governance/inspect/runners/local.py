"""Units worked on by several processes of this machine at once, their results in order as if by one.

Each process gets the next unit when it has done one, so at most a few units are on
their way. Results go through pipes, never through files. A process that ends, ends the
inspection with a sentence; an interruption ends the processes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, Self, TypeVar

from foretune.corpus.records import Unit
from foretune.errors import ForetuneError
from foretune.governance.inspect.runners.registry import Make, answerable, runner
from foretune.governance.inspect.types import Plan

__all__ = ["Local", "cores"]

Result = TypeVar("Result")

_PAYS = 6
"""Units from which on it pays to start processes (each takes most of a second of processor time to start)."""
_AHEAD = 4
"""Units a process may be ahead of the slowest."""


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@runner("local")
class Local:
    """Processes of this machine.

    Args:
        processes: How many; by default one a core. One, or few units: the work is done in this process.
    """

    def __init__(self, processes: int | None) -> None:
        self._processes = processes or cores()

    def results(self, make: Make[Result], plan: Plan, units: Iterator[Unit]) -> Iterator[tuple[Unit, Result]]:
        """What workers make of all units, in order.

        Raises:
            ForetuneError: a process ended, or what a worker raised.
        """
        first = deque(unit for _, unit in zip(range(_PAYS), units, strict=False))
        if self._processes > 1 and len(first) == _PAYS:
            yield from _in_processes(make, plan, _then(first, units), self._processes)
            return
        with make(plan) as worker:
            for unit in _then(first, units):
                for result in worker.run(unit):
                    yield unit, result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _then(first: deque[Unit], rest: Iterator[Unit]) -> Iterator[Unit]:
    while first:
        yield first.popleft()
    yield from rest


def _in_processes(
    make: Make[Result], plan: Plan, units: Iterator[Unit], processes: int
) -> Iterator[tuple[Unit, Result]]:
    # A fresh interpreter each: what is forked with threads running can stop dead.
    context = multiprocessing.get_context("spawn")
    running: list[Any] = []
    working: dict[Connection, int | None] = {}  # the number of the unit each works on
    done: dict[int, deque[Any]] = {}
    waiting: dict[int, Unit] = {}
    turn, exhausted = 0, False
    try:
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, make, plan), daemon=True)
            with _interruptions_held():
                process.start()
            theirs.close()
            running.append(process)
            working[ours] = None
        while True:
            for pipe in [pipe for pipe, number in working.items() if number is None]:
                # One that is slow must not make the others pile up results.
                if exhausted or len(waiting) >= _AHEAD * processes:
                    break
                unit = next(units, None)
                if unit is None:
                    exhausted = True
                    break
                pipe.send(unit)
                working[pipe], waiting[unit.number], done[unit.number] = unit.number, unit, deque()
            busy = [pipe for pipe, number in working.items() if number is not None]
            if not busy:
                return
            ready = wait(busy)
            for pipe in busy:
                if pipe not in ready:
                    continue
                answer = _received(pipe)
                number = working[pipe]
                assert number is not None
                if answer is None:
                    working[pipe] = None
                else:
                    done[number].append(answer)
            while turn in waiting:
                while done[turn]:
                    yield waiting[turn], done[turn].popleft()
                if turn in working.values():
                    break
                del waiting[turn], done[turn]
                turn += 1
    finally:
        for process in running:
            process.kill()
        for process in running:
            process.join()
        for pipe in working:
            pipe.close()


@contextmanager
def _interruptions_held() -> Iterator[None]:
    """What is started inside never sees Ctrl-C, which is for the process that started it; that one sees it after."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _received(pipe: Connection) -> Any:
    try:
        answer = pipe.recv()
    except (EOFError, ConnectionResetError):
        raise ForetuneError(
            "A process that read documents ended: most likely the machine is short of memory. "
            "Close other programs, or use --processes 1."
        ) from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _serve(pipe: Connection, make: Make[Any], plan: Plan) -> None:
    """A process: a unit in, its results out, then None; until the pipe is closed."""
    with make(plan) as worker:
        while True:
            try:
                unit = pipe.recv()
            except EOFError:
                return
            try:
                for result in worker.run(unit):
                    pipe.send(result)
                pipe.send(None)
            except BrokenPipeError:
                return
            except Exception as error:
                pipe.send(answerable(error))
