"""Files made to crash, hang or fill the memory of whatever reads them."""

from __future__ import annotations

import gzip
import io
import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import xlsxwriter
from tests.corpus.files import LIMIT, docx, package, pdf

from foretune.corpus import FileReader, Unreadable

SECONDS = 10.0
ENDED = "damaged, or takes too much memory"


@pytest.fixture
def files() -> Iterator[FileReader]:
    with FileReader(max_characters=LIMIT, max_seconds=SECONDS) as reader:
        yield reader


def _zeros(entries: dict[str, int]) -> bytes:
    return package({"[Content_Types].xml": "<x/>"} | {name: "0" * size for name, size in entries.items()})


def _sparse() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "first")
        sheet.write(1_048_575, 16_383, "last")
    return made.getvalue()


def _nested_zip(depth: int) -> bytes:
    data = b"innermost"
    for level in range(depth):
        data = package({f"{level}.zip": data})
    return data


def _deep_opendocument(depth: int) -> bytes:
    content = f"<a>{'<b>' * depth}text{'</b>' * depth}</a>"
    return package({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def _nested_mail(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("bomb.xlsx", _zeros({"xl/worksheets/sheet1.xml": 120_000_000}), "unpacks to far more"),
        ("nested.zip", _nested_zip(50), "archive"),
        ("nested.docx", _nested_zip(50), "archive"),
        ("zeros.txt", gzip.compress(bytes(10_000_000)), "archive"),
        ("sparse.xlsx", _sparse(), ENDED),
        ("deep.pptx", package({"[Content_Types].xml": "<x/>", "ppt/slides/slide1.xml": "<a>" * 300_000}), ENDED),
        ("deep.docx", docx("<w:p>" * 100_000 + "</w:p>" * 100_000), "text"),
        ("deep.odt", _deep_opendocument(200_000), "too deeply nested"),
        ("deep.html", b"<div>" * 100_000 + b"hello" + b"</div>" * 100_000, "nested too deeply"),
        ("deep.eml", _nested_mail(2000), "too deeply nested"),
        ("deep.rtf", b"{\\rtf1" + b"{" * 500_000, "no text"),
        ("objects.pdf", pdf(pages=1, objects=200_000), "no text"),
        ("random.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 50, "damaged"),
        ("random.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 50, "damaged"),
        ("empty.pdf", b"", "empty"),
        ("wide.csv", b"," * 2_000_000 + b"\n" + b"," * 2_000_000, "no text"),
        ("columns.csv", b",".join(b"column%d" % n for n in range(300_000)) * 2, "longer than"),
        ("long.txt", b"a line of text\n" * 400_000, "longer than"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_it_is_set_aside_with_its_reason_and_the_next_file_is_read(
    files: FileReader, name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        files.read(name, data)
    assert files.read("fine.html", b"<p>fine</p>")[0].text == "fine\n"


def test_a_file_that_takes_too_long_is_given_up_and_the_next_one_is_read() -> None:
    with FileReader(max_characters=LIMIT, max_seconds=3) as files:
        with pytest.raises(Unreadable, match="longer than 3 seconds"):
            files.read("pages.pdf", pdf(pages=400_000))
        assert files.read("fine.html", b"<p>fine</p>")[0].text == "fine\n"


def test_hostile_files_cost_this_process_no_memory(files: FileReader) -> None:
    hostile = {"sparse.xlsx": _sparse(), "deep.html": b"<div>" * 300_000}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, data in hostile.items():
        with suppress(Unreadable):
            files.read(name, data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KB


def workers() -> list[psutil.Process]:
    """The processes that read files for this one."""
    return [child for child in psutil.Process().children() if "foretune.corpus.worker" in child.cmdline()]


def test_a_worker_that_is_killed_from_outside_is_replaced(files: FileReader) -> None:
    files.read("a.html", b"<p>one</p>")
    (worker,) = workers()
    worker.kill()
    worker.wait()
    assert files.read("b.html", b"<p>two</p>")[0].text == "two\n"


def test_the_worker_ends_with_its_reader() -> None:
    with FileReader(max_characters=LIMIT, max_seconds=SECONDS) as files:
        files.read("a.html", b"<p>one</p>")
        (worker,) = workers()
    assert not worker.is_running()


def test_the_worker_can_write_no_file_and_knows_no_key(files: FileReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETUNE_KEY", "0123456789abcdef" * 4)
    files.read("a.html", b"<p>one</p>")
    (worker,) = workers()
    limits = Path(f"/proc/{worker.pid}/limits").read_text()
    assert "Max file size             0                    0" in limits
    assert "Max core file size        0                    0" in limits
    assert "FORETUNE_KEY" not in worker.environ()


def test_plain_texts_need_no_worker(files: FileReader) -> None:
    for name in ("a.md", "a.txt", "a.csv", "a.json", "a.xml", "a.vtt"):
        files.read(name, b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello, you")
    assert workers() == []


def test_no_text_of_a_document_is_written_anywhere(
    files: FileReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """The libraries would cache what they extract; a marked text must turn up in no file."""
    canary = "quicksilver-canary-7731"
    folders = [tmp_path / name for name in ("tmp", "cwd", "cache")]
    for folder in folders:
        folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folders[0]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folders[2]))
    monkeypatch.chdir(folders[1])
    page = f"BT /F0 12 Tf 20 50 Td ({canary}) Tj ET"
    drawn = (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 90]/Contents 4 0 R/Resources<</Font<</F0 5 0 R>>>>>>endobj\n"
        f"4 0 obj<</Length {len(page)}>>stream\n{page}\nendstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>"
    )
    for name, data in {
        "a.pdf": drawn.encode(),
        "a.docx": docx(f"<w:p><w:r><w:t>{canary}</w:t></w:r></w:p>"),
        "a.html": f"<p>{canary}</p>".encode(),
        "a.rtf": b"{\\rtf1 " + canary.encode() + b"}",
        "a.eml": f"Subject: x\n\n{canary}".encode(),
    }.items():
        assert canary in files.read(name, data)[0].text, name
    written = [path for folder in (*folders, home) for path in folder.rglob("*") if path.is_file()]
    assert written == []
    mine = [path for path in Path("/tmp").glob("*") if path.stat().st_uid == os.getuid() and "kreuzberg" in path.name]
    assert all(path.stat().st_mtime < Path(tmp_path).stat().st_ctime for path in mine)
