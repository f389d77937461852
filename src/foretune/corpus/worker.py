"""The process in which hostile files are read: ``python -P -m foretune.corpus.worker SECONDS``.

Its parent is :mod:`foretune.corpus.isolation`. Before the first file it gives up
what reading does not need: writing to files, memory beyond a limit, core dumps.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from typing import Any

from foretune.corpus.isolation import read_frame, write_frame
from foretune.corpus.readers import TOO_COMPLEX, Raw, Unreadable, read

_MEMORY = 2 * 1024**3
"""Bytes of address space a worker may take beyond what its libraries take at the start."""
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>"
)


def main() -> None:
    """Read frames from standard input, answer on standard output, until the input ends."""
    seconds = float(sys.argv[1])
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    _load_libraries()
    _give_up_rights()
    write_frame(answers, b"ready")
    while True:
        try:
            request = json.loads(read_frame(requests, 1_000_000))
            data = read_frame(requests, 1 << 40)
        except EOFError:
            return
        # The parent kills a worker that is too slow; should it be gone, the alarm does.
        signal.setitimer(signal.ITIMER_REAL, seconds + 10)
        answer = _answer(request, data)
        signal.setitimer(signal.ITIMER_REAL, 0)
        del data
        write_frame(answers, answer)


def _answer(request: dict[str, Any], data: bytes) -> bytes:
    try:
        readings = read(Raw(request["name"], data, request["max_characters"]))
        return json.dumps({"readings": [dataclasses.asdict(reading) for reading in readings]}).encode()
    except Unreadable as error:
        reason = str(error)
    except MemoryError:
        reason = TOO_COMPLEX
    except BaseException as error:
        if not type(error).__name__.endswith("PanicException"):  # a Rust library's own way to fail
            raise
        reason = "the program that reads such files gave up on it: it is damaged"
    return json.dumps({"reason": reason, "worn": reason == TOO_COMPLEX}).encode()


def _load_libraries() -> None:
    """PDFium unpacks itself into the temporary folder: a private one, which can go once it is loaded."""
    folder = tempfile.mkdtemp(prefix="foretune-")
    os.environ.update(HOME=folder, TMPDIR=folder, XDG_CACHE_HOME=folder, KREUZBERG_CACHE_DIR=folder)
    tempfile.tempdir = None
    try:
        with contextlib.suppress(Unreadable):
            read(Raw("warm-up.pdf", _PDF, 1))
    finally:
        shutil.rmtree(folder)


def _give_up_rights() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # pipes are not files
    limit = _address_space() + _MEMORY
    with contextlib.suppress(ValueError, OSError):  # macOS knows no limit of address space
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _address_space() -> int:
    try:
        with open("/proc/self/statm") as file:  # noqa: PTH123
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1024**3


if __name__ == "__main__":
    main()
