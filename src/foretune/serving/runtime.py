"""What answers a request, and how it is exchanged without dropping one."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from foretune.retrieval import DocumentFilter
from foretune.types import Message
from foretune.vault import Principal

__all__ = ["Asked", "Reply", "Runtime", "Switchboard"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A conversation that waits for an answer; the last message is the user's."""

    messages: tuple[Message, ...]
    max_tokens: int | None = None
    """None for what the release takes by itself."""
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    filters: tuple[DocumentFilter, ...] = ()
    """Documents may be answered from only where these let them through."""
    principal: Principal | None = None
    """Who asks, and so what may be answered from; None for whoever serves."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished answer."""

    text: str
    outcome: str
    citations: tuple[Mapping[str, Any], ...]
    tokens_in: int
    tokens_out: int
    finish: str = "stop"
    """``stop``, ``length`` or ``content_filter``."""
    passages: tuple[str, ...] = ()
    """What it was made from, as the audit log names it."""


class Runtime(Protocol):
    """A release that can be asked, from several threads."""

    @property
    def release_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    def stream(self, asked: Asked) -> Generator[str | Reply, None, None]:
        """Pieces of the answer as they come; the last item is the whole :class:`Reply`."""

    def close(self) -> None: ...


class _Lease:
    """A runtime and how many requests hold it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.users = 0
        self.retired = False


class Switchboard:
    """Hands out the current runtime; one that was exchanged is closed by its last user."""

    def __init__(self, runtime: Runtime) -> None:
        self._lock = threading.Lock()
        self._lease = _Lease(runtime)

    @property
    def current(self) -> Runtime:
        """The current runtime, to be named; :meth:`runtime` is for asking it."""
        return self._lease.runtime

    @contextmanager
    def runtime(self) -> Iterator[Runtime]:
        """The current runtime, kept alive until the block ends."""
        with self._lock:
            lease = self._lease
            lease.users += 1
        try:
            yield lease.runtime
        finally:
            with self._lock:
                lease.users -= 1
                last = lease.retired and lease.users == 0
            if last:
                lease.runtime.close()

    def exchange(self, fresh: Runtime) -> None:
        """Hand out ``fresh`` from now on; who holds the old one keeps it."""
        with self._lock:
            old, self._lease = self._lease, _Lease(fresh)
            old.retired = True
            unused = old.users == 0
        if unused:
            old.runtime.close()

    def close(self) -> None:
        """Close the current runtime, whoever uses it."""
        self._lease.runtime.close()
