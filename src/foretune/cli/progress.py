"""Progress on the terminal: bars with count, rate and time left; plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from foretune.progress import Progress, Step

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

__all__ = ["terminal"]


def terminal() -> Progress:
    """Progress on standard error."""
    return _Bars() if sys.stderr.isatty() else _Lines()


class _BarStep:
    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, items: int = 1) -> None:
        self._bars.advance(self._task, items)

    def note(self, text: str) -> None:
        self._bars.update(self._task, note=text)


class _Bars:
    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress
        from rich.progress import Task as RichTask
        from rich.text import Text

        class Rate(ProgressColumn):
            def render(self, task: RichTask) -> Text:
                speed = task.finished_speed or task.speed
                return Text(f"{speed:,.1f}/s" if speed else "", style="dim")

        bars = RichProgress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn(unit),
            Rate(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[note]}", style="dim"),
            console=Console(stderr=True),
        )
        with bars:
            yield _BarStep(bars, bars.add_task(name, total=total, note=""))


class _LineStep:
    def __init__(self) -> None:
        self.done = 0

    def advance(self, items: int = 1) -> None:
        self.done += items

    def note(self, text: str) -> None:
        pass


class _Lines:
    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        started, step = time.monotonic(), _LineStep()
        yield step
        seconds = time.monotonic() - started
        rate = f", {step.done / seconds:,.1f}/s" if seconds > 0.5 else ""
        print(f"{name}: {step.done:,} {unit} in {seconds:.1f} s{rate}", file=sys.stderr)
