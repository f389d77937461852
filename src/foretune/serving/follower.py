"""Keeps a switchboard at the release that is promoted."""

from __future__ import annotations

import threading
from collections.abc import Callable

from foretune.releases import Promotion
from foretune.serving.runtime import Runtime, Switchboard
from foretune.serving.words import in_words

__all__ = ["Follower"]

_SECONDS = 0.5
"""Between two looks at what is promoted: a read of one row."""


class Follower:
    """Brings each newly promoted release to life beside the old one, then exchanges them.

    A release that cannot be brought to life leaves the old one answering; it is
    tried again when something is promoted or rolled back, itself included.

    Args:
        seen: the promotion the switchboard's runtime came from.
        promoted: the promotion that counts now; cheap.
        build: brings the release with this id to life; slow.
        say: shows a sentence to whoever runs the server.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        seen: Promotion,
        *,
        promoted: Callable[[], Promotion | None],
        build: Callable[[str], Runtime],
        say: Callable[[str], None],
    ) -> None:
        self._switchboard, self._seen = switchboard, seen
        self._promoted, self._build, self._say = promoted, build, say
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="foretune-follower", daemon=True)

    def start(self) -> None:
        """Follow in a thread of its own, until :meth:`close`."""
        self._thread.start()

    def refresh(self) -> None:
        """Exchange the runtime now, where another release is promoted."""
        promotion = self._promoted()
        if promotion is None or promotion == self._seen:
            return
        if promotion.release_id != self._switchboard.current.release_id:
            self._change_to(promotion)
        else:
            self._seen = promotion

    def _change_to(self, promotion: Promotion) -> None:
        old = self._switchboard.current.name
        try:
            fresh = self._build(promotion.release_id)
        except Exception as error:  # whatever it is, the old release goes on answering
            self._seen = promotion
            self._say(f"The promoted release cannot answer, so {old} goes on answering: {in_words(error)}")
            return
        if self._promoted() != promotion:  # meanwhile it was rolled back, or another was promoted
            fresh.close()
            return
        self._seen = promotion
        self._switchboard.exchange(fresh)
        self._say(f"Release {fresh.name} answers from now on, instead of {old}.")

    def _follow(self) -> None:
        said = ""
        while not self._stop.wait(_SECONDS):
            try:
                self.refresh()
                said = ""
            except Exception as error:
                sentence = f"What is promoted cannot be read: {in_words(error)}"
                if sentence != said:
                    self._say(sentence)
                said = sentence

    def close(self) -> None:
        """Stop following, after an exchange that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
