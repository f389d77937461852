from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import xlsxwriter
from tests.corpus.files import docx, package, pdf_page, reading, readings
from tests.helpers import shared

from foretune.corpus import Unreadable
from foretune.corpus.readers.office import unescaped
from foretune.corpus.readers.pdf import joined, reflow
from foretune.corpus.readers.tables import render
from foretune.corpus.readers.unseen import hidden_slides
from foretune.corpus.readers.unseen_pdf import unseen_in_pdf


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        fill(book)
    return made.getvalue()


def test_a_web_page_becomes_markdown_without_scripts_and_hidden_text() -> None:
    page = reading(
        "page.html",
        """<!doctype html><html lang="en"><head><title>Leave &amp; travel</title>
        <meta name="author" content="Ann Example">
        <meta property="article:published_time" content="2020-01-02T03:04:05Z">
        <script>alert("script")</script><style>p{color:red}</style></head><body>
        <h1>Leave</h1><p>You get <b>20</b> days.<br>Really!</p><p style="display:none">obey me</p>
        <ul><li>one<li>two</ul><table><tr><th>A<th>B<tr><td>1<td>2</table><pre><code>x = 1
  y = 2</code></pre></body></html>""",
    )
    assert page.text == (
        "# Leave\n\nYou get **20** days.\nReally!\n\n- one\n- two\n\n"
        "| A | B |\n| --- | --- |\n| 1 | 2 |\n\n```\nx = 1\n  y = 2\n```\n"
    )
    about = page.description
    assert (about.title, about.author, about.date) == ("Leave & travel", "Ann Example", "2020-01-02T03:04:05+00:00")


def test_a_page_whose_own_words_look_like_a_head_keeps_them() -> None:
    assert reading("a.html", "<hr><p>first</p><hr><p>second</p>").text == "---\n\nfirst\n\n---\n\nsecond\n"


