"""Files in an object store that speaks S3: found, read and written where they lie.

Credentials and the place come from the environment, as every S3 client has them: ``AWS_ACCESS_KEY_ID`` and
``AWS_SECRET_ACCESS_KEY`` (or a profile, or the role of the machine), ``AWS_REGION``, and ``AWS_ENDPOINT_URL`` where the
store is not Amazon's. See https://arrow.apache.org/docs/python/filesystems.html#s3.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, cast

from foretune.errors import InputError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

__all__ = ["address", "check_bucket", "found", "opened", "replacing", "store_of"]

_ADDRESS = re.compile(r"s3:/{1,2}([^/].*)")
"""A path keeps one slash of the two."""
_READ_AHEAD = 1 << 20
_CONNECT_SECONDS, _REQUEST_SECONDS = 5, 60
_REASONS = (
    (r"NO_SUCH_BUCKET|NoSuchBucket|[Bb]ucket .{0,100}does not exist|[Bb]ucket .{0,100}not found", "no such bucket"),
    (r"ACCESS_DENIED|AccessDenied|INVALID_ACCESS_KEY|SIGNATURE|HTTP status 403|Forbidden", "access is denied"),
    (r"NETWORK_CONNECTION|curlCode|[Cc]ould ?n.t connect|timed? ?out", "nothing answers there"),
)


def address(path: PurePath | str) -> str:
    """``s3://bucket/key`` where ``path`` names an object; else empty."""
    match = _ADDRESS.fullmatch(os.fspath(path))
    return f"s3://{match[1]}" if match else ""


def found(url: str) -> list[tuple[str, bool]]:
    """The object at ``url``, or those below it in order of name: address, and whether it is the one that was named.

    Raises:
        InputError: there is none, or the store does not let us look.
    """
    from pyarrow.fs import FileSelector, FileType

    store, key = store_of(url)
    with _in_a_sentence(url):
        there = store.get_file_info(key)
        if there.type == FileType.File:
            return [(url, True)]
        below = store.get_file_info(FileSelector(key, recursive=True, allow_not_found=True))
    keys = sorted(each.path for each in below if each.type == FileType.File)
    if not keys:
        raise InputError(f"There is nothing at {url}: check the bucket and the key.")
    return [(f"s3://{each}", False) for each in keys]


def opened(url: str) -> BinaryIO:
    """An object to read from any place; it is not kept on disk.

    Raises:
        InputError: it is not there, or the store does not let us read it.
    """
    store, key = store_of(url)
    with _in_a_sentence(url):
        return cast(BinaryIO, io.BufferedReader(store.open_input_file(key), _READ_AHEAD))


def check_bucket(url: str) -> None:
    """Raise InputError where the bucket of ``url`` is not there or not ours to look into."""
    from pyarrow.fs import FileType

    store, key = store_of(url)
    bucket = key.partition("/")[0]
    with _in_a_sentence(url):
        there = store.get_file_info(bucket).type
    if there == FileType.NotFound:
        raise InputError(f"There is no bucket {bucket} to write {url} into: make it first.")


@contextmanager
def replacing(url: str) -> Iterator[BinaryIO]:
    """An object beside ``url`` to write to, which takes its place when the block ends well; else nothing is left.

    Raises:
        InputError: the store does not let us write.
    """
    store, key = store_of(url)
    folder, _, name = key.rpartition("/")
    draft = f"{folder}/.{name}.tmp"
    with _in_a_sentence(url):
        try:
            with store.open_output_stream(draft) as file:
                yield cast(BinaryIO, file)
            store.copy_file(draft, key)
        finally:
            store.delete_file(draft)


@contextmanager
def _in_a_sentence(url: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = next((reason for words, reason in _REASONS if re.search(words, str(error))), "it gives an error")
        raise InputError(
            f"{url} cannot be used ({why}): check its name, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, "
            "and AWS_ENDPOINT_URL if the store is not Amazon's."
        ) from None


def store_of(url: str) -> tuple[S3FileSystem, str]:
    """The store that holds an address, and bucket and key in it.

    Raises:
        InputError: the store does not say where it is.
    """
    key = url.removeprefix("s3://")
    with _in_a_sentence(url):
        return _store(key.partition("/")[0]), key.rstrip("/")


@cache
def _store(bucket: str) -> S3FileSystem:
    from pyarrow.fs import S3FileSystem, resolve_s3_region

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return S3FileSystem(
        endpoint_override=endpoint,
        region=region or ("us-east-1" if endpoint else resolve_s3_region(bucket)),
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
    )
