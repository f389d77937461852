"""PDF: the whole text layer, page by page, in lines put together again, under the headings that stand out.

kreuzberg's Markdown of a PDF is not used as the text: on 20 real files it left
out up to 7 % of the words (whole paragraphs after a table). It only says which
lines are headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from foretune.corpus.readers.office import config, extract, known
from foretune.corpus.readers.reading import Extract, Raw, Unreadable
from foretune.corpus.readers.registry import reader
from foretune.corpus.readers.unseen_pdf import unseen_in_pdf, without_words

__all__ = ["joined", "reflow"]

PICTURES = "there is no text in it, or only as a picture: run text recognition (OCR) on it and add it again"
ATTACHED = "files attached to it were not read"

_BREAK_HYPHEN = "\x02"  # what PDFium writes for a hyphen at the end of a line
_CONTROL = re.compile("[\x00\x01\x03-\x08\x0b\x0e-\x1f]")
_HEADING = re.compile(r"(#{1,6}) (.+)")
_ITEM = re.compile(r"\s*(?:[•·▪◦‣○●■□–—*-]|\(?\w{1,3}[.)])\s")
_ENDS = re.compile(r"[.!?:;…”\"')\]]\s*$")
_RULE = re.compile(r"[-=_*.]{6,}")
_FULL = 0.7
"""A line shorter than this share of a page's long lines ends its paragraph."""
_NARROW = 40
"""Pages whose long lines are shorter, in characters, are lists and receipts: their lines stay."""
_MOST_PAGES = 1_000
"""Headings are looked for in shorter files only: it takes as long again."""


@reader("a PDF", suffixes=(".pdf",), magic=(b"%PDF-",))
def read_pdf(raw: Raw) -> Iterable[Extract]:
    from kreuzberg import PageConfig

    result = extract(raw, "application/pdf", config(output_format="plain", pages=PageConfig(extract_pages=True)))
    pages = [page["content"] for page in result.pages or []]
    empty = sum(not page.strip() for page in pages)
    if empty == len(pages):
        raise Unreadable(PICTURES)
    hidden = unseen_in_pdf(raw.data)
    for each in hidden:
        pages = [without_words(page, each["text"]) for page in pages]
    headings = _headings(raw) if len(pages) <= _MOST_PAGES else {}
    whole = "\n".join(pages)
    texts = [reflow(joined(page, whole), headings) for page in pages]
    starts, length = [], 0
    for text in texts:
        starts.append(length)
        length += len(text) + 2 if text else 0
    notes = [f"{empty} of {len(pages)} pages hold no text"] if empty else []
    notes += [ATTACHED] if b"/EmbeddedFile" in raw.data else []
    text = "\n\n".join(text for text in texts if text)
    yield Extract(
        text,
        "application/pdf",
        known(result.metadata) | {"page_starts": starts} | ({"hidden": hidden} if hidden else {}),
        headings=text.startswith("#"),  # what looks like a heading further down is seldom the title
        note="; ".join(notes),
    )


def _headings(raw: Raw) -> dict[str, int]:
    """Text of a heading, without spaces → its level."""
    markdown = extract(raw, "application/pdf", config(output_format="markdown")).content
    found = (_HEADING.fullmatch(line.strip()) for line in markdown.splitlines())
    return {_squeezed(match[2].replace("\\", "")): len(match[1]) for match in found if match}


def _squeezed(line: str) -> str:
    return re.sub(r"[\s*_]+", "", line)


def joined(page: str, whole: str) -> str:
    """A page whose words cut at the end of a line are whole again.

    A hyphen stays where the document writes the word with one elsewhere, and goes otherwise.
    """

    def whole_word(match: re.Match[str]) -> str:
        first, second = match.groups()
        return f"{first}-{second}" if f"{first}-{second}" in whole else first + second

    page = _CONTROL.sub("", page)
    page = re.sub(rf"(\w+){_BREAK_HYPHEN}\s*(\w+)", whole_word, page)
    return page.replace(_BREAK_HYPHEN, "-").replace("\ufffe", "-")


def reflow(page: str, headings: dict[str, int]) -> str:
    """Lines put together to paragraphs; headings marked, list items and short lines kept apart."""
    lines = [" ".join(line.split()) for line in page.splitlines()]
    long = _long([line for line in lines if line])
    parts: list[str] = []
    previous = ""
    for line in lines:
        level = headings.get(_squeezed(line), 0) if line else 0
        if not line or level:
            parts.append(f"\n\n{'#' * level} {line}\n\n" if level else "\n\n")
            previous = ""
            continue
        wide = long >= _NARROW and len(previous) >= _FULL * long
        runs_on = wide and not _ITEM.match(line) and not _RULE.search(previous + line)
        if runs_on and _ENDS.search(previous) and len(previous) < 0.9 * long:
            runs_on = False
        parts += (" " if runs_on else "\n", line)
        previous = line
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()


def _long(lines: Sequence[str]) -> int:
    return sorted(map(len, lines))[int(0.9 * len(lines))] if lines else 0
