"""What all engines share: the call by parameters, and many requests at once."""

from __future__ import annotations

import contextlib
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from foretune.engines.types import Capability, Completion, EngineInfo, Request
from foretune.errors import EngineError
from foretune.types import Message

__all__ = ["BaseEngine", "run_many"]

T = TypeVar("T")

_WORDS = {
    Capability.GRAMMAR: "follow a grammar",
    Capability.ADAPTER: "load an adapter file",
    Capability.LOGPROBS: "report probabilities",
}


class BaseEngine(ABC):
    """An engine needs to answer one request, as a stream; the rest follows."""

    parallel: int = 1
    """Requests answered at the same time."""

    @abstractmethod
    def info(self) -> EngineInfo: ...

    @abstractmethod
    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        """Answer piece by piece; the completion comes last."""

    @abstractmethod
    def count_tokens(self, text: str) -> int: ...

    @abstractmethod
    def close(self) -> None: ...

    def run(self, request: Request) -> Completion:
        for piece in self.run_stream(request):
            if isinstance(piece, Completion):
                return piece
        raise EngineError(f"The language model {self.info().name} broke off in mid-answer: ask again.")

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        return run_many(self.run, requests, self.parallel)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        schema: Mapping[str, Any] | None = None,
        grammar: str | None = None,
        adapter: Path | None = None,
        stop: Sequence[str] = (),
        logprobs: int = 0,
    ) -> Completion:
        return self.run(
            Request(tuple(messages), max_tokens, temperature, seed, schema, grammar, adapter, tuple(stop), logprobs)
        )

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        schema: Mapping[str, Any] | None = None,
        grammar: str | None = None,
        adapter: Path | None = None,
        stop: Sequence[str] = (),
        logprobs: int = 0,
    ) -> Iterator[str | Completion]:
        return self.run_stream(
            Request(tuple(messages), max_tokens, temperature, seed, schema, grammar, adapter, tuple(stop), logprobs)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _require(self, request: Request) -> None:
        """Refuse what this engine cannot do (a schema can always be asked for in words)."""
        info = self.info()
        asked = {
            Capability.GRAMMAR: request.grammar is not None,
            Capability.ADAPTER: request.adapter is not None,
            Capability.LOGPROBS: request.logprobs > 0,
        }
        for capability, wanted in asked.items():
            if wanted and capability not in info.capabilities:
                raise EngineError(
                    f"The engine {info.kind} ({info.name}) cannot {_WORDS[capability]}: "
                    "use a model on this machine (engine.kind = llama)."
                )


_LOOK = 0.5
"""Seconds. A signal that comes just before a wait without end does not interrupt it (CPython sees it afterwards)."""


def _next(done: queue.SimpleQueue[T]) -> T:
    """What comes next, with an ear for Ctrl-C."""
    while True:
        with contextlib.suppress(queue.Empty):
            return done.get(timeout=_LOOK)


def run_many(
    run: Callable[[Request], Completion], requests: Sequence[Request], workers: int
) -> Iterator[tuple[int, Completion]]:
    """Run each request, ``workers`` at a time; one worker means in order, in the calling thread.

    The threads are daemons: after Ctrl-C nothing waits for an answer that nobody will read.
    """
    if workers <= 1:
        for number, request in enumerate(requests):
            yield number, run(request)
        return
    stop = threading.Event()
    todo: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Completion | BaseException]] = queue.SimpleQueue()
    for number in range(len(requests)):
        todo.put(number)

    def work() -> None:
        while not stop.is_set():
            try:
                number = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((number, run(requests[number])))
            except BaseException as error:  # carried to the caller's thread
                stop.set()
                done.put((number, error))

    for _ in range(min(workers, len(requests))):
        threading.Thread(target=work, name="foretune-engine", daemon=True).start()
    try:
        for _ in requests:
            number, outcome = _next(done)
            if isinstance(outcome, BaseException):
                raise outcome
            yield number, outcome
    finally:
        stop.set()
