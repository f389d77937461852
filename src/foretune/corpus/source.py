"""Which source a path belongs to: a file is read for one source only, however it is reached."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy import select

from foretune.errors import InputError
from foretune.types import Label, digest
from foretune.vault import Vault
from foretune.vault.tables import source

__all__ = ["Source", "Target", "connected_target", "conversation_target", "own_files", "sources", "targets"]

_CONVERSATIONS = "conversations"
_WALKED = ("folder", "file")
"""Kinds of sources that `foretune add` reads; others have a road of their own."""
_ROADS = {_CONVERSATIONS: "was taken in as pairs: bring it up to date with `foretune pairs import`"}
_OWN = ("foretune.toml", "vault", "reports", "questions.csv", "questions.jsonl")


@dataclass(frozen=True, slots=True)
class Source:
    """A folder or file a person added."""

    id: str
    location: Path
    """Absolute, without links; of a source elsewhere, its address taken for a path, which names no file."""
    kind: str
    """``folder``, ``file``, ``conversations``: a file whose rows are documents; else that of a connector."""
    label: Label
    address: str = ""
    """Of a connector's source: its place as it is written in the plan, a path made absolute."""

    @property
    def place(self) -> str:
        """Where it is, as people read it."""
        return self.address or str(self.location)

    @property
    def root(self) -> Path:
        """The folder that paths of its documents are relative to."""
        return self.location if self.kind == "folder" else self.location.parent


@dataclass(frozen=True, slots=True)
class Target:
    """A part of a source that is to be brought up to date."""

    source: Source
    start: str
    """Path relative to the root of the source; empty for all of it."""
    is_new: bool = False

    @property
    def location(self) -> Path:
        return self.source.root / self.start

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its source."""
        return not self.start or self.source.kind == "file"

    def covers(self, path: str) -> bool:
        """Whether a path relative to the source's root lies in this part."""
        return not self.start or path == self.start or path.startswith(f"{self.start}/")


def sources(vault: Vault) -> list[Source]:
    """The sources of a vault, by location."""
    with vault.reading() as connection:
        rows = connection.execute(select(source).order_by(source.c.location, source.c.id)).all()
    return [
        Source(row.id, Path(row.location), row.kind, Label(row.label), "" if _is_walked(row.kind) else row.location)
        for row in rows
    ]


def _is_walked(kind: str) -> bool:
    return kind in (*_WALKED, _CONVERSATIONS)


def own_files(vault: Vault, base: Path, further: Iterable[Path] = ()) -> tuple[Path, ...]:
    """The project's own files and folders, which are never read: settings, bench questions, vault and reports."""
    root = Path(os.path.realpath(base))
    return (*(root / path for path in (*map(Path, _OWN), *further)), Path(os.path.realpath(vault.folder)))


def targets(known: Sequence[Source], paths: Iterable[Path], *, label: Label, own: Sequence[Path]) -> list[Target]:
    """What has to be brought up to date for ``paths``: no two of them overlap.

    A path inside a known source is a part of that source; any other becomes a source
    of its own. Known sources inside a path come with it.

    Raises:
        InputError: there is nothing at a path and never was, or it is the project's own.
    """
    found: list[Target] = []
    everything = list(known)
    given = sorted({Path(os.path.realpath(path)) for path in paths}, key=lambda path: (len(path.parts), path))
    for path in given:
        if any(path == mine or mine in path.parents for mine in own):
            raise InputError(f"{path} belongs to the project itself and is never read: add something else.")
        owner = _owner(everything, path)
        if owner is not None and owner.kind not in _WALKED:
            road = _ROADS.get(owner.kind, "is one of corpus.sources: bring it up to date with `foretune sync`")
            raise InputError(f"{path} {road}.")
        if owner is not None:
            found.append(Target(owner, _relative(owner, path)))
            continue
        if not path.exists():
            raise InputError(f"There is nothing at {path}: check the path.")
        kind = "folder" if path.is_dir() else "file"
        made = Source(_new_id(everything, path), path, kind, label)
        everything.append(made)
        found.append(Target(made, "" if kind == "folder" else path.name, is_new=True))
    for target in list(found):
        found += [
            Target(inner, "" if inner.kind == "folder" else inner.location.name)
            for inner in known
            if target.location in inner.location.parents and inner.kind in _WALKED
        ]
    return _without_overlap(found)


def conversation_target(vault: Vault, location: Path, label: Label) -> Target:
    """The source of a file of conversations, known or new; ``label`` is that of a new one."""
    known = sources(vault)
    one = next((each for each in known if each.location == location and each.kind == _CONVERSATIONS), None)
    made = one or Source(_new_id(known, location), location, _CONVERSATIONS, label)
    return Target(made, "", is_new=one is None)


def connected_target(vault: Vault, kind: str, address: str, name: str, label: Label) -> Target:
    """The source of a connector at ``address``, known or new; ``label`` is that of a new one."""
    known = sources(vault)
    one = next((each for each in known if each.address == address and each.kind == kind), None)
    made = one or Source(_new_id(known, Path(name)), Path(address), kind, label, address)
    return Target(made, "", is_new=one is None)


def _new_id(known: Collection[Source], path: Path) -> str:
    """An id that does not depend on where on this machine the source lies.

    Ids of documents, and so which pairs are chosen and on which side of the split they are, are derived from
    it: the same folder gives the same project wherever it is kept.
    """
    taken = {one.id for one in known}
    return next(made for number in count() if (made := digest("source", path.name, number)[:16]) not in taken)


def _owner(known: Iterable[Source], path: Path) -> Source | None:
    holding = [one for one in known if one.location == path or (one.kind == "folder" and one.location in path.parents)]
    return max(holding, key=lambda one: len(one.location.parts), default=None)


def _relative(owner: Source, path: Path) -> str:
    relative = path.relative_to(owner.root).as_posix()
    return "" if relative == "." else relative


def _without_overlap(found: Iterable[Target]) -> list[Target]:
    kept: list[Target] = []
    for target in sorted(found, key=lambda one: len(one.start)):
        if not any(other.source.id == target.source.id and other.covers(target.start) for other in kept):
            kept.append(target)
    return sorted(kept, key=lambda one: (str(one.source.location), one.start))
