"""Every file of a collection of real, broken, encrypted and hostile files comes to what it should."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.helpers import shared

from foretune.corpus import add, documents
from foretune.plan.config import CorpusSettings
from foretune.types import Document
from foretune.vault import Vault

SET_ASIDE = {
    "dev/tika/testPDF_jsActionOnPage.pdf": "no text",
    "dev/tika/testWORD_protected_drm.doc": "rights management",
    "dev/tika/testODTnotaZipFile.odt": "damaged",
    "dev/tika/test-zip-of-zip.zip": "archive",
    "dev/tika/moby.zip": "archive",
    "dev/markitdown/MEDRPT-2024-PAT-3847_medical_report_scan.pdf": "picture",
    "dev/markitdown/random.bin": "neither text",
    "dev/unstructured/empty.xlsx": "no text",
    "dev/unstructured/fake-text-all-whitespace.txt": "no text",
    "dev/docling/powerpoint_malformed_pictures.pptx": "damaged",
    "dev/sample-files/imagemagick-images.pdf": "picture",
}
HOLDS = {
    "tika/testTXT_win-1252.txt": "a “windows” encoding",
    "tika/multi-language.txt": "español",
    "tika/testArabicMisleadingCharset.html": "كان هناك رجل حكيم",
    "tika/testHTMLBadScript.html": "This is a test.",
    "tika/testBrokenHTMLContainingRFC822.html": "A whole bunch of text.",
    "tika/resume.html": "Предлагаем Вам ознакомиться",
    "tika/testRTFJapanese.rtf": "ゾルゲ",
    "tika/testRFC822_multipart_attachments.eml": "This is test email for EML1",
    "tika/testWORD_macros.doc": "The quick brown fox.",
    "tika/testPDFPackage.pdf": "Adobe Reader",
    "markitdown/test_mskanji.csv": "名前: 佐藤太郎\n年齢: 30",
    "markitdown/test.epub": "# Chapter 1: Test Content",
    "markitdown/test.pptx": "AutoGen",
    "markitdown/test.xls": "Alpha: 89\nBeta: 82",
    "markitdown/REPAIR-2022-INV-001_multipage.pdf": "Gabriel Diaz",
    "markitdown/RECEIPT-2024-TXN-98765_retail_purchase.pdf": "Emily Rodriguez",
    "unstructured/fake-text-utf-16-be.txt": "Hamburgers are delicious",
    "unstructured/fake-email-utf-16.eml": "Roses are red",
    "unstructured/fake-html-cp1252.html": "Die schöne Frau hat einen Kaffee",
    "unstructured/fake-email.msg": "This is a test email",
    "unstructured/semicolon-delimited.csv": "Lorem, ipsum: consectetur\ndolor sit: adipiscing",
    "unstructured/fake-power-point-malformed.pptx": "Problem Date Placeholder",
    "docling/odf_table_with_title_01.ods": "Year: 2020\nFreshwater Ducks: 135",
    "docling/docx_rich_cells.docx": "After table with **bold**",
    "sample-files/multicolumn.pdf": "consectetuer adipiscing elit",
}


@pytest.fixture(scope="module")
def folder() -> Path:
    return shared("messy-files")


def test_every_file_has_one_outcome_and_the_right_one(vault: Vault, tmp_path: Path, folder: Path) -> None:
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    rows = [row for row in rows if (folder / row["file"]).exists()]
    started = time.monotonic()
    found = list(add(vault, [folder / "dev"], settings=CorpusSettings(), base=tmp_path))
    assert time.monotonic() - started < 60

    assert sorted(f"dev/{one.path}" for one in found) == sorted(row["file"] for row in rows)
    for one in found:
        row = next(row for row in rows if row["file"] == f"dev/{one.path}")
        expected = SET_ASIDE.get(row["file"], "encrypted" if row["kind"] == "encrypted" else "")
        assert (one.outcome == "set_aside") == bool(expected), (one, row)
        assert expected in one.reason

    texts: dict[str, Document] = {document.path: document for document in documents(vault)}
    assert all(document.text.strip() and document.title for document in texts.values())
    for path, words in HOLDS.items():
        assert words in texts[path].text, path
    assert "root:" not in "".join(document.text for document in texts.values())


READ_IN_A_PROCESS_OF_ITS_OWN = """
import sys
from pathlib import Path
from foretune.corpus import add
from foretune.plan.config import CorpusSettings
from foretune.vault import Vault

with Vault.create(Path(sys.argv[1]) / "vault") as vault:
    print(sum(1 for _ in add(vault, [Path(sys.argv[2])], settings=CorpusSettings(), base=Path(sys.argv[1]))))
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
def test_reading_them_takes_little_memory(tmp_path: Path, folder: Path) -> None:
    command = [sys.executable, "-c", READ_IN_A_PROCESS_OF_ITS_OWN, str(tmp_path), str(folder / "dev")]
    files, peak_kib = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(files) > 50
    assert int(peak_kib) < 250_000


def test_a_second_run_reads_nothing(vault: Vault, tmp_path: Path, folder: Path) -> None:
    first = list(add(vault, [folder / "dev"], settings=CorpusSettings(), base=tmp_path))
    second = list(add(vault, [folder / "dev"], settings=CorpusSettings(), base=tmp_path))
    assert {one.outcome for one in second} == {"unchanged", "set_aside"}
    assert {one.path for one in second} == {one.path for one in first}
    assert [one.reason for one in second if one.outcome == "set_aside"] == [
        one.reason for one in first if one.outcome == "set_aside"
    ]
