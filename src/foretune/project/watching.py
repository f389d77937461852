"""A note is answerable as soon as it is dropped into a folder: changes are read, checked, decided and indexed at once.

A change is handled on its own, at a cost that does not grow with the vault: its document is checked by
itself, the policy decides, and only its passages are made anew, in one transaction. What only a comparison
of all documents shows (duplicates, contradictions) the next ``foretune review`` finds; until then
``foretune status`` calls that stage stale.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from foretune.corpus import AddOutcome, FileReader
from foretune.errors import InputError, NothingToDoError, VaultError
from foretune.progress import Progress, silent
from foretune.types import Label, Use

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["QUIET_SECONDS", "Fresh", "watch"]

QUIET_SECONDS = 0.4
"""A file is read when nothing was written to it for so long: half a file is nobody's document."""
_TICK_MILLISECONDS = 100
_IDLE_SECONDS = 30.0
"""After so long without a change, the space of what was replaced or removed is overwritten: with 100,000 passages
that takes seconds, which a dropped note should not wait for."""


_PATIENCE_SECONDS = 120.0
"""For so long another command may be working in the project before that is an error."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """What became of a change; without an outcome: everything there was has been read and indexed."""

    outcome: AddOutcome | None
    standing: str = ""
    """What the policy decided of its document: ``answerable``, or ``not answerable`` (excluded or waiting)."""


def watch(
    project: Project,
    paths: Sequence[Path],
    *,
    label: Label | None = None,
    stop: Event | None = None,
    progress: Progress = silent,
) -> Iterator[Fresh]:
    """Read and index what is there, then every change as it happens, until ``stop`` is set or Ctrl-C is pressed.

    Whatever ends it, the vault holds each document as it was before a change or as it is after it.

    Raises:
        InputError: there is nothing at a path, or it is the project's own.
    """
    from watchfiles import watch as changes

    roots = [Path(os.path.realpath(path)) for path in paths]
    for outcome in project.add(paths, label=label, progress=progress):
        yield Fresh(outcome)
    with _Watching(project, roots, label) as watching:
        watching.index_all(progress)
        watching.warm_up()
        # The system notes from here on; what changed meanwhile is read by one more look at everything.
        first = True
        for batch in changes(
            *roots,
            watch_filter=None,
            debounce=_TICK_MILLISECONDS,
            step=50,
            rust_timeout=_TICK_MILLISECONDS,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=True,
        ):
            if first:
                yield Fresh(None)
                watching.note(roots)
                first = False
            watching.note(Path(path) for _, path in batch)
            yield from watching.settle()


class _Watching:
    """What has changed and is not settled yet."""

    def __init__(self, project: Project, roots: Sequence[Path], label: Label | None) -> None:
        from foretune.corpus import own_files

        corpus = project.config.corpus
        self._project, self._roots, self._label = project, roots, label
        self._own = own_files(project.vault, project.folder, project.own_files)
        self._reader = FileReader(max_characters=corpus.max_characters, max_seconds=corpus.max_seconds)
        self._waiting: dict[Path, float] = {}
        self._settled_at = time.monotonic()
        self._unsettled: list[AddOutcome] = []
        """Read, and not indexed yet."""
        self._scrub_due = False

    def __enter__(self) -> _Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._scrub()

    def note(self, paths: Collection[Path] | Iterator[Path]) -> None:
        """Something was written, moved or removed there just now."""
        for path in paths:
            if not self._is_passed_over(path):
                self._waiting[path] = time.monotonic()

    def settle(self) -> Iterator[Fresh]:
        """Read, check and index what has been quiet for long enough."""
        now = time.monotonic()
        ready = sorted(path for path, at in self._waiting.items() if now - at >= QUIET_SECONDS)
        if not ready:
            if not self._waiting:
                if self._scrub_due and now - self._settled_at >= _IDLE_SECONDS:
                    self._scrub()
                self._settled_at = max(self._settled_at, now - _IDLE_SECONDS)
            return
        try:
            for path in ready:
                self._read(path)
            fresh = list(self._make_answerable(self._unsettled))
        except VaultError:
            # Another command is working in the project: the change is not lost, and tried again.
            if now - self._settled_at > _PATIENCE_SECONDS:
                raise
            self._waiting.update(dict.fromkeys(ready, now))
            return
        for path in ready:
            self._waiting.pop(path, None)
        self._unsettled.clear()
        self._settled_at = time.monotonic()
        yield from fresh

    def _read(self, path: Path) -> None:
        try:
            for one in self._project.add([path], label=self._label, reader=self._reader, scrub=False):
                if one.outcome != "unchanged":
                    self._unsettled.append(one)
        except InputError:  # it came and went, and was never known
            return

    def _make_answerable(self, changed: Sequence[AddOutcome]) -> Iterator[Fresh]:
        self._scrub_due |= any(one.outcome in ("changed", "removed", "set_aside") for one in changed)
        ids = self._documents_of([one for one in changed if one.outcome in ("added", "changed")])
        answerable = self._index(ids) if ids else set()
        for one in changed:
            known = one.outcome in ("added", "changed")
            yield Fresh(one, ("answerable" if one.document_id in answerable else "not answerable") if known else "")

    def _documents_of(self, outcomes: Sequence[AddOutcome]) -> list[str]:
        """All documents of the files that changed: a mailbox has several."""
        from sqlalchemy import select

        from foretune.vault.tables import document

        several = [one for one in outcomes if one.documents > 1]
        ids = [one.document_id for one in outcomes if one.documents == 1]
        with self._project.vault.reading() as connection:
            for one in several:
                of = select(document.c.source_id).where(document.c.id == one.document_id).scalar_subquery()
                under = document.c.path.startswith(f"{one.path}/", autoescape=True)
                ids += connection.execute(select(document.c.id).where(document.c.source_id == of, under)).scalars()
        return ids

    def _index(self, ids: Sequence[str]) -> set[str]:
        """Check and index some documents; returns those that may be searched."""
        from foretune.governance import governed, review_arrivals
        from foretune.retrieval import update_index

        project, settings = self._project, self._project.config.governance
        alone = project.vault.stage("index") is not None
        if alone:
            with project.working():
                alone = review_arrivals(
                    project.vault,
                    settings,
                    ids,
                    languages=project.config.platform.languages,
                    wanted=project.wanted(),
                )
        if not alone:
            self.index_all(silent)
        documents = list(governed(project.vault, settings, use=Use.RETRIEVAL, only=ids))
        if alone:
            with project.working():
                update_index(
                    project.vault, documents, ids, embedder=project.embedder, settings=project.config.retrieval
                )
        return {one.id for one in documents}

    def index_all(self, progress: Progress) -> None:
        with suppress(NothingToDoError):  # an empty folder to begin with: what is dropped into it will be the first
            self._project.index(progress=progress)

    def warm_up(self) -> None:
        """Load what the first change would wait for."""
        from foretune.governance import warm_up

        warm_up(self._project.config.governance, languages=self._project.config.platform.languages)
        self._project.embedder.embed(["A note."])

    def _scrub(self) -> None:
        if not self._scrub_due:
            return
        from foretune.corpus import scrub
        from foretune.retrieval import scrub_index

        scrub(self._project.vault)
        scrub_index(self._project.vault)
        self._scrub_due = False

    def _is_passed_over(self, path: Path) -> bool:
        """The project's own files, and hidden ones: a vault that is written to would be a change without end."""
        if any(path == mine or mine in path.parents for mine in self._own):
            return True
        root = next((root for root in self._roots if path == root or root in path.parents), None)
        return root is not None and any(part.startswith(".") for part in path.relative_to(root).parts)
