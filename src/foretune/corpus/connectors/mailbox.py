"""Mailboxes on this machine: mbox, Maildir, a folder of EML files; a document a message.

A message is known by its Message-ID (RFC 5322 §3.6.4), so that one that leaves the
mailbox does not give all that follow another name.
"""

from __future__ import annotations

import hashlib
import mailbox
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from foretune.corpus.connectors.registry import Items, Place, connector
from foretune.corpus.origin import mark
from foretune.corpus.readers import Unreadable
from foretune.corpus.walk import NO_PERMISSION, Entry
from foretune.errors import InputError

__all__ = ["TWICE", "message_path", "open_mailbox"]

TWICE = "the same message is in the mailbox twice"
_HEAD = 64 * 1024
"""Bytes of a message in which its identity is looked for."""


def message_path(message_id: str, otherwise: str) -> str:
    """The path of a message: from its Message-ID, or from what else tells it apart."""
    stands_for = message_id.strip().strip("<>") or otherwise
    return hashlib.sha256(stands_for.encode("utf-8", "surrogateescape")).hexdigest()[:16] + ".eml"


@connector("mailbox")
@contextmanager
def open_mailbox(place: Place) -> Iterator[Items]:
    path = place.path
    if not path.exists():
        raise InputError(f"There is no mailbox at {path}: nothing was removed.")
    if path.is_file():
        opened: Any = mailbox.mbox(path, create=False)
    elif (path / "cur").is_dir():
        opened = mailbox.Maildir(path, create=False)
    else:
        yield _Files(place)
        return
    try:
        yield _Messages(place, opened)
    finally:
        opened.close()


class _Messages(Items):
    """The messages of an mbox file or a Maildir; the mailbox is only read, never locked or changed."""

    def __init__(self, place: Place, opened: Any) -> None:
        self._place, self._opened = place, opened
        self._keys: dict[str, str] = {}

    def entries(self, known: Collection[str]) -> list[Entry]:
        found: dict[str, Entry] = {}
        try:
            for key in self._opened.iterkeys():
                self._take(key, found)
        except OSError as error:
            why = NO_PERMISSION if isinstance(error, PermissionError) else "it gives an error"
            raise InputError(
                f"The mailbox {self._place.address} cannot be read ({why}): nothing was removed."
            ) from None
        return sorted(found.values(), key=lambda entry: entry.path)

    def _take(self, key: str, found: dict[str, Entry]) -> None:
        try:
            data = self._opened.get_bytes(key)
        except (KeyError, FileNotFoundError):
            return  # it was moved or deleted since the mailbox was listed
        content = hashlib.sha256(data).hexdigest()
        head = message_from_bytes(data[:_HEAD], policy=policy.compat32)
        path = message_path(str(head.get("message-id", "")), content)
        refusal = self._place.too_large if len(data) > self._place.max_bytes else ""
        if path in found:
            number = sum(one.startswith(path.removesuffix(".eml")) for one in found) + 1
            path, refusal = f"{path.removesuffix('.eml')}-{number}.eml", TWICE
        self._keys[path] = key
        found[path] = Entry(path, "", len(data), mark(content), refusal)

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        try:
            data = self._opened.get_bytes(self._keys[entry.path])
        except (KeyError, OSError):
            raise FileNotFoundError from None
        return data, replace(entry, size=len(data), mtime_ns=mark(hashlib.sha256(data).hexdigest()))


class _Files(Items):
    """A folder of EML files."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def entries(self, known: Collection[str]) -> list[Entry]:
        found = []
        try:
            for path in sorted(self._place.path.rglob("*.eml")):
                about = path.lstat()
                inside = path.is_file() and not path.is_symlink()
                relative = path.relative_to(self._place.path).as_posix()
                refusal = "" if inside else "a link or a folder, not a message"
                if about.st_size > self._place.max_bytes:
                    refusal = self._place.too_large
                found.append(Entry(relative, str(path), about.st_size, about.st_mtime_ns, refusal))
        except OSError:
            raise InputError(f"The folder {self._place.address} cannot be read: nothing was removed.") from None
        return found

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        try:
            return Path(entry.location).read_bytes(), entry
        except PermissionError:
            raise Unreadable(NO_PERMISSION) from None
