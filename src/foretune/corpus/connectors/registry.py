"""Which connector a source of the plan is read by, and what each of them is given."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from foretune.corpus.origin import GONE, Origin
from foretune.corpus.walk import EXCLUDED, TOO_LARGE, Filter
from foretune.errors import ConfigError, InputError

if TYPE_CHECKING:
    from foretune.corpus.isolation import FileReader
    from foretune.corpus.readers import Reading
    from foretune.corpus.walk import Entry
    from foretune.plan.config import CorpusSettings, SourceSettings

__all__ = ["KEYRING_SERVICE", "Connected", "Items", "Place", "connect", "connector", "is_address", "source_name"]

KEYRING_SERVICE = "foretune"
"""Under which passwords of sources are kept in the keyring; the user name there is the address of the source."""


@dataclass(frozen=True, slots=True)
class Place:
    """A source of the plan, made ready to be looked into."""

    address: str
    """An absolute path, or a URL without password."""
    user: str
    key: str
    revision: str
    max_megabytes: float
    password: Callable[[], str] = field(repr=False)
    """Asks for it when it is needed; empty where there is none.

    Raises InputError: the variable that the plan names is not set.
    """

    @property
    def path(self) -> Path:
        return Path(self.address)

    @property
    def too_large(self) -> str:
        return TOO_LARGE.format(megabytes=self.max_megabytes)

    @property
    def max_bytes(self) -> int:
        return int(self.max_megabytes * 1_000_000)


class Items(ABC):
    """An origin whose items are files by themselves: each is read as a file of its name is."""

    @abstractmethod
    def entries(self, known: Collection[str]) -> list[Entry]: ...

    @abstractmethod
    def fetch(self, entry: Entry) -> tuple[bytes, Entry]: ...

    def readings(self, entry: Entry, data: bytes, reader: FileReader) -> list[Reading]:
        return reader.read(entry.path, data)

    def why_gone(self, path: str) -> str:
        return GONE


Connect = Callable[[Place], AbstractContextManager[Items]]

_connectors: dict[str, Connect] = {}


def connector(kind: str) -> Callable[[Connect], Connect]:
    """Register how sources of a kind are looked into: a function that opens one, and closes it at the end."""

    def register(opening: Connect) -> Connect:
        _connectors[kind] = opening
        return opening

    return register


@dataclass(frozen=True, slots=True)
class Connected:
    """A source that can be looked into."""

    origin: Origin
    address: str
    name: str


@contextmanager
def connect(declared: SourceSettings, *, base: Path, settings: CorpusSettings) -> Iterator[Connected]:
    """Open a source of the plan with the connector of its kind.

    Raises:
        ConfigError: there is no such kind, or its address holds a password.
        InputError: it cannot be looked into.
    """
    if declared.kind not in _connectors:
        known = ", ".join(["folder", *sorted(_connectors)])
        raise ConfigError(f"corpus.sources: {declared.kind!r} is no kind of source, these are: {known}.")
    place = _place(declared, base, settings)
    with _connectors[declared.kind](place) as items:
        origin = _Chosen(items, Filter(settings.exclude))
        yield Connected(origin, place.address, source_name(declared))


def is_address(text: str) -> bool:
    """Whether it is a URL rather than a path of this machine."""
    return "://" in text


def source_name(declared: SourceSettings) -> str:
    """What a person calls a source."""
    return declared.name or declared.at.rstrip("/").rpartition("/")[2] or declared.at


def _place(declared: SourceSettings, base: Path, settings: CorpusSettings) -> Place:
    address = declared.at
    if is_address(address):
        _refuse_secrets(address, declared)
    else:
        address = os.path.realpath(Path(base, Path(address).expanduser()))

    def password() -> str:
        return _password(declared, address)

    return Place(address, declared.user, declared.key, declared.revision, settings.max_megabytes, password)


def _refuse_secrets(address: str, declared: SourceSettings) -> None:
    """The sentence must not repeat what it refuses, so the source is named by its kind or the name it was given."""
    named = declared.name or f"of kind {declared.kind}"
    try:
        parts = urlsplit(address)
        secret = bool(parts.password or parts.query)
    except ValueError:
        raise ConfigError(f"corpus.sources: the address of the source {named} is no URL.") from None
    if secret:
        raise ConfigError(
            f"corpus.sources: the address of the source {named} holds a password or a key: "
            "take it out, and name the environment variable that has it in password_variable."
        )


def _password(declared: SourceSettings, address: str) -> str:
    if variable := declared.password_variable:
        if found := os.environ.get(variable, ""):
            return found
        raise InputError(f"The environment variable {variable}, which is to hold the password of {address}, is empty.")
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, address) or ""
    except KeyringError:  # no keyring on this machine: then there is no password in it
        return ""


class _Chosen:
    """The items of a connector without those that ``corpus.exclude`` names."""

    def __init__(self, items: Items, filtered: Filter) -> None:
        self._items, self._filtered = items, filtered

    def entries(self, known: Collection[str]) -> list[Entry]:
        return [entry for entry in self._items.entries(known) if not self._filtered.excludes(entry.path)]

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        return self._items.fetch(entry)

    def readings(self, entry: Entry, data: bytes, reader: FileReader) -> list[Reading]:
        return self._items.readings(entry, data, reader)

    def why_gone(self, path: str) -> str:
        return EXCLUDED if self._filtered.excludes(path) else self._items.why_gone(path)
