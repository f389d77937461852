"""An HTTP server that finishes what is under way before it stops."""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from foretune.errors import InputError

__all__ = ["HttpServer", "address", "is_loopback", "listen"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(host: str, port: int) -> socket.socket:
    """A socket that accepts connections; they wait until a server takes them.

    Raises:
        InputError: the port is taken, or the address is not this machine's.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once: two servers can bind one address, but only one of them can listen there.
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise InputError(
            f"Port {port} of {host} cannot be used ({error.strerror}): choose another with --port or --host."
        ) from None
    return listener


def address(listener: socket.socket) -> str:
    """Where clients find it, as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine reaches it."""
    return ipaddress.ip_address(listener.getsockname()[0]).is_loopback


class HttpServer(uvicorn.Server):
    """Uvicorn without logs (an access log holds addresses, an error log what people asked).

    Ctrl-C or SIGTERM: no new requests, those under way are finished. Ctrl-C again: at once.

    Args:
        stopping: called when the first signal comes.
    """

    def __init__(self, app: FastAPI, *, stopping: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app, http="h11", ws="none", lifespan="off", log_level="critical", access_log=False, server_header=False
            )
        )
        self._stopping = stopping

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Stop when asked; uvicorn's own would end the process before anything else is closed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        first = not self.should_exit
        super().handle_exit(sig, frame)
        if first:
            self._stopping()
