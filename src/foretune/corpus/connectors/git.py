"""Git repositories: the files of one revision, without a working copy.

A repository elsewhere is fetched into memory, its newest commit only: nothing of it
is written to disk, and no hook or setting of it is ever run.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from foretune.corpus.connectors.registry import Items, Place, connector, is_address
from foretune.corpus.origin import mark
from foretune.corpus.readers import Unreadable
from foretune.corpus.walk import Entry
from foretune.errors import ConfigError, InputError

if TYPE_CHECKING:
    from foretune.corpus.isolation import FileReader
    from foretune.corpus.readers import Reading

__all__ = ["open_repository"]

_SCHEMES = ("https://", "ssh://", "git+ssh://", "file://")
"""Those that are encrypted, and this machine; ``http://`` and ``git://`` are neither."""
_LINK, _MODULE = "a link, not a file", "another repository: name it as a source of its own"


@connector("git")
@contextmanager
def open_repository(place: Place) -> Iterator[Items]:
    try:
        from dulwich.repo import Repo
    except ImportError:
        raise ConfigError('Git repositories need one more library: pip install "foretune[sources]".') from None
    if is_address(place.address):
        repository = _fetched(place)
        yield _Files(place, repository, repository[b"HEAD"])
        return
    from dulwich.errors import NotGitRepository

    try:
        opened = Repo(place.address)
    except (NotGitRepository, OSError):
        raise InputError(f"There is no Git repository at {place.address}: nothing was removed.") from None
    try:
        yield _Files(place, opened, _commit(place, opened))
    finally:
        opened.close()


def _fetched(place: Place) -> Any:
    """The newest commit of a repository elsewhere, as its HEAD."""
    from dulwich.client import get_transport_and_path
    from dulwich.repo import MemoryRepo

    if not place.address.startswith(_SCHEMES):
        raise ConfigError(f"corpus.sources: {place.address} is fetched unencrypted: use https:// or ssh://.")
    account: dict[str, Any] = {}
    if place.address.startswith("https://"):
        account = {"username": place.user or None, "password": place.password() or None}
    repository: Any = MemoryRepo()
    wanted = place.revision.encode()

    def wants(refs: Any, depth: int | None = None) -> list[Any]:  # noqa: ARG001
        names = (b"refs/heads/" + wanted, b"refs/tags/" + wanted, wanted) if wanted else (b"HEAD",)
        return [found] if (found := next((refs[name] for name in names if name in refs), None)) else []

    try:
        client, path = get_transport_and_path(place.address, **account)
        result = client.fetch(path, repository, determine_wants=wants, depth=1)
        commits = wants(result.refs)
    except Exception as error:  # its libraries' own errors repeat addresses and answers: only their kind is told
        raise InputError(
            f"{place.address} cannot be fetched ({type(error).__name__}): check the address, the network and the "
            "password; nothing was removed."
        ) from None
    if not commits:
        raise InputError(f"{place.address} has no {place.revision or 'commit'}: nothing was removed.")
    repository.refs[b"HEAD"] = commits[0]
    return repository


def _commit(place: Place, repository: Any) -> Any:
    from dulwich.objectspec import parse_commit

    try:
        return parse_commit(repository, place.revision or "HEAD")
    except (KeyError, ValueError):
        raise InputError(
            f"The repository {place.address} has no {place.revision or 'commit'}: nothing was removed."
        ) from None


class _Files(Items):
    def __init__(self, place: Place, repository: Any, commit: Any) -> None:
        from dulwich.objects import Tag

        while isinstance(commit, Tag):
            commit = repository[commit.object[1]]
        self._place, self._repository, self._commit = place, repository, commit
        self._blobs: dict[str, bytes] = {}

    def entries(self, known: Collection[str]) -> list[Entry]:
        from dulwich.object_store import iter_tree_contents
        from dulwich.objects import S_ISGITLINK

        found = []
        for one in iter_tree_contents(self._repository.object_store, self._commit.tree):
            path = one.path.decode("utf-8", "backslashreplace")
            if any(part.startswith(".") for part in path.split("/")):
                continue  # hidden, as in a folder
            kind = one.mode & 0o170000
            refusal = _MODULE if S_ISGITLINK(one.mode) else _LINK if kind == 0o120000 else ""
            self._blobs[path] = one.sha
            found.append(Entry(path, os.fspath(self._place.address), 0, mark(one.sha.decode()), refusal))
        return found

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        data: bytes = self._repository[self._blobs[entry.path]].data
        if len(data) > self._place.max_bytes:
            raise Unreadable(self._place.too_large)
        return data, entry

    def readings(self, entry: Entry, data: bytes, reader: FileReader) -> list[Reading]:
        """With the commit in which this content was first seen."""
        revision = self._commit.id.decode()
        found = []
        for one in reader.read(entry.path, data):
            about = one.description
            found.append(
                replace(one, description=replace(about, properties={**about.properties, "revision": revision}))
            )
        return found
