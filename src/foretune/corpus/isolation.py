"""Reading hostile files in a process of its own: one that may crash, hang or run out of memory without harm.

The worker is started at the first file that needs it, reads file after file, and
is replaced after some hundred, or when one has ended it. It gets a file's bytes
and returns its text through pipes; it cannot write to any file, knows no key, and
ends with us.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Any, Self

from foretune.corpus.metadata import Description
from foretune.corpus.readers import Raw, Reading, Unreadable, read, reader_for
from foretune.errors import InputError
from foretune.types import Label

__all__ = ["FileReader"]

TOO_SLOW = "it took longer than {seconds:g} seconds to read (corpus.max_seconds in foretune.toml)"
_CRASHED = "the program that reads such files ended on it: it is damaged, or takes too much memory"
_NO_WORKER = (
    "The process that reads documents did not start: run `python -m foretune.corpus.worker 60` to see why "
    "(memory, temporary folder and installed packages are the usual causes)."
)
_START_SECONDS = 120
_RECYCLE_AFTER = 200
"""Files a worker reads before it is replaced, so that what its libraries leak stays small."""
_SMALL = 1_000_000
"""Bytes: text files up to this size are read in this process, larger ones in the worker."""
_KEPT_VARIABLES = ("PATH", "TMPDIR", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
_LENGTH = struct.Struct(">Q")


class FileReader:
    """Reads files, the dangerous kinds in a worker. Use it as a context manager.

    Args:
        max_characters: Longer texts are set aside.
        max_seconds: A file that takes longer is set aside and the worker replaced.
    """

    def __init__(self, *, max_characters: int, max_seconds: float) -> None:
        self._max_characters = max_characters
        self._max_seconds = max_seconds
        self._worker: subprocess.Popen[bytes] | None = None
        self._served = 0

    def read(self, name: str, data: bytes) -> list[Reading]:
        """The documents of a file (one; or one a message of a mailbox).

        Raises:
            Unreadable: with the reason.
            InputError: the worker does not start on this machine.
        """
        if len(data) <= _SMALL and not reader_for(name, data[:1024]).isolated:
            return read(Raw(name, data, self._max_characters))
        fresh = self._worker is None
        try:
            return self._ask(name, data)
        except _WorkerEndedError:
            if fresh:
                raise Unreadable(_CRASHED) from None
        try:  # another file may have worn the worker out: this one gets its chance in a fresh one
            return self._ask(name, data)
        except _WorkerEndedError:
            raise Unreadable(_CRASHED) from None

    def _ask(self, name: str, data: bytes) -> list[Reading]:
        worker = self._worker or self._start()
        request = {"name": name, "max_characters": self._max_characters}
        try:
            with _killed_after(self._max_seconds, worker) as was_killed:
                answer = _exchange(worker, request, data, limit=16 * self._max_characters + 10_000_000)
        except (OSError, EOFError, ValueError):
            self.close()
            if was_killed():
                raise Unreadable(TOO_SLOW.format(seconds=self._max_seconds)) from None
            raise _WorkerEndedError from None
        except BaseException:
            self.close()  # interrupted in the middle of an answer: the pipe cannot be used again
            raise
        self._served += 1
        worn = bool(answer.get("worn"))
        if worn or self._served >= _RECYCLE_AFTER:
            self.close()
        if worn and self._served > 1:
            raise _WorkerEndedError
        if "reason" in answer:
            raise Unreadable(str(answer["reason"]))
        return [_reading(row) for row in answer["readings"]]

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: nothing is imported from the current folder, which may be the one that is read.
        worker = self._worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "foretune.corpus.worker", f"{self._max_seconds:g}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ},
            start_new_session=True,
        )
        self._served = 0
        assert worker.stdout is not None
        try:
            with _killed_after(_START_SECONDS, worker):
                read_frame(worker.stdout, 16)  # loading its libraries is not on the first file's time
        except EOFError:
            self.close()
            raise InputError(_NO_WORKER) from None
        return worker

    def close(self) -> None:
        """End the worker; the next file that needs one starts another."""
        if self._worker is None:
            return
        worker, self._worker = self._worker, None
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except BrokenPipeError:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class _WorkerEndedError(Exception):
    pass


@contextmanager
def _killed_after(seconds: float, worker: subprocess.Popen[bytes]) -> Iterator[Callable[[], bool]]:
    """End ``worker`` when the block takes longer; gives a function that says whether that happened."""
    late = threading.Event()

    def end() -> None:
        late.set()
        worker.kill()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late.is_set
    finally:
        timer.cancel()


def _exchange(worker: subprocess.Popen[bytes], request: dict[str, Any], data: bytes, *, limit: int) -> dict[str, Any]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    write_frame(worker.stdin, json.dumps(request).encode())
    write_frame(worker.stdin, data)
    answer: dict[str, Any] = json.loads(read_frame(worker.stdout, limit))
    return answer


def write_frame(pipe: IO[bytes], content: bytes) -> None:
    """Length (8 bytes, big-endian) and content."""
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def read_frame(pipe: IO[bytes], limit: int) -> bytes:
    """What :func:`write_frame` wrote.

    Raises:
        EOFError: the other side ended.
        ValueError: it says it has more than ``limit`` bytes.
    """
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > limit:
        raise ValueError
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return content


def _reading(row: dict[str, Any]) -> Reading:
    about = row.pop("description")
    label = about.pop("label")
    description = Description(
        **about | {"tags": tuple(about["tags"]), "keywords": tuple(about["keywords"])},
        label=None if label is None else Label(label),
    )
    return Reading(**row, description=description)