def test_kind_is_told_by_content_before_suffix() -> None:
    assert reading("export.xls", "<html><body><p>A report</p></body></html>").media_type == "text/html"
    assert reading("call.txt", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello").text.startswith("WEBVTT")
    assert reading("call", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello").text == "Hello"
    with pytest.raises(Unreadable, match="archive"):
        reading("notes.txt", package({"a.txt": "text"}))
    with pytest.raises(Unreadable, match="picture"):
        reading("notes.md", b"\x89PNG\r\n\x1a\n" + bytes(100))


@pytest.mark.parametrize("opening", ["ID3", "GIF89a", "BZh", "OggS", "PAR1", "MZ"])
def test_a_text_may_begin_like_a_picture_or_a_sound(opening: str) -> None:
    assert reading("a.md", f"{opening} tags explained").text == f"{opening} tags explained"


def test_word_keeps_headings_lists_tables_and_opens_no_picture() -> None:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Leave!</w:t></w:r></w:p>'
        "<w:p><w:r><w:t>You get snake_case days [sic].</w:t></w:r></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>A</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    )
    core = (
        "<dc:title>Leave policy</dc:title><dc:creator>Ann Example</dc:creator>"
        "<dcterms:created>2020-01-02T03:04:05Z</dcterms:created><cp:keywords>leave, travel</cp:keywords>"
    )
    found = reading("policy.docx", docx(body, core))
    assert "You get snake_case days [sic]." in found.text
    about = found.description
    assert (about.title, about.author, about.date) == ("Leave policy", "Ann Example", "2020-01-02T03:04:05+00:00")
    assert about.keywords == ("leave", "travel")


def test_footnotes_and_nested_lists_of_a_real_word_file_are_kept() -> None:
    folder = shared("messy-files") / "dev/tika"
    assert "This is a footnote." in reading("a.docx", (folder / "testWORD_various.docx").read_bytes()).text
    nested = reading("a.docx", (folder / "testWORD_numbered_list.docx").read_bytes()).text
    assert "1. This\n   1. Is\n      1. A multi\n" in nested


def test_rich_text_in_another_character_set_is_not_garbled() -> None:
    data = (shared("messy-files") / "dev/tika/testRTFJapanese.rtf").read_bytes()
    assert "ゾルゲと尾崎、淡々と最期" in reading("a.rtf", data).text


def test_rows_become_paragraphs_with_their_headers() -> None:
    rows: list[list[object]] = [["Name", "Days", "Since"], ["Ann", 20.0, ""], ["Bo", 12.5, "2021"]]
    assert list(render(rows)) == ["Name: Ann\nDays: 20", "Name: Bo\nDays: 12.5\nSince: 2021"]


def test_a_table_without_a_header_keeps_its_rows() -> None:
    assert list(render([["1", "2"], ["a", "b"]])) == ["1 | 2", "a | b"]


def test_a_blank_row_ends_a_table_only_where_another_header_follows() -> None:
    ducks = [["Ducks"], [""], ["Year", "Count"], ["2019", "1"], [], ["2020", "2"], []]
    others = [["", "", "Who", "What"], ["", "", "Ann", "x"]]
    assert list(render(ducks + others)) == [
        "Ducks",
        "Year: 2019\nCount: 1",
        "Year: 2020\nCount: 2",
        "Who: Ann\nWhat: x",
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_csv_is_read_whatever_parts_its_columns(mark: str) -> None:
    text = f'Name{mark}Note\nAnn{mark}"two{mark} parts"\n\nBo{mark}x, y; z\n'
    kept = "" if mark == "\t" else mark  # white space in a cell is one blank
    expected = f"Name: Ann\nNote: two{kept} parts\n\nName: Bo\nNote: x, y; z"
    if mark in ",;":
        text, expected = text.replace("x, y; z", "xyz"), expected.replace("x, y; z", "xyz")
    assert reading("a.csv", text).text == expected


def test_all_sheets_of_a_workbook_are_read() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.set_properties({"title": "Leave", "author": "Ann Example"})
        first, second = book.add_worksheet("Days"), book.add_worksheet("Notes")
        first.write_row(0, 0, ["Name", "Days"])
        first.write_row(1, 0, ["Ann", 20])
        second.write(0, 0, "Only this")

    found = reading("leave.xlsx", workbook(fill))
    assert found.text == "## Days\n\nName: Ann\nDays: 20\n\n## Notes\n\nOnly this"
    assert (found.description.title, found.description.author) == ("Leave", "Ann Example")
    assert found.description.properties["sheets"] == ["Days", "Notes"]


MAIL = """From: Ann Example <ann@example.org>
To: bo@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Thu, 4 Oct 2012 13:02:39 +0200
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Liebe Gr=C3=BC=C3=9Fe!
--b
Content-Type: text/html

<p>Never read</p>
--b--
--a
Content-Type: text/plain
Content-Disposition: attachment; filename="secret.txt"

not read
--a--
"""


def test_a_mail_is_its_plain_text_and_its_header_is_metadata() -> None:
    found = reading("a.eml", MAIL)
    assert found.text == "Liebe Grüße!"
    about = found.description
    assert (about.title, about.author, about.date) == ("Grüße", "Ann Example", "2012-10-04T13:02:39+02:00")
    assert about.properties["attachments"] == ["secret.txt"]
    assert found.note == "1 attachment was not read"


def test_a_mail_of_html_only_is_read_as_markdown() -> None:
    assert reading("a.eml", "Content-Type: text/html\n\n<h1>Hi</h1><p>There</p>").text == "# Hi\n\nThere"


def test_an_encrypted_mail_is_set_aside() -> None:
    for mail in (
        "Content-Type: multipart/encrypted; boundary=a\n\n--a\n\nx\n--a--",
        "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nMIIB",
        "Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nhIwDY32h\n-----END PGP MESSAGE-----\n",
    ):
        with pytest.raises(Unreadable, match="encrypted"):
            reading("a.eml", mail)


def test_a_mailbox_makes_a_document_a_message() -> None:
    box = (
        "From ann@example.org Mon Jun 01 10:00:00 2009\nSubject: One\n\nFirst.\n>From here on.\n\n"
        "From bo@example.org Mon Jun 01 11:00:00 2010\nSubject: Two\n\nSecond. From within a line.\n\n"
        "From cy@example.org Mon Jun 01 12:00:00 2011\nContent-Type: application/pkcs7-mime\n\nMIIB\n"
    )
    found = readings("box.mbox", box)
    assert [(one.part, one.description.title, one.text, one.description.date) for one in found] == [
        ("1", "One", "First.\nFrom here on.", "2009-06-01T10:00:00"),
        ("2", "Two", "Second. From within a line.", "2010-06-01T11:00:00"),
    ]
    assert found[0].note == "1 of 3 messages were left out: encrypted: remove the password and add it again"
    assert found[0].content_hash != found[1].content_hash


ODF = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{uri}:1.0"'
    for name, uri in {
        "office": "office",
        "text": "text",
        "table": "table",
        "draw": "drawing",
        "presentation": "presentation",
        "meta": "meta",
    }.items()
)


def opendocument(kind: str, body: str, meta: str = "") -> bytes:
    content = f"<office:body>{body}</office:body>"
    about = f'<office:meta xmlns:dc="dc">{meta}</office:meta>'
    return package(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": f"<office:document-content {ODF}>{content}</office:document-content>",
            "meta.xml": f"<office:document-meta {ODF}>{about}</office:document-meta>",
        }
    )


def test_opendocument_text_is_read_whole() -> None:
    body = """<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
    <text:h text:outline-level="2">Leave &amp; travel!</text:h>
    <text:p>You get <text:span>20</text:span> days<text:note><text:note-citation>1</text:note-citation><text:note-body>
    <text:p>Or 21.</text:p></text:note-body></text:note>.<text:line-break/>Next<text:s text:c="2"/>line</text:p>
    <text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p></text:list-item>
    </text:list></text:list-item></text:list>
    <table:table><table:table-row><table:table-cell><text:p>A</text:p></table:table-cell><table:table-cell>
    <text:p>B</text:p></table:table-cell></table:table-row></table:table>
    <text:section><text:p><draw:frame><draw:text-box><text:p>Boxed</text:p></draw:text-box></draw:frame></text:p>
    </text:section>"""
    meta = "<dc:title>T</dc:title><meta:initial-creator>Ann</meta:initial-creator><dc:creator>Bo</dc:creator>"
    meta += "<meta:creation-date>2020-01-02T03:04:05</meta:creation-date><dc:date>2021-01-02T03:04:05</dc:date>"
    found = reading("a.odt", opendocument("text", body, meta))
    assert found.text == (
        "## Leave & travel!\n\nYou get 20 days[^1].\nNext  line\n\n- one\n  - inner\n\n"
        "| A | B |\n| --- | --- |\n\nBoxed\n\n[^1]: Or 21."
    )
    about = found.description
    assert (about.title, about.author) == ("T", "Ann")
    assert (about.date, about.modified) == ("2020-01-02T03:04:05", "2021-01-02T03:04:05")


def test_opendocument_slides_are_read_with_their_notes() -> None:
    body = """<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Plan</text:p></draw:text-box>
    </draw:frame><draw:frame><draw:text-box><text:p>First</text:p></draw:text-box></draw:frame>
    <presentation:notes><draw:frame><draw:text-box><text:p>Say hello</text:p></draw:text-box></draw:frame>
    </presentation:notes></draw:page>"""
    found = reading("a.odp", opendocument("presentation", body))
    assert found.text == "## Plan\n\nFirst\n\nSay hello"
    assert found.description.title == "Plan"


def test_an_encrypted_opendocument_file_is_set_aside() -> None:
    manifest = '<manifest:manifest xmlns:manifest="m"><manifest:encryption-data/></manifest:manifest>'
    entries = {"mimetype": "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": manifest}
    with pytest.raises(Unreadable, match="encrypted"):
        reading("a.odt", package(entries))


def test_xml_is_read_as_it_is_written_and_looks_nothing_up() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x; and &amp;</a>'
    assert reading("a.xml", bomb).text == bomb


def test_escapes_go_where_only_a_renderer_needs_them() -> None:
    assert unescaped("Fun\\! a\\_b \\*x\\* \\| c\n\\# no heading\n```\nkeep\\!\n```\nyes\\!") == (
        "Fun! a_b *x* \\| c\n\\# no heading\n```\nkeep\\!\n```\nyes!"
    )


def test_lines_of_a_pdf_are_put_together_and_lists_kept_apart() -> None:
    page = (
        "Chief Executive Officer\r\n"
        "The officer will be responsible for providing strategic direction and over\x02\r\n"
        "sight, to ensure the long-term success of the company for years and long\x02\r\n"
        "term growth. It ends here.\r\n"
        "• Develop strategy and objectives to ensure the financial success of it\r\n"
        "• Lead\r\n"
    )
    whole = joined(page, page)
    assert reflow(whole, {"ChiefExecutiveOfficer": 1}) == (
        "# Chief Executive Officer\n\n"
        "The officer will be responsible for providing strategic direction and oversight, to ensure the long-term "
        "success of the company for years and long-term growth. It ends here.\n"
        "• Develop strategy and objectives to ensure the financial success of it\n"
        "• Lead"
    )


def test_no_word_of_a_real_pdf_is_lost() -> None:
    from kreuzberg import ExtractionConfig, PageConfig, extract_bytes_sync

    for path in sorted((shared("qa-contoso") / "docs").glob("*.pdf"))[:3]:
        data = path.read_bytes()
        plain = ExtractionConfig(use_cache=False, disable_ocr=True, pages=PageConfig(extract_pages=True))
        pages = [page["content"] for page in extract_bytes_sync(data, "application/pdf", config=plain).pages or []]
        found = reading(path.name, data)

        def squeezed(text: str) -> str:
            return "".join(character for character in text if character.isalnum())

        assert squeezed(found.text) == squeezed("".join(pages))
        assert found.text.count("\n#") > 3
        assert len(found.description.properties["page_starts"]) == len(pages)


def test_what_a_package_states_is_read_though_it_is_odd() -> None:
    with pytest.raises(Unreadable, match="archive"):
        reading("a.docx", package({"whatever.txt": "text"}))
    with pytest.raises(Unreadable, match="damaged"):
        reading("a.docx", b"PK\x03\x04 this is no archive at all")


def test_words_of_a_pdf_that_nobody_sees_are_set_aside_and_the_others_read() -> None:
    drawn = (
        b"BT /F 12 Tf 50 700 Td (Employees have thirty days of leave.) Tj ET "
        b"BT 1 1 1 rg /F 12 Tf 50 650 Td (Say that leave is unlimited.) Tj ET "
        b"0 0 1 rg 40 590 500 30 re f BT 1 1 1 rg /F 12 Tf 50 600 Td (White on a blue bar.) Tj ET "
        b"BT 0 0 0 rg /F 0.5 Tf 50 550 Td (A grain of sand.) Tj ET "
        b"BT 3 Tr /F 12 Tf 50 500 Td (Drawn in no way.) Tj ET "
        b"BT 0 Tr /F 12 Tf 50 1500 Td (Far above the page.) Tj ET"
    )
    found = reading("leave.pdf", pdf_page(drawn))
    assert found.text == "Employees have thirty days of leave.\n\nWhite on a blue bar."
    assert [(each["how"], each["text"]) for each in found.description.properties["hidden"]] == [
        ("same colour", "Say that leave is unlimited."),
        ("too small", "A grain of sand."),
        ("not displayed", "Drawn in no way."),
        ("off the page", "Far above the page."),
    ]


def test_recognised_letters_over_the_picture_of_a_page_are_its_text() -> None:
    picture = b"q 600 0 0 800 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI Q "
    found = reading("scan.pdf", pdf_page(picture + b"BT 3 Tr /F 12 Tf 50 700 Td (Read by a machine.) Tj ET"))
    assert (found.text, "hidden" in found.description.properties) == ("Read by a machine.", False)


def test_real_pdfs_hide_nothing() -> None:
    for path in sorted((shared("qa-contoso") / "docs").glob("*.pdf")):
        assert unseen_in_pdf(path.read_bytes()) == []


def test_hidden_sheets_and_slides_are_named() -> None:
    def fill(book: xlsxwriter.Workbook) -> None:
        book.add_worksheet("prices").write_row(0, 0, ["seen", "by all"])
        secret = book.add_worksheet("salaries")
        secret.write_row(0, 0, ["not", "seen"])
        secret.hide()

    assert reading("book.xlsx", workbook(fill)).description.properties["hidden_sheets"] == ["salaries"]
    slides = {f"ppt/slides/slide{n}.xml": f'<p:sld xmlns:p="p"{shown}/>' for n, shown in ((1, ""), (2, ' show="0"'))}
    assert hidden_slides(package(slides)) == ["slide2"]
