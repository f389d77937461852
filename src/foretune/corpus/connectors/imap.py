"""Mail on a server (IMAP, RFC 9051): the messages of one mailbox, which is opened read-only."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from urllib.parse import SplitResult, unquote, urlsplit

from foretune.corpus.connectors.mailbox import TWICE, message_path
from foretune.corpus.connectors.registry import Items, Place, connector
from foretune.corpus.origin import mark
from foretune.corpus.readers import Unreadable
from foretune.corpus.walk import Entry
from foretune.errors import ConfigError, InputError

__all__ = ["open_imap"]

_SECONDS = 60
"""After which a server that says nothing is given up."""
_AT_ONCE = 200
"""Messages whose heads are asked for in one command."""
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@connector("imap")
@contextmanager
def open_imap(place: Place) -> Iterator[Items]:
    parts = urlsplit(place.address)
    if parts.scheme not in ("imaps", "imap") or not parts.hostname:
        raise ConfigError(f"corpus.sources: {place.address} is no mailbox: write imaps://USER@HOST/MAILBOX.")
    user = place.user or unquote(parts.username or "")
    password = place.password()
    if not user or not password:
        raise InputError(
            f"The mailbox {place.address} needs a user and a password: name the user in `user`, and in "
            "`password_variable` the environment variable that holds the password."
        )
    try:
        server = _connected(parts)
    except (OSError, imaplib.IMAP4.error) as error:
        raise InputError(
            f"The mail server of {place.address} does not answer ({type(error).__name__}): nothing was removed."
        ) from None
    try:
        yield _logged_in(place, server, user, password, unquote(parts.path.strip("/")) or "INBOX")
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _connected(parts: SplitResult) -> imaplib.IMAP4:
    assert parts.hostname
    trusted = ssl.create_default_context()
    if parts.scheme == "imaps":
        return imaplib.IMAP4_SSL(parts.hostname, parts.port or 993, ssl_context=trusted, timeout=_SECONDS)
    server = imaplib.IMAP4(parts.hostname, parts.port or 143, timeout=_SECONDS)
    if parts.hostname not in _LOOPBACK:
        server.starttls(trusted)  # raises where the server cannot: a password never travels in the clear
    return server


def _logged_in(place: Place, server: imaplib.IMAP4, user: str, password: str, mailbox: str) -> Items:
    try:
        server.login(user, password)
    except (OSError, imaplib.IMAP4.error):
        raise InputError(
            f"The mail server refuses user and password of {place.address}: nothing was removed."
        ) from None
    quoted = '"' + mailbox.replace("\\", "\\\\").replace('"', '\\"') + '"'
    try:
        answer, _ = server.select(quoted, readonly=True)
    except (OSError, imaplib.IMAP4.error):
        answer = "NO"
    if answer != "OK":
        raise InputError(f"There is no mailbox {mailbox} at {place.address}: nothing was removed.")
    return _Messages(place, server)


class _Messages(Items):
    def __init__(self, place: Place, server: imaplib.IMAP4) -> None:
        self._place, self._server = place, server
        self._uids: dict[str, bytes] = {}

    def entries(self, known: Collection[str]) -> list[Entry]:
        found: dict[str, Entry] = {}
        try:
            _, listed = self._server.uid("SEARCH", "UNDELETED")
            uids = (listed[0] or b"").split()
            for start in range(0, len(uids), _AT_ONCE):
                self._take(uids[start : start + _AT_ONCE], found)
        except (OSError, imaplib.IMAP4.error) as error:
            raise InputError(
                f"The mailbox {self._place.address} cannot be listed ({type(error).__name__}): nothing was removed."
            ) from None
        return sorted(found.values(), key=lambda entry: entry.path)

    def _take(self, uids: list[bytes], found: dict[str, Entry]) -> None:
        wanted = "(UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
        answer, parts = self._server.uid("FETCH", b",".join(uids).decode(), wanted)
        if answer != "OK":
            raise imaplib.IMAP4.error
        for position, part in enumerate(parts):
            if not isinstance(part, tuple):
                continue
            after = parts[position + 1] if position + 1 < len(parts) else b""
            about = part[0] + (after if isinstance(after, bytes) else b"")
            uid, size = _UID.search(about), _SIZE.search(about)
            if uid is None or size is None:
                continue
            head = message_from_bytes(part[1], policy=policy.compat32)
            path = message_path(str(head.get("message-id", "")), f"{self._place.address} {uid[1].decode()}")
            refusal = self._place.too_large if int(size[1]) > self._place.max_bytes else ""
            if path in found:
                path, refusal = f"{path.removesuffix('.eml')}-{uid[1].decode()}.eml", TWICE
            self._uids[path] = uid[1]
            found[path] = Entry(path, "", int(size[1]), mark(f"message {path} {size[1].decode()}"), refusal)

    def fetch(self, entry: Entry) -> tuple[bytes, Entry]:
        try:
            _, parts = self._server.uid("FETCH", self._uids[entry.path].decode(), "(BODY.PEEK[])")
        except (OSError, imaplib.IMAP4.error) as error:
            raise InputError(
                f"The mail server of {self._place.address} stopped answering ({type(error).__name__}): "
                "what was reported is kept, run the command again to go on."
            ) from None
        data = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if data is None:
            raise FileNotFoundError
        if len(data) > self._place.max_bytes:
            raise Unreadable(self._place.too_large)
        return data, entry
