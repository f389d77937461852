"""An audit event for each answer, written beside the answering.

Whoever changes the vault meanwhile holds its write lock, sometimes for long. So
events are handed to one thread, which writes what has come together in one
transaction, and waits where it has to: an answer never does.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from foretune.serving.words import in_words
from foretune.vault import Vault, now

__all__ = ["Journal"]

_RETRY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Entry:
    action: str
    subject: str
    actor: str
    detail: Mapping[str, Any]


class Journal:
    """Records that a release answered, whom, from which passages, and how that ended; never what was said.

    Args:
        say: shows a sentence to whoever runs the server.
    """

    def __init__(self, vault: Vault, say: Callable[[str], None]) -> None:
        self._vault, self._say = vault, say
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._pending: list[_Entry] = []
        self._trouble = ""
        self._thread = threading.Thread(target=self._work, name="foretune-journal", daemon=True)
        self._thread.start()

    def record(self, release_id: str, outcome: str, who: str = "", passages: tuple[str, ...] = ()) -> None:
        """Leave an event ``serving.answer``; does not wait.

        Args:
            who: asked; empty for whoever serves.
            passages: what the answer was made from.
        """
        detail = {"outcome": outcome, "at": now(), "passages": list(passages)}
        self._queue.put(_Entry("serving.answer", release_id, who, detail))

    def refuse(self) -> None:
        """Leave an event ``access.refuse`` of a request without a right key; does not wait."""
        self._queue.put(_Entry("access.refuse", "api", "unknown", {"deed": "ask", "at": now()}))

    def close(self) -> None:
        """Write what is left."""
        self._queue.put(None)
        self._thread.join()
        if self._pending:
            self._say(f"{len(self._pending)} answers are missing in the audit log: {self._trouble}")

    def _work(self) -> None:
        going = True
        while going:
            going = self._take()
            if self._pending:
                self._write()

    def _take(self) -> bool:
        """Wait for events, or until it is time to try again; False when it is the last time."""
        try:
            entry = self._queue.get(timeout=_RETRY_SECONDS if self._pending else None)
            while entry is not None:
                self._pending.append(entry)
                entry = self._queue.get_nowait()
        except queue.Empty:
            return True
        return False

    def _write(self) -> None:
        try:
            with self._vault.logging() as connection:
                for entry in self._pending:
                    self._vault.record(connection, entry.action, entry.subject, entry.detail, actor=entry.actor or None)
        except Exception as error:  # kept and tried again: answering goes on
            if not self._trouble:
                self._say(f"Answers wait to be recorded in the audit log: {in_words(error)}")
            self._trouble = in_words(error)
        else:
            self._pending.clear()
            self._trouble = ""
