"""Files that are ZIP archives inside: Office Open XML, OpenDocument, EPUB; and archives, which are set aside."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

from foretune.corpus.readers.reading import DAMAGED, ENCRYPTED, Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader, refuse

__all__ = ["ARCHIVE", "embedded", "properties_of"]

ARCHIVE = "an archive: unpack it and add the folder"
IWORK = "a file of Pages, Numbers or Keynote: export it as PDF, Word or Excel and add that"
BOMB = "it unpacks to far more than it holds, as archives made to harm do"
_MOST_ENTRIES = 20_000
_MOST_BYTES = 1_000_000_000
_MOST_RATIO = 250
"""Of unpacked to packed bytes, beyond 100 MB; DEFLATE cannot do better than 1032, real documents stay below 100."""

_META = {"date": "modified", "creation-date": "created", "creator": "modified_by"}
"""OpenDocument's names that mean something else elsewhere: ``dc:date`` is when, ``dc:creator`` who changed it last."""

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_WORD = f"{_OPEN_XML}wordprocessingml.document"
_SLIDES = f"{_OPEN_XML}presentationml.presentation"
_SHEETS = f"{_OPEN_XML}spreadsheetml.sheet"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

refuse(
    ARCHIVE,
    suffixes=(".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar", ".iso", ".cab"),
    magic=(
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ\x00",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07",
        b"\x28\xb5\x2f\xfd",
        (257, b"ustar"),
    ),
)


@reader(
    "an Office or OpenDocument file",
    suffixes=(
        *(".docx", ".docm", ".dotx", ".pptx", ".pptm", ".ppsx", ".potx", ".xlsx", ".xlsm", ".xltx", ".xlsb"),
        *(".odt", ".ott", ".ods", ".ots", ".odp", ".otp", ".odg", ".epub"),
    ),
    magic=(b"PK\x03\x04", b"PK\x05\x06"),
)
def read_package(raw: Raw) -> Iterable[Extract]:
    """Told by what is inside: a suffix may be wrong, and an archive may be called anything."""
    from foretune.corpus.readers.office import read_slides, read_with_kreuzberg, read_word
    from foretune.corpus.readers.opendocument import read_opendocument
    from foretune.corpus.readers.tables import read_workbook

    media_type = _media_type(raw.data)
    if media_type == _WORD:
        yield read_word(raw, media_type)
    elif media_type == _SLIDES:
        yield read_slides(raw, media_type)
    elif media_type in (_SHEETS, f"{_OPEN_DOCUMENT}spreadsheet"):
        yield read_workbook(raw, media_type)
    elif media_type.startswith(_OPEN_DOCUMENT):
        yield read_opendocument(raw, media_type)
    elif media_type:
        yield read_with_kreuzberg(raw, media_type)
    else:
        raise Unreadable(ARCHIVE)


def properties_of(data: bytes) -> dict[str, Any]:
    """Title, creator, dates and keywords an Office Open XML or OpenDocument file states; empty for other files."""
    found: dict[str, Any] = {}
    if not data.startswith(b"PK"):
        return found
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in ("docProps/core.xml", "meta.xml"):
            if name not in package.namelist() or package.getinfo(name).file_size > 1_000_000:
                continue
            try:
                root = ElementTree.fromstring(package.read(name))  # noqa: S314 (expat resolves nothing external)
            except ElementTree.ParseError:
                continue
            stated = {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in root.iter()}
            renamed = _META if name == "meta.xml" else {}
            found |= {renamed.get(key, key): value for key, value in stated.items() if value}
    for noise in ("revision", "generator", "editing-cycles", "editing-duration", "lastPrinted", "version"):
        found.pop(noise, None)
    return found


def embedded(data: bytes) -> str:
    """A note on documents inside the document, which are not read; empty where there are none."""
    if not data.startswith(b"PK"):
        return ""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        count = sum("/embeddings/" in name or name.startswith("ObjectReplacements/") for name in package.namelist())
    return f"{count} embedded {'file was' if count == 1 else 'files were'} not read" if count else ""


def _media_type(data: bytes) -> str:
    """What the package is; empty for a plain archive.

    Raises:
        Unreadable: damaged, encrypted, or made to harm.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            names = {entry.filename for entry in entries}
            _refuse_bombs(entries)
            mimetype = package.read("mimetype").decode("ascii", "replace").strip() if "mimetype" in names else ""
            manifest = "META-INF/manifest.xml"
            if manifest in names and b"encryption-data" in package.read(manifest):
                raise Unreadable(ENCRYPTED)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise Unreadable(DAMAGED.format(kind="an Office or OpenDocument file")) from None
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable(ENCRYPTED)
    if mimetype.startswith(_OPEN_DOCUMENT):
        return mimetype.removesuffix("-template")
    if mimetype == "application/epub+zip" or "META-INF/container.xml" in names:
        return "application/epub+zip"
    if any(name.startswith("Index/") and name.endswith(".iwa") for name in names):
        raise Unreadable(IWORK)
    if "[Content_Types].xml" in names:
        for folder, media_type in (("word/", _WORD), ("xl/", _SHEETS), ("ppt/", _SLIDES)):
            if any(name.startswith(folder) for name in names):
                return media_type
    return ""


def _refuse_bombs(entries: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if (
        len(entries) > _MOST_ENTRIES
        or unpacked > _MOST_BYTES
        or (unpacked > 100_000_000 and unpacked > _MOST_RATIO * packed)
    ):
        raise Unreadable(BOMB)
