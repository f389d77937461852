"""Bringing a part of the vault up to date with where it comes from.

A file is read when its size or time differs from last time, and written when its
bytes do. What is reported has been committed: a run that is cut short anywhere
leaves a vault from which the next run arrives at the same state.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from foretune.corpus.erased import Erased
from foretune.corpus.isolation import FileReader
from foretune.corpus.ledger import Change, KnownAside, KnownDocument, KnownFile, Ledger, document_id
from foretune.corpus.origin import Origin
from foretune.corpus.readers import Reading, Unreadable
from foretune.corpus.source import Source, Target
from foretune.corpus.walk import Entry
from foretune.errors import InputError
from foretune.plan.config import CorpusSettings
from foretune.progress import Progress, Step
from foretune.types import Label, digest

__all__ = ["AddOutcome", "Outcome", "Update"]

Outcome = Literal["added", "unchanged", "changed", "removed", "set_aside"]

_BATCH_FILES = 64
_BATCH_SECONDS = 1.0
_BATCH_CHARACTERS = 4_000_000
_READERS = 1
"""Raised when readers learn to read what they set aside before: such files are then tried again."""


@dataclass(frozen=True, slots=True)
class AddOutcome:
    """What became of one file."""

    path: str
    """Relative to its source, with forward slashes."""
    outcome: Outcome
    reason: str = ""
    """Why it was set aside or removed; or what was left out of a file that was read."""
    document_id: str = ""
    """Of its document (the first, where it has several); empty where it has none any more."""
    documents: int = 0
    """How many documents the file makes: one, or one a message of a mailbox."""
    source: str = ""
    """Where its source lies: an absolute path, or an address."""


class Update:
    """One target's way into the vault."""

    def __init__(
        self,
        ledger: Ledger,
        erased: Erased,
        reader: FileReader,
        target: Target,
        origin: Origin,
        settings: CorpusSettings,
        *,
        label: Label | None = None,
        again: bool = False,
        may_be_empty: bool = True,
    ) -> None:
        self._ledger = ledger
        self._erased = erased
        self._again = again
        self._reader = reader
        self._target = target
        self._origin = origin
        self._source = target.source
        self._settings = settings
        self._label = label
        self._may_be_empty = may_be_empty
        self._new_sources: tuple[Source, ...] = (target.source,) if target.is_new else ()
        self._changes: list[Change] = []
        self._outcomes: list[AddOutcome] = []
        self._characters = 0
        self._since = time.monotonic()
        limits = (settings.max_megabytes, settings.max_seconds, settings.max_characters)
        self._how = digest(_READERS, *limits)
        self._retry = again or ledger.remembered(target.source) != self._how

    def run(self, progress: Progress) -> Iterator[AddOutcome]:
        """Each file yields one outcome, once it is committed.

        Raises:
            InputError: there is nothing any more where documents came from, and that is taken for a mistake.
        """
        if self._label is not None and self._target.is_whole and self._label is not self._source.label:
            self._ledger.relabel(self._source, self._label)
            self._source = replace(self._source, label=self._label)
        files, asides = self._ledger.files(self._target), self._ledger.asides(self._target)
        entries = self._origin.entries(files)
        if files and not entries and not self._may_be_empty:
            raise InputError(
                f"There is nothing at {self._source.place} any more, where the vault has {len(files):,} files from: "
                "nothing was removed; if it is meant, add --allow-empty."
            )
        closed = [entry.path for entry in entries if entry.is_folder]
        with progress.step("reading", total=len(entries), unit="files") as step:
            for entry in entries:
                self._note(*self._file(entry, files.pop(entry.path, None), asides.pop(entry.path, None)))
                if self._is_full():
                    yield from self._commit(step)
            for path, file in files.items():
                if not _within(path, closed):
                    self._note(*self._removed(path, file))
            for path in asides:
                if not _within(path, closed):
                    self._note(Change(self._source, path, forget=True), None)
            yield from self._commit(step)
        if self._target.is_whole:
            self._ledger.remember(self._source, self._how)

    def _file(self, entry: Entry, file: KnownFile | None, aside: KnownAside | None) -> tuple[Change, AddOutcome | None]:
        if entry.refusal:
            return self._set_aside(entry, file, aside, entry.refusal)
        seen = (entry.size, entry.mtime_ns)
        if file is not None and (file.size, file.mtime_ns) == seen:
            return self._unchanged(entry, file)
        if aside is not None and (aside.size, aside.mtime_ns) == seen and not self._retry:
            return self._set_aside(entry, file, aside, aside.reason)
        try:
            data, entry = self._origin.fetch(entry)
            if file is not None and _is_only(file, entry.path, hashlib.sha256(data).hexdigest()):
                return self._unchanged(entry, file, touched=True)
            readings = self._allowed(self._origin.readings(entry, data, self._reader))
        except FileNotFoundError:
            return self._removed(entry.path, file) if file else (Change(self._source, entry.path), None)
        except Unreadable as error:
            return self._set_aside(entry, file, aside, str(error))
        return self._readable(entry, file, readings, forget=aside is not None)

    def _allowed(self, readings: Sequence[Reading]) -> list[Reading]:
        """Those whose content was not erased.

        Raises:
            Unreadable: all of it was.
        """
        allowed, reason = [], ""
        for one in readings:
            if self._again:
                self._erased.forget(one.content_hash)
            elif when := self._erased.when(one.content_hash):
                reason = f"it was erased on {when} and is not read again (`foretune add --again` reads it all the same)"
                continue
            allowed.append(one)
        if not allowed:
            raise Unreadable(reason)
        return allowed

    def _readable(
        self, entry: Entry, file: KnownFile | None, readings: Sequence[Reading], *, forget: bool
    ) -> tuple[Change, AddOutcome]:
        before = file.documents if file else {}
        now = {f"{entry.path}/{one.part}" if one.part else entry.path: one for one in readings}
        fresh = {
            path: one
            for path, one in now.items()
            if path not in before or before[path].content_hash != one.content_hash
        }
        change = self._change(
            entry,
            readings=fresh,
            labels={path: self._label_of(before.get(path), one.description.label) for path, one in fresh.items()},
            added=frozenset(fresh.keys() - before.keys()),
            removed=tuple(one.id for path, one in before.items() if path not in now),
            touched=tuple(one.id for path, one in before.items() if path in now and path not in fresh),
            forget=forget,
        )
        note = next((one.note for one in readings if one.note), "")
        outcome: Outcome = "changed" if change.readings or change.removed else "unchanged"
        return change, self._outcome(entry.path, "added" if file is None else outcome, note, now)

    def _unchanged(self, entry: Entry, file: KnownFile, *, touched: bool = False) -> tuple[Change, AddOutcome]:
        labels = {path: self._label_of(one, one.stated) for path, one in file.documents.items()}
        labels = {path: label for path, label in labels.items() if label is not file.documents[path].label}
        ids = tuple(one.id for one in file.documents.values()) if touched else ()
        change = self._change(entry, labels=labels, touched=ids)
        if labels:
            return change, self._outcome(entry.path, "changed", f"labelled {labels[min(labels)]}", file.documents)
        return change, self._outcome(entry.path, "unchanged", "", file.documents)

    def _set_aside(
        self, entry: Entry, file: KnownFile | None, aside: KnownAside | None, reason: str
    ) -> tuple[Change, AddOutcome]:
        outcome = self._outcome(entry.path, "set_aside", reason)
        if aside == KnownAside(entry.size, entry.mtime_ns, reason):
            return Change(self._source, entry.path), outcome
        removed = tuple(one.id for one in file.documents.values()) if file else ()
        return self._change(entry, removed=removed, reason=reason), outcome

    def _removed(self, path: str, file: KnownFile) -> tuple[Change, AddOutcome]:
        change = Change(self._source, path, removed=tuple(one.id for one in file.documents.values()))
        return change, self._outcome(path, "removed", self._origin.why_gone(path))

    def _change(self, entry: Entry, **what: Any) -> Change:
        return Change(self._source, entry.path, entry.size, entry.mtime_ns, **what)

    def _outcome(self, path: str, outcome: Outcome, reason: str, documents: Iterable[str] = ()) -> AddOutcome:
        ids = [document_id(self._source.id, one) for one in documents]
        return AddOutcome(path, outcome, reason, ids[0] if ids else "", len(ids), self._source.place)

    def _label_of(self, before: KnownDocument | None, stated: Label | None) -> Label:
        base = self._label or (before.label if before else self._source.label)
        return max(base, stated or base, key=lambda label: label.rank)

    def _note(self, change: Change, outcome: AddOutcome | None) -> None:
        """Keep what became of a file until the next commit."""
        if change.writes:
            self._changes.append(change)
            self._characters += change.characters
        if outcome is not None:
            self._outcomes.append(outcome)

    def _is_full(self) -> bool:
        return (
            len(self._changes) >= _BATCH_FILES
            or self._characters >= _BATCH_CHARACTERS
            or time.monotonic() - self._since >= _BATCH_SECONDS
        )

    def _commit(self, step: Step) -> Iterator[AddOutcome]:
        """Write what is pending, then say so."""
        if self._changes or self._new_sources:
            self._ledger.write(self._changes, self._new_sources)
        outcomes = self._outcomes
        self._changes, self._outcomes, self._new_sources, self._characters = [], [], (), 0
        self._since = time.monotonic()
        step.advance(len(outcomes))
        yield from outcomes


def _is_only(file: KnownFile, path: str, content_hash: str) -> bool:
    one = file.documents.get(path)
    return len(file.documents) == 1 and one is not None and one.content_hash == content_hash


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(folder == "." or path.startswith(f"{folder}/") or path == folder for folder in folders)
