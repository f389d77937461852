"""llama.cpp inside this process, reached over a Unix socket that only this user can open.

The library's own in-process calls are not used: with a call in flight, stopping
the model ends in a native abort, and a call cannot be cancelled while it reads
a prompt. A request over the socket is cancelled by closing its connection, and
an exception becomes an error response.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import socket
import tempfile
import threading
import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from foretune.errors import EngineError

__all__ = ["BATCH", "LlamaServer", "RefusedError"]

BATCH = 256
"""Prompt tokens evaluated in one native call: what cancelling may have to wait for.

Measured on 2 cores: prompts are read as fast as with 512 or 2048.
"""

_LONGEST_PLACE = 70
"""Characters. A socket's whole path may have 103 on macOS and 107 on Linux (``sun_path`` in ``sys/un.h``)."""
_QUIET = -1
"""Verbosity below every message of llama.cpp."""
_INFO = 3
"""Verbosity with ``FORETUNE_DEBUG``: how the model was loaded, no prompts (those begin at 4)."""


class RefusedError(Exception):
    """The server answered with an error; ``kind`` is its short name for the reason."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        # Kept, because the library forgets its own where the answer says that it is the last.
        self._socket = self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)

    def abort(self) -> None:
        """End a call that another thread waits for; the server drops the request within a second."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


@dataclass
class _Running:
    """What must be stopped in order, also when the interpreter exits."""

    folder: str
    key: str
    native: Any = None
    working: bool = False
    """Its loop has begun. Stopped before that, llama.cpp forgets that it was told and never ends."""
    stopped: bool = False
    connections: set[_UnixConnection] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def socket(self) -> str:
        return str(Path(self.folder, "engine.sock"))

    @contextlib.contextmanager
    def request(self, method: str, path: str, body: Mapping[str, Any] | None) -> Iterator[http.client.HTTPResponse]:
        connection = _UnixConnection(self.socket)
        with self.lock:
            # Whoever comes now would not be cancelled any more, and the native side would wait for him.
            if self.stopped:
                raise ConnectionAbortedError
            connection.connect()
            self.connections.add(connection)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
            connection.request(method, path, content, headers)
            yield connection.getresponse()
        finally:
            with self.lock:
                self.connections.discard(connection)
            connection.close()

    def wait_until_working(self) -> None:
        """Return when the loop has answered something: the list of adapters is one of its tasks."""
        with self.request("GET", "/lora-adapters", None) as response:
            response.read()
        self.working = True

    def stop(self) -> None:
        if self.native is not None and not self.working:
            self.wait_until_working()
        with self.lock:
            self.stopped, open_now = True, list(self.connections)
        # Requests first: the native side waits for its handlers, and they for their clients.
        for connection in open_now:
            connection.abort()
        self.native = None
        shutil.rmtree(self.folder, ignore_errors=True)


class LlamaServer:
    """One loaded model with its adapters.

    Args:
        model: a checked GGUF file.
        context: tokens of each slot.
        slots: sequences held at the same time.
        threads: CPU threads that write.
        batch_threads: CPU threads that read prompts.
        adapters: checked LoRA GGUF files; a request names them by position.
        pooling: texts are turned into vectors rather than continued, from those of their tokens as the file says, or
            as their mean.

    Raises:
        EngineError: the model, or an adapter with it, could not be loaded.
    """

    def __init__(
        self,
        model: Path,
        *,
        context: int,
        slots: int,
        threads: int,
        batch_threads: int,
        adapters: Sequence[Path] = (),
        pooling: Literal["", "file", "mean"] = "",
    ) -> None:
        import xllamacpp

        self._running = _Running(_private_folder(), secrets.token_urlsafe(24))
        self._finalizer = weakref.finalize(self, self._running.stop)

        params = xllamacpp.CommonParams()
        params.model.path = str(model)
        params.hostnames = [self._running.socket]
        params.api_keys = [self._running.key]
        params.verbosity = _INFO if os.environ.get("FORETUNE_DEBUG") else _QUIET
        params.n_parallel = slots
        params.embedding = bool(pooling)
        if pooling == "mean":
            params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.n_ctx = context * slots
        # Each slot has a cache of its own, so that what one holds does not reorder another's sums.
        params.kv_unified = False
        params.n_batch = params.n_ubatch = BATCH
        params.cpuparams.n_threads = threads
        params.cpuparams_batch.n_threads = batch_threads
        params.warmup = False
        # Prompts parked in RAM are found again by their tokens alone, whatever adapter they were read with.
        params.cache_ram_mib = 0
        params.prefill_assistant = False
        params.enable_reasoning = 0
        params.endpoint_slots = False
        params.endpoint_props = False
        params.ui = False
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(path), 0.0) for path in adapters]
        try:
            self._running.native = xllamacpp.Server(params)
        except RuntimeError:
            self.close()
            raise EngineError(_not_loaded(model, adapters)) from None
        self._running.wait_until_working()

    def close(self) -> None:
        """Cancel what is asked and free the model; may be called twice, from any thread."""
        self._finalizer()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """One JSON answer.

        Raises:
            RefusedError: the server would not.
            EngineError: the server was closed meanwhile.
        """
        with self._response(path, body) as response:
            return json.loads(response.read())

    def events(self, path: str, body: Mapping[str, Any]) -> Generator[Any, None, None]:
        """The JSON values of a stream of server-sent events; closing the iterator cancels the request."""
        with self._response(path, {**body, "stream": True}) as response:
            while line := response.readline():
                name, _, value = line.partition(b": ")
                if name == b"data" and value.strip() != b"[DONE]":
                    event = json.loads(value)
                    if "error" in event:
                        raise _refusal(500, event)
                    yield event

    @contextlib.contextmanager
    def _response(self, path: str, body: Mapping[str, Any]) -> Iterator[http.client.HTTPResponse]:
        try:
            with self._running.request("POST", path, body) as response:
                if response.status != http.client.OK:
                    raise _refusal(response.status, json.loads(response.read()))
                yield response
        except (OSError, http.client.HTTPException):
            raise EngineError("The language model was stopped while it was asked something: ask again.") from None


def _private_folder() -> str:
    """A new folder for the owner alone (mode 0700), whose path leaves room for a socket's name."""
    places = (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp")  # noqa: S108
    short = [place for place in places if len(place) <= _LONGEST_PLACE and os.access(place, os.W_OK | os.X_OK)]
    if not short:
        raise EngineError("There is no folder for the language model's socket: set XDG_RUNTIME_DIR to a short path.")
    return tempfile.mkdtemp(prefix="foretune-", dir=short[0])


def _refusal(status: int, body: Mapping[str, Any]) -> RefusedError:
    error = body.get("error", {})
    return RefusedError(status, str(error.get("type", "")), str(error.get("message", "")))


def _not_loaded(model: Path, adapters: Sequence[Path]) -> str:
    with_adapters = f" with the adapter {', '.join(map(str, adapters))}" if adapters else ""
    advice = "tune again on this model" if adapters else "fetch it again, or use another"
    return (
        f"llama.cpp could not load {model}{with_adapters} "
        f"(not enough memory, or a kind of file it does not know): {advice}."
    )
