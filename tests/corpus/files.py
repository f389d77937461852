"""Files the tests of the corpus make."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from foretune.corpus import Raw, Reading
from foretune.corpus.readers import read

LIMIT = 5_000_000


def reading(name: str, data: bytes | str) -> Reading:
    """The one document of a file."""
    (found,) = readings(name, data)
    return found


def readings(name: str, data: bytes | str) -> list[Reading]:
    return read(Raw(name, data.encode() if isinstance(data, str) else data, LIMIT))


def package(entries: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def docx(body: str, core: str = "") -> bytes:
    """A Word file with this content of ``w:body`` and of the core properties."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return package(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
            "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{relation}" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
            "docProps/core.xml": '<cp:coreProperties xmlns:cp="c" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            f'xmlns:dcterms="http://purl.org/dc/terms/">{core}</cp:coreProperties>',
        }
    )


def pdf(pages: int, objects: int = 0) -> bytes:
    """A PDF of empty pages, and of objects that refer to one another."""
    kids = b"3 0 R " * pages
    chain = b"".join(b"%d 0 obj<</A %d 0 R>>endobj\n" % (number, number + 1) for number in range(4, 4 + objects))
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids["
        + kids
        + b"]/Count %d>>endobj\n" % pages
        + b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
        + chain
        + b"trailer<</Root 1 0 R>>"
    )


def pdf_page(drawn: bytes) -> bytes:
    """A PDF of one page of 600 x 800 points, with the operators that draw it; /F is Helvetica."""
    return (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R"
        b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
        b"4 0 obj<</Length %d>>stream\n%b\nendstream endobj\ntrailer<</Root 1 0 R>>" % (len(drawn), drawn)
    )


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Files in a folder, by relative path."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may read everything, so that it has to be somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
