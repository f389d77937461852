"""A mail server of a few commands, on this machine: what the connector says is checked against RFC 9051's grammar."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Mail", "imap_server"]


@dataclass
class Mail:
    """The one mailbox of the server."""

    user: str
    password: str
    port: int = 0
    messages: dict[int, bytes] = field(default_factory=dict)
    """By UID."""
    fetched: int = 0
    """Bodies that were asked for."""


class _Session(socketserver.StreamRequestHandler):
    mail: Mail

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline():
            tag, _, command = line.decode().strip().partition(" ")
            for part in self._answer(command):
                self.wfile.write(part)
            if command.upper() == "LOGOUT":
                self.wfile.write(f"* BYE\r\n{tag} OK done\r\n".encode())
                return
            self.wfile.write(f"{tag} {self._status(command)}\r\n".encode())

    def _status(self, command: str) -> str:
        if command.startswith("LOGIN"):
            return "OK done" if command == f'LOGIN {self.mail.user} "{self.mail.password}"' else "NO refused"
        if command.startswith("EXAMINE"):
            return "OK done" if command == 'EXAMINE "INBOX"' else "NO no such mailbox"
        return "OK done"

    def _answer(self, command: str) -> Iterator[bytes]:
        if command.startswith("CAPABILITY"):
            yield b"* CAPABILITY IMAP4rev1\r\n"
        elif command == 'EXAMINE "INBOX"':
            yield f"* {len(self.mail.messages)} EXISTS\r\n".encode()
        elif command == "UID SEARCH UNDELETED":
            yield b"* SEARCH " + " ".join(map(str, sorted(self.mail.messages))).encode() + b"\r\n"
        elif found := re.fullmatch(r"UID FETCH ([\d,]+) \((.+)\)", command):
            for number, uid in enumerate(map(int, found[1].split(",")), start=1):
                data = self.mail.messages[uid]
                if "HEADER.FIELDS" in found[2]:
                    head = b"".join(line + b"\n" for line in data.split(b"\n") if line.startswith(b"Message-ID"))
                    name = "BODY[HEADER.FIELDS (MESSAGE-ID)]"
                    yield f"* {number} FETCH (UID {uid} RFC822.SIZE {len(data)} {name} {{{len(head)}}}\r\n".encode()
                    yield head + b")\r\n"
                else:
                    self.mail.fetched += 1
                    yield f"* {number} FETCH (UID {uid} BODY[] {{{len(data)}}}\r\n".encode() + data + b")\r\n"


@contextmanager
def imap_server(user: str, password: str) -> Iterator[Mail]:
    """A running server with an empty mailbox."""
    mail = Mail(user, password)
    session = type("Session", (_Session,), {"mail": mail})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), session) as server:
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join()
