"""How long work tells people where it is: one protocol, rendered by the terminal, the web or nobody.

>>> with silent.step("embedding", total=3, unit="passages") as step:
...     step.advance()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Progress", "Step", "silent"]


class Step(Protocol):
    """One bar: a piece of work whose items are counted."""

    def advance(self, items: int = 1) -> None:
        """Say that ``items`` more are done and safely written."""

    def note(self, text: str) -> None:
        """Show a few words beside the bar (never document text)."""


class Progress(Protocol):
    """Opens bars; ``total`` is None where the number of items is unknown beforehand."""

    def step(self, name: str, *, total: int | None, unit: str) -> AbstractContextManager[Step]: ...


class _SilentStep:
    def advance(self, items: int = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class _Silent:
    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        yield _SilentStep()


silent: Progress = _Silent()
"""For callers that show nothing: notebooks, tests, pipelines."""


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> duration(5400), duration(90), duration(0.2)
    ('1.5 h', '1.5 min', 'under a second')
    """
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:,.{1 if seconds < 10 * size else 0}f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "under a second"
