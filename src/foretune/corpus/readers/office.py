"""What kreuzberg and mammoth read: Word, slides, OpenDocument, e-books, rich text and old formats.

kreuzberg would cache what it extracts unless told not to. It is never told paths,
only bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from foretune.corpus.readers.html import to_markdown
from foretune.corpus.readers.packages import embedded, properties_of
from foretune.corpus.readers.reading import DAMAGED, ENCRYPTED, Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader
from foretune.corpus.readers.unseen import hidden_slides, without_unseen

if TYPE_CHECKING:
    from kreuzberg import ExtractionConfig, ExtractionResult

__all__ = ["extract", "known", "read_slides", "read_with_kreuzberg", "read_word", "unescaped"]

_KEPT = (
    *("title", "subject", "authors", "keywords", "language", "created_at", "modified_at", "modified_by"),
    *("page_count", "slide_count", "producer", "description", "category", "identifier", "publisher"),
    *("from_name", "from_email", "to_emails", "cc_emails", "message_id", "attachments"),
)
"""Metadata worth keeping; the rest is layout, fonts and counts."""
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{}~])")
_FENCE = re.compile(r"\s*(```|~~~)")
_MAIL_HEADER = re.compile(r"\A(?:\*\*[A-Z][\w-]{1,12}\*\*: [^\n]*\n\s*)+")
_OTHER_CHARSET = re.compile(rb"\\fcharset(?:77|128|129|130|134|136|161|162|163|177|178|186|204|222|238)\b")
_RICH_TEXT = "application/rtf"
_HEADING_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"


def read_word(raw: Raw, media_type: str) -> Extract:
    """DOCX through mammoth: kreuzberg 4.10 leaves out footnotes and flattens lists."""
    import io

    import mammoth

    def no_picture(_: Any) -> dict[str, str]:
        return {"src": ""}  # the picture is never opened: it may point anywhere

    try:
        shown, hidden = without_unseen(raw.data)
        converted = mammoth.convert_to_html(
            io.BytesIO(shown),
            convert_image=mammoth.images.img_element(no_picture),
            style_map=_HEADING_STYLES,
            external_file_access=False,
        ).value
    except Exception:  # whatever it trips over, the other reader may not
        return read_with_kreuzberg(raw, media_type)
    text, _ = to_markdown(converted)
    text = re.sub(r" ?\[↑\]\(#[\w-]+\)", "", re.sub(r"\[\[(\d+)\]\]\(#[\w-]+\)", r"[^\1]", text))
    metadata = properties_of(raw.data) | ({"hidden": hidden} if hidden else {})
    return Extract(text, media_type, metadata, note=embedded(raw.data))


def read_slides(raw: Raw, media_type: str) -> Extract:
    """PPTX: a heading a slide."""
    found = read_with_kreuzberg(raw, media_type)
    slides: dict[str, Any] = {key: found.metadata[key] for key in ("slide_count",) if key in found.metadata}
    if unseen := hidden_slides(raw.data):
        slides["hidden_slides"] = unseen
    return Extract(found.text, media_type, properties_of(raw.data) | slides, note=found.note)


@reader("a rich text file", suffixes=(".rtf",), magic=(b"{\\rtf",))
def read_rich_text(raw: Raw) -> Iterable[Extract]:
    """RTF; where a font names another character set, through striprtf: kreuzberg 4.10 reads all as Windows-1252."""
    found = read_with_kreuzberg(raw, _RICH_TEXT)
    if not _OTHER_CHARSET.search(raw.data):
        yield found
        return
    from striprtf.striprtf import rtf_to_text

    text = rtf_to_text(raw.data.decode("latin-1"), errors="replace")
    yield Extract(re.sub(r"\n{3,}", "\n\n", text), _RICH_TEXT, found.metadata)


@reader("an e-book", suffixes=(".fb2",))
def read_fiction_book(raw: Raw) -> Iterable[Extract]:
    yield read_with_kreuzberg(raw, "application/x-fictionbook+xml")


@reader("a notebook", suffixes=(".ipynb",))
def read_notebook(raw: Raw) -> Iterable[Extract]:
    yield read_with_kreuzberg(raw, "application/x-ipynb+json")


def read_with_kreuzberg(raw: Raw, media_type: str) -> Extract:
    """Anything kreuzberg knows, as Markdown without needless escapes.

    Raises:
        Unreadable: encrypted or damaged.
    """
    result = extract(raw, media_type, config(output_format="markdown"))
    text = unescaped(result.content)
    if media_type == "application/vnd.ms-outlook":
        text = _MAIL_HEADER.sub("", text)
    return Extract(text, media_type, known(result.metadata), note=embedded(raw.data))


def config(**options: Any) -> ExtractionConfig:
    """No cache, no clean-up that could drop text, no text recognition."""
    from kreuzberg import ExtractionConfig

    return ExtractionConfig(use_cache=False, enable_quality_processing=False, disable_ocr=True, **options)


def extract(raw: Raw, media_type: str, options: ExtractionConfig) -> ExtractionResult:
    """Kreuzberg's result.

    Raises:
        Unreadable: encrypted or damaged; kreuzberg's own words, which may hold text of the file, are dropped.
    """
    from kreuzberg import KreuzbergError, extract_bytes_sync

    try:
        return extract_bytes_sync(raw.data, media_type, config=options)
    except KreuzbergError as error:
        if re.search(r"password|encrypt", str(error), re.IGNORECASE):
            raise Unreadable(ENCRYPTED) from None
        kind = media_type.rpartition("/")[2].rpartition(".")[2]
        raise Unreadable(DAMAGED.format(kind=_KINDS.get(media_type, f"a file of type {kind}"))) from None


def known(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The part of kreuzberg's metadata that is worth keeping, in its spelling."""
    kept = {key: metadata[key] for key in _KEPT if metadata.get(key)}
    name, address = kept.pop("from_name", ""), kept.pop("from_email", "")
    if name or address:
        kept |= {"title": kept.pop("subject", ""), "from": name or address, "date": kept.pop("created_at", "")}
    return kept


def unescaped(markdown: str) -> str:
    """Markdown without the backslashes that only a renderer needs.

    Those in code, before a bar and at the start of a line stay. The text is read by
    people and language models, and learnt from.

    >>> unescaped("Welcome\\\\! See \\\\#3.")
    'Welcome! See #3.'
    """
    fenced = False
    lines = []
    for line in markdown.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        start = len(line) - len(line.lstrip()) + 1
        lines.append(line if fenced else line[:start] + _ESCAPED.sub(r"\1", line[start:]))
    return "\n".join(lines)


_KINDS = {
    "application/pdf": "a PDF",
    "application/msword": "a Word file",
    "application/vnd.ms-powerpoint": "a PowerPoint file",
    "application/vnd.ms-outlook": "an Outlook message",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "a PowerPoint file",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "a Word file",
    "application/epub+zip": "an e-book",
    "application/x-fictionbook+xml": "an e-book",
    "application/x-ipynb+json": "a notebook",
    _RICH_TEXT: "a rich text file",
}
