"""The files of a source, in a fixed order, each once; and those that are no files, with the reason.

Left out without a word, as documented: hidden files and folders, what
``corpus.exclude`` names, the project's own files, and sources inside the source
(they are read as sources of their own).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from foretune.corpus.readers import Unreadable

__all__ = ["EXCLUDED", "Entry", "Filter", "entry_for", "read_bytes", "walk"]

EXCLUDED = "excluded by corpus.exclude in foretune.toml"
TOO_LARGE = "larger than {megabytes:g} MB (corpus.max_megabytes in foretune.toml): split it"
NO_PERMISSION = "there is no permission to read it"
_FOLDER = "the folder cannot be opened: {why}"
_SPECIAL = "a pipe, socket or device, not a file"
_DANGLING = "a link to something that does not exist"
_CIRCULAR = "a link that leads back to itself"
_INSIDE = "a link to {target}, which is read where it lies"
_OUTSIDE = "a link to something outside the folder: add what it points to"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a source."""

    path: str
    """Relative to the source, with forward slashes."""
    location: str
    """Where it lies, as the operating system names it."""
    size: int = 0
    mtime_ns: int = 0
    refusal: str = ""
    """Why it cannot be read; empty for a file."""
    is_folder: bool = False
    """Whether it is a folder that could not be opened: nothing is known about what it holds."""


class Filter:
    """What is left out of a walk.

    Args:
        exclude: Patterns as in ``.gitignore``: ``*.tmp`` anywhere, ``/drafts/`` or ``drafts/**`` at the top.
        own: Files and folders of the project itself.
        others: Locations of sources inside this one.
    """

    def __init__(self, exclude: Sequence[str] = (), own: Sequence[Path] = (), others: Sequence[Path] = ()) -> None:
        self._spec = GitIgnoreSpec.from_lines(exclude)
        self._left_out = frozenset(str(path) for path in (*own, *others))

    def excludes(self, path: str) -> bool:
        """Whether a pattern names ``path`` (relative to the source; folders end with a slash) or a folder it is in."""
        return self._spec.match_file(path)

    def leaves_out(self, location: str) -> bool:
        return location in self._left_out


def walk(root: str, filtered: Filter, *, start: str = "") -> Iterator[Entry]:
    """Everything in the folder ``root``, or in its subfolder ``start`` (relative, forward slashes), by name."""
    yield from _walk(os.path.realpath(root), os.fspath(Path(root, start)), start, filtered)


def entry_for(root: str, path: str) -> Entry | None:
    """What lies at ``path`` in ``root``, however it is called; None where nothing does."""
    location = os.fspath(Path(root, path))
    try:
        about = os.lstat(location)
    except OSError:
        return None
    if stat.S_ISLNK(about.st_mode):
        return _linked(os.path.realpath(root), _shown(path), location)
    return _entry(_shown(path), location, about)


def read_bytes(location: str, max_megabytes: float) -> tuple[bytes, os.stat_result]:
    """All of a file, and what it was when it was opened.

    Raises:
        Unreadable: too large, or it cannot be read.
        FileNotFoundError: it has gone since the walk.
    """
    limit = int(max_megabytes * 1_000_000)
    try:
        # Not blocking: what was a file a moment ago may have become a pipe.
        descriptor = os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except PermissionError:
        raise Unreadable(NO_PERMISSION) from None
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {os.strerror(error.errno or 0).lower()}") from None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(_SPECIAL)
        if about.st_size > limit:
            raise Unreadable(TOO_LARGE.format(megabytes=max_megabytes))
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise Unreadable(f"it cannot be read: {os.strerror(error.errno or 0).lower()}") from None
    if len(data) > limit:
        raise Unreadable(TOO_LARGE.format(megabytes=max_megabytes))
    return data, about


def _walk(root: str, folder: str, prefix: str, filtered: Filter) -> Iterator[Entry]:
    stack = [(folder, prefix)]
    while stack:
        folder, prefix = stack.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            why = "no permission" if isinstance(error, PermissionError) else os.strerror(error.errno or 0).lower()
            yield Entry(_shown(prefix) or ".", folder, refusal=_FOLDER.format(why=why), is_folder=True)
            continue
        folders = []
        for entry in entries:
            path = f"{prefix}/{entry.name}" if prefix else entry.name
            if entry.name.startswith(".") or filtered.leaves_out(entry.path):
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            if filtered.excludes(_shown(f"{path}/" if is_folder else path)):
                continue
            if is_folder:
                folders.append((entry.path, path))
            elif entry.is_symlink():
                yield _linked(root, _shown(path), entry.path)
            else:
                try:
                    yield _entry(_shown(path), entry.path, entry.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue  # it has just gone
        stack += reversed(folders)


def _entry(path: str, location: str, about: os.stat_result) -> Entry:
    if not stat.S_ISREG(about.st_mode):
        return Entry(path, location, refusal=_SPECIAL)
    return Entry(path, location, about.st_size, about.st_mtime_ns)


def _linked(root: str, path: str, location: str) -> Entry:
    """A link inside a source is followed only to a file of the source that is not reached otherwise.

    Followed anywhere, a link in a folder somebody else made could carry any file of this machine into the vault.
    """
    try:
        about = Path(location).stat()
    except OSError as error:
        return Entry(path, location, refusal=_CIRCULAR if error.errno == errno.ELOOP else _DANGLING)
    target = os.path.realpath(location)
    if os.path.commonpath((root, target)) != root:
        return Entry(path, location, refusal=_OUTSIDE)
    inside = Path(target).relative_to(root)
    hidden = any(part.startswith(".") for part in inside.parts)
    if stat.S_ISREG(about.st_mode) and hidden:
        return _entry(path, location, about)
    return Entry(path, location, refusal=_INSIDE.format(target=_shown(inside.as_posix())))


def _shown(path: str) -> str:
    """A path as text: bytes that are no UTF-8 (old archives) are written out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
