"""Files elsewhere, behind one interface: object stores (s3://), WebDAV, and what else fsspec knows.

Credentials of object stores come as every S3 client has them (:mod:`foretune.corpus.objects`); of others, from the
variable or keyring that the plan names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from foretune.corpus import objects
from foretune.corpus.connectors.registry import Items, Place, connector, is_address
from foretune.corpus.origin import mark
from foretune.corpus.readers import Unreadable
from foretune.corpus.walk import Entry
from foretune.errors import ConfigError, ForetuneError, InputError

__all__ = ["file_system", "open_remote"]

FileSystem = tuple[Any, str]
"""An fsspec file system, and the path of the source in it."""

_systems: dict[str, Callable[[Place], FileSystem]] = {}
_VERSIONS = ("ETag", "etag", "e_tag", "checksum", "sha256", "mtime", "modified", "LastModified", "last_modified")
"""Under which names file systems say which version of a file it is; their size says the rest."""


def file_system(*schemes: str) -> Callable[[Callable[[Place], FileSystem]], Callable[[Place], FileSystem]]:
    """Register how addresses with these schemes are opened."""

    def register(opening: Callable[[Place], FileSystem]) -> Callable[[Place], FileSystem]:
        _systems.update(dict.fromkeys(schemes, opening))
        return opening

    return register


@file_system("s3")
def _open_store(place: Place) -> FileSystem:
    from fsspec.implementations.arrow import ArrowFSWrapper

    objects.check_bucket(place.address)
    store, path = objects.store_of(place.address)
    return ArrowFSWrapper(store, skip_instance_cache=True), path


@file_system("webdav", "webdavs")
def _open_webdav(place: Place) -> FileSystem:
    from webdav4.fsspec import WebdavFileSystem

    scheme, _, rest = place.address.partition("://")
    _encrypted(place, scheme == "webdavs", rest)
    host, _, path = rest.partition("/")
    account = (place.user, place.password()) if place.user else None
    # Not fsspec's instance cache: it is keyed by the account, and so would keep it.
    return WebdavFileSystem(
        f"{'https' if scheme == 'webdavs' else 'http'}://{host}", auth=account, skip_instance_cache=True
    ), path.rstrip("/")


@file_system("sftp")
def _open_sftp(place: Place) -> FileSystem:
    from fsspec.implementations.sftp import SFTPFileSystem

    host, _, path = place.address.removeprefix("sftp://").partition("/")
    name, _, port = host.partition(":")
    account = {"username": place.user, "password": place.password()}
    given = {key: value for key, value in account.items() if value}
    return SFTPFileSystem(name, port=int(port or 22), skip_instance_cache=True, **given), f"/{path}".rstrip("/")


def _encrypted(place: Place, encrypted: bool, rest: str) -> None:
    host = rest.partition("/")[0].partition(":")[0]
    if not encrypted and host not in ("localhost", "127.0.0.1"):
        raise ConfigError(f"corpus.sources: {place.address} would be read unencrypted: write webdavs:// for it.")


@connector("remote")
@contextmanager
def open_remote(place: Place) -> Iterator[Items]:
    scheme = place.address.partition("://")[0] if is_address(place.address) else ""
    if scheme not in _systems:
        known = ", ".join(f"{one}://" for one in sorted(_systems))
        raise ConfigError(f"corpus.sources: {place.address} is no address that can be read, these are: {known}.")
    try:
        system, path = _systems[scheme](place)
    except ImportError as error:
        raise ConfigError(
            f"Addresses that begin with {scheme}:// need one more library, {error.name}: "
            'pip install "foretune[sources]" (for sftp also paramiko).'
        ) from None
    except ForetuneError:
        raise
    except Exception as error:
        raise InputError(_failed(place, error)) from None
    yield _Files(place, system, path)


def _failed(place: Place, error: Exception) -> str:
    """Of an error of a library only its kind is told: its words may repeat what was sent."""
    return (
        f"{place.address} cannot be looked into ({type(error).__name__}): check the address, the network, user and "
        "password; nothing was removed."
    )


class _Files(Items):
    def __init__(self, place: Place, system: Any, path: str) -> None:
        self._place, self._system, self._path = place, system, path
        self._names: dict[str, str] = {}

    def entries(self, known: Collection[str]) -> list[Entry]:
        try:
            self._system.invalidate_cache()
            found: dict[str, dict[str, Any]] = self._system.find(self._path, detail=True)
        except FileNotFoundError:
            found = {}
        except Exception as error:
            raise InputError(_failed(self._place, error)) from None
        entries = []
        for name, about in sorted(found.items()):
            path = name.removeprefix(self._path).lstrip("/") or name.rpartition("/")[2]
            if any(part.startswith(".") for part in path.split("/")):
                continue
            self._names[path] = name
            size = int(about.get("size") or about.get("content_length") or 0)
            version = [str(about[key]) for key in _VERSIONS if about.get(key)]
            refusal = self._place.too_large if size > self._place.max_bytes else ""
            entries.append(Entry(path, "", size, mark(f"{size} {version}"), refusal))
        return entries

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        try:
            # As a stream, to its limit: what a store says of a size need not be so.
            with self._system.open(self._names[entry.path], "rb") as file:
                data: bytes = file.read(self._place.max_bytes + 1)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise Unreadable(f"it could not be had ({type(error).__name__})") from None
        if len(data) > self._place.max_bytes:
            raise Unreadable(self._place.too_large)
        return data, entry
