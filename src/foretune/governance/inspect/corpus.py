"""The documents of an inspection as corpus checks see them: names, signatures, and texts read again on demand."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from foretune.corpus.records import RecordReader, Unit, units
from foretune.governance.columns import Strings
from foretune.governance.inspect.runners import Runner
from foretune.governance.inspect.types import Plan, Totals
from foretune.governance.inspect.worker import Part, Worker
from foretune.progress import Progress

__all__ = ["Corpus"]

_EXAMPLES = 5
_TEXTS = 16
"""Texts kept at hand while documents are compared."""


class Corpus:
    """What is kept of documents once they are read: about a kilobyte each, never their text.

    Use it as a context manager.
    """

    def __init__(self, plan: Plan, paths: Iterable[Path]) -> None:
        self._plan = plan
        self._paths = list(paths)
        self._units: list[Unit] = []
        self._firsts: list[int] = []
        """Position of the first document of each unit."""
        self._ids = Strings()
        self._reader = RecordReader(plan.corpus)
        self.names = Strings()
        """What people know each document by, in the order of reading."""
        self.signed: dict[str, Any] = {}
        """Signatures by name of the corpus check, in the order of reading."""
        self.totals = Totals()
        self.text = lru_cache(maxsize=_TEXTS)(self._text)
        """The text of a document, by id."""

    @property
    def base(self) -> str:
        """What the names of all files begin with, up to the folder that was given."""
        if not self._paths:
            return ""
        folders = [os.fspath(path if path.is_dir() else path.parent) for path in self._paths]
        try:
            shared = os.path.commonpath(folders)
        except ValueError:  # absolute and relative ones
            return ""
        return f"{shared}/" if shared else ""

    def units(self) -> Iterator[Unit]:
        """All there is to read, in order."""
        return units(self._paths, self._plan.corpus)

    def read(self, runner: Runner, progress: Progress) -> Iterator[Part]:
        """Read, check and sign everything; gives the parts as they come."""
        with progress.step("reading", total=None, unit="documents") as step:
            for unit, part in runner.results(Worker, self._plan, self.units()):
                self._note(unit, part)
                step.advance(len(part.ids) + len(part.asides))
                yield part
        self._firsts.append(len(self._ids))

    def _note(self, unit: Unit, part: Part) -> None:
        while len(self._units) <= unit.number:
            self._units.append(unit)
            self._firsts.append(len(self._ids))
        self._ids += Strings(part.ids)
        self.names += Strings(part.names)
        for check, signed in part.signed.items():
            if check in self.signed:
                self.signed[check] += signed
            else:
                self.signed[check] = signed
        self.totals.documents += len(part.ids)
        self.totals.characters += part.characters
        self.totals.set_aside += len(part.asides)
        self.totals.reasons.update(reason for _, reason in part.asides)
        self.totals.examples += part.asides[: max(0, _EXAMPLES - len(self.totals.examples))]

    def position(self, document_id: str) -> int:
        """Where in the order of reading a document stands, from 0."""
        number = int(document_id.partition(".")[0])
        first, last = self._firsts[number], self._firsts[number + 1]
        # Places of a unit rise; those of the parts of one file are alike.
        at = bisect_left(self._ids, _place(document_id), first, last, key=_place)
        return self._ids.index(document_id, at, last)

    def _text(self, document_id: str) -> str:
        number, _, place = document_id.partition(".")
        return self._units[int(number)].text(self._reader, place)

    def __enter__(self) -> Self:
        self._reader.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()


def _place(document_id: str) -> int:
    return int(document_id.split(".", 2)[1])
