"""Compound files: Word, Excel and PowerPoint of 1997 to 2003, Outlook messages, and encrypted newer ones.

https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from foretune.corpus.readers.decoding import NOT_TEXT
from foretune.corpus.readers.reading import DAMAGED, ENCRYPTED, Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader

if TYPE_CHECKING:
    from olefile import OleFileIO

PROTECTED = "protected by rights management: save an unprotected copy and add that"

_FIELD = re.compile(
    r"\b(?:TOC|HYPERLINK|PAGEREF|REF|SEQ|MERGEFORMAT|INCLUDEPICTURE)\b(?:\s+(?:\\\\?\w|\\?\"[^\"\n]*\"|_\w+))+"
)
"""Field codes of Word (``HYPERLINK \\l "_Toc1"``), which the reader of old files leaves in the text."""
_ENCRYPTED_WORD = 0x0100  # fEncrypted of the FIB, [MS-DOC] 2.5.2
_FILE_PASS = 0x002F  # record of an encrypted workbook, [MS-XLS] 2.4.117
_ENCRYPTED_SLIDES = b"\xdf\xc4\xd1\xf3"  # headerToken of CurrentUserAtom, [MS-PPT] 2.3.2


@reader(
    "an Office file",
    suffixes=(".doc", ".dot", ".xls", ".xlt", ".ppt", ".pps", ".msg"),
    magic=(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
)
def read_compound(raw: Raw) -> Iterable[Extract]:
    """Told by the streams inside."""
    from olefile import OleFileIO, isOleFile

    from foretune.corpus.readers.office import read_with_kreuzberg
    from foretune.corpus.readers.tables import read_workbook

    if not isOleFile(raw.data):
        raise Unreadable(DAMAGED.format(kind="an Office file"))
    with OleFileIO(io.BytesIO(raw.data)) as ole:
        streams = {path[0] for path in ole.listdir()}
        if _encrypted(ole, streams):
            raise Unreadable(ENCRYPTED)
    if streams & {"\tDRMContent", "\tDRMViewerContent"}:
        raise Unreadable(PROTECTED)
    if "WordDocument" in streams:
        found = read_with_kreuzberg(raw, "application/msword")
        yield Extract(_without_fields(found.text), found.media_type, found.metadata)
    elif streams & {"Workbook", "Book"}:
        yield read_workbook(raw, "application/vnd.ms-excel")
    elif "PowerPoint Document" in streams:
        yield read_with_kreuzberg(raw, "application/vnd.ms-powerpoint")
    elif "__properties_version1.0" in streams:
        yield read_with_kreuzberg(raw, "application/vnd.ms-outlook")
    else:
        raise Unreadable(NOT_TEXT)


def _encrypted(ole: OleFileIO, streams: set[str]) -> bool:
    if streams & {"EncryptedPackage", "EncryptedSummary"}:
        return True
    if "WordDocument" in streams:
        return bool(int.from_bytes(ole.openstream("WordDocument").read(12)[10:12], "little") & _ENCRYPTED_WORD)
    for name in streams & {"Workbook", "Book"}:
        return _FILE_PASS in _records(ole.openstream(name).read(4096))
    if "PowerPoint Document" in streams and "Current User" in streams:
        return bool(ole.openstream("Current User").read(16)[12:16] == _ENCRYPTED_SLIDES)
    return False


def _records(stream: bytes) -> Iterator[int]:
    """Types of the records a workbook begins with."""
    position = 0
    while position + 4 <= len(stream):
        yield int.from_bytes(stream[position : position + 2], "little")
        position += 4 + int.from_bytes(stream[position + 2 : position + 4], "little")


def _without_fields(text: str) -> str:
    return re.sub(r"[ \t]{2,}", " ", _FIELD.sub("", html.unescape(text)))
