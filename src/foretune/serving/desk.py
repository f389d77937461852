"""Answers made in threads, handed to the event loop piece by piece.

An answer has one thread from its first piece to its last. (A pool that is asked
for one piece at a time can deadlock: its threads wait for the engine, and the
answer that holds the engine waits for a thread.) Pieces are queued, so that a
client that reads slowly does not keep the engine from the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from foretune.serving.runtime import Asked, Reply, Runtime, Switchboard

__all__ = ["Begun", "Desk", "Piece"]

_PLACES = 32
"""Answers made at the same time; the others wait in order."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The answer is being made, by this release."""

    release: str


Piece = Begun | str | Reply
_Item = Piece | Exception | None


class Desk:
    """Takes requests in the event loop and has them answered.

    Args:
        record: told release id, outcome, who asked (empty for whoever serves) and passages of each answer of which
            something was given out.
    """

    def __init__(self, switchboard: Switchboard, record: Callable[[str, str, str, tuple[str, ...]], None]) -> None:
        self._switchboard, self._record = switchboard, record
        self._places = asyncio.Semaphore(_PLACES)
        self.under_way = 0
        """Requests that are not answered to the end."""

    @property
    def release(self) -> str:
        """Name of the release that answers now."""
        return self._switchboard.current.name

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """Which release answers, the pieces of the answer, and the whole; close it to cancel.

        Raises:
            ForetuneError: the release could not answer.
        """
        self.under_way += 1
        left = threading.Event()
        try:
            await self._places.acquire()
            pieces = self._start(asked, left)
            while (item := await pieces.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            left.set()
            self.under_way -= 1

    def _start(self, asked: Asked, left: threading.Event) -> asyncio.Queue[_Item]:
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[_Item] = asyncio.Queue()

        def give(item: _Item) -> None:
            # The loop is gone when the server was told twice to stop.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(pieces.put_nowait, item)

        def work() -> None:
            try:
                with self._switchboard.runtime() as runtime:
                    self._make(runtime, asked, left, give)
            except Exception as error:  # carried to whoever waits for the answer
                give(error)
            finally:
                give(None)
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._places.release)

        threading.Thread(target=work, name="foretune-answer", daemon=True).start()
        return pieces

    def _make(self, runtime: Runtime, asked: Asked, left: threading.Event, give: Callable[[_Item], None]) -> None:
        give(Begun(runtime.name))
        given, outcome = False, "cut_short"
        passages: tuple[str, ...] = ()
        who = asked.principal.name if asked.principal else ""
        try:
            with contextlib.closing(runtime.stream(asked)) as pieces:
                for piece in pieces:
                    if left.is_set():
                        break
                    given = True
                    if isinstance(piece, Reply):
                        outcome, passages = piece.outcome, piece.passages
                    give(piece)
        finally:
            if given:
                self._record(runtime.release_id, outcome, who, passages)
