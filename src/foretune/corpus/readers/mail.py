"""Mail: single messages (EML) and mailboxes (mbox), which become a document a message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from foretune.corpus.readers.decoding import decode
from foretune.corpus.readers.html import kept_hidden, to_markdown
from foretune.corpus.readers.reading import DAMAGED, ENCRYPTED, NO_TEXT, Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader

__all__ = ["messages"]

_WIDE = (b"\xff\xfe", b"\xfe\xff")
_FROM = re.compile(rb"^From [^\r\n]*\r?\n", re.MULTILINE)
_ENVELOPE = re.compile(r"From \S+ +(.+)")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


@reader("a mail", suffixes=(".eml", ".emlx"))
def read_mail(raw: Raw) -> Iterable[Extract]:
    yield _extract(raw.data, "")


@reader("a mailbox", suffixes=(".mbox", ".mbx"))
def read_mailbox(raw: Raw) -> Iterable[Extract]:
    """A document a message; how many could not be read, and why the first could not, is in the note."""
    found: list[Extract] = []
    reasons: list[str] = []
    for number, (envelope, data) in enumerate(messages(raw.data), start=1):
        try:
            message = _extract(data, envelope)
        except Unreadable as error:
            reasons.append(str(error))
            continue
        found.append(replace(message, media_type="application/mbox", part=str(number), data=data))
    if not found:
        raise Unreadable(reasons[0] if reasons else DAMAGED.format(kind="a mailbox"))
    if reasons:
        left_out = f"{len(reasons)} of {len(found) + len(reasons)} messages were left out: {reasons[0]}"
        found[0] = replace(found[0], note=left_out)
    yield from found


def messages(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Date of the envelope and bytes of each message of an mbox file (RFC 4155; ``>From`` unquoted)."""
    blank = (b"\n\n", b"\r\n\r\n")
    starts = [found for found in _FROM.finditer(data) if not found.start() or data.endswith(blank, 0, found.start())]
    for match, following in zip(starts, [*starts[1:], None], strict=True):
        body = data[match.end() : following.start() if following else len(data)]
        envelope = _ENVELOPE.match(match[0].decode("utf-8", "replace").strip())
        yield (envelope[1] if envelope else ""), _QUOTED_FROM.sub(rb"\1", body)


def _extract(data: bytes, envelope_date: str) -> Extract:
    if data.startswith(_WIDE):
        text, _ = decode(data)
        message = message_from_string(text, policy=policy.default)
    else:
        message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    kind = message.get_content_type()
    if kind in ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"):
        raise Unreadable(ENCRYPTED)
    text = _body(message)
    if text.lstrip().startswith("-----BEGIN PGP MESSAGE-----"):
        raise Unreadable(ENCRYPTED)
    if not text.strip():
        raise Unreadable(NO_TEXT)
    metadata = _metadata(message, envelope_date)
    count = len(metadata.get("attachments", ()))
    note = f"{count} {'attachment was' if count == 1 else 'attachments were'} not read" if count else ""
    return Extract(text, "message/rfc822", metadata, headings=False, note=note)


def _body(message: EmailMessage) -> str:
    """All parts that are text and no attachment; HTML only where nothing is plain."""
    plain: list[str] = []
    pages: list[str] = []
    for part in message.walk():
        if part.is_multipart() or part.get_content_disposition() == "attachment" or part.get_filename():
            continue
        if part.get_content_type() == "text/plain":
            plain.append(_content(part))
        elif part.get_content_type() == "text/html":
            pages.append(to_markdown(_content(part))[0])
    return "\n\n".join(text.strip("\r\n") for text in plain or pages if text.strip())


def _pages(message: EmailMessage) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_type() == "text/html" and part.get_content_disposition() != "attachment":
            yield _content(part)


def _content(part: Any) -> str:
    payload = part.get_payload(decode=True) or b""
    return decode(payload, str(part.get_content_charset() or ""))[0] if payload.strip() else ""


def _metadata(message: EmailMessage, envelope_date: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": _header(message, "subject"),
        "from": [name or address for name, address in getaddresses([_header(message, "from")])],
        "date": _header(message, "date") or envelope_date,
        "to": _header(message, "to"),
        "cc": _header(message, "cc"),
        "message_id": _header(message, "message-id"),
        "in_reply_to": _header(message, "in-reply-to"),
        "keywords": _header(message, "keywords"),
        "attachments": [name for part in message.walk() if (name := part.get_filename())],
        "hidden": [hidden for page in _pages(message) for hidden in kept_hidden(page)],
    }
    return {key: value for key, value in found.items() if value}


def _header(message: EmailMessage, name: str) -> str:
    """A header as text; the parser of the standard library fails on some broken ones (bpo-37491 and kin)."""
    try:
        value = message[name]
    except (IndexError, ValueError, AttributeError, TypeError, LookupError):
        return ""
    return " ".join(str(value).split()) if value is not None else ""
