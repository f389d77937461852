"""OpenDocument text and slides (ODT, ODP, ODG): kreuzberg 4.10 runs words together and does not know slides.

OASIS Open Document Format 1.3, part 3: https://docs.oasis-open.org/office/OpenDocument/v1.3/
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from foretune.corpus.readers.packages import embedded, properties_of
from foretune.corpus.readers.reading import DAMAGED, Extract, Raw, Unreadable

__all__ = ["read_opendocument"]

_LEFT_OUT = frozenset(("tracked-changes", "annotation", "annotation-end", "forms", "sequence-decls", "title", "desc"))
"""Deleted text, comments, controls, and what describes a drawing."""


def read_opendocument(raw: Raw, media_type: str) -> Extract:
    """All text in its order: headings, paragraphs, lists, tables, text boxes, slides with their notes, footnotes last.

    Raises:
        Unreadable: damaged.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw.data)) as package:
            root = ElementTree.fromstring(package.read("content.xml"))  # noqa: S314 (expat resolves nothing external)
    except (KeyError, ElementTree.ParseError, zipfile.BadZipFile):
        raise Unreadable(DAMAGED.format(kind="an OpenDocument file")) from None
    page = _Page()
    blocks = [block for block in page.blocks(root) if block.strip()]
    notes = [f"[^{number}]: {note}" for number, note in enumerate(page.notes, start=1)]
    return Extract("\n\n".join(blocks + notes), media_type, properties_of(raw.data), note=embedded(raw.data))


class _Page:
    """Collects footnotes while the text is walked through."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def blocks(self, element: Element) -> Iterator[str]:
        for child in element:
            match _name(child.tag):
                case "h":
                    level = min(int(_attribute(child, "outline-level") or 1), 6)
                    yield from self._paragraph(child, "#" * level + " ")
                case "p":
                    yield from self._paragraph(child, "")
                case "list":
                    yield "\n".join(self._items(child, ""))
                case "table":
                    yield self._table(child)
                case "frame" if _attribute(child, "class") == "title":
                    yield f"## {' '.join(' '.join(self.blocks(child)).split())}"
                case name if name not in _LEFT_OUT:
                    yield from self.blocks(child)

    def _paragraph(self, element: Element, mark: str) -> Iterator[str]:
        boxes: list[str] = []
        text = self._inline(element, boxes).strip()
        if text:
            yield mark + (" ".join(text.split()) if mark else text)
        yield from boxes

    def _inline(self, element: Element, boxes: list[str]) -> str:
        parts = [_white(element.text)]
        for child in element:
            match _name(child.tag):
                case "s":
                    parts.append(" " * min(int(_attribute(child, "c") or 1), 100))
                case "tab":
                    parts.append("\t")
                case "line-break":
                    parts.append("\n")
                case "note":
                    body = [part for part in child if _name(part.tag) == "note-body"]
                    self.notes.append(" ".join(block for part in body for block in self.blocks(part)))
                    parts.append(f"[^{len(self.notes)}]")
                case "frame" | "custom-shape" | "text-box":
                    boxes.extend(self.blocks(child))
                case name if name not in _LEFT_OUT:
                    parts.append(self._inline(child, boxes))
            parts.append(_white(child.tail))
        return "".join(parts)

    def _items(self, element: Element, indent: str) -> Iterator[str]:
        for item in element:
            mark = "- "
            for child in item:
                if _name(child.tag) == "list":
                    yield from self._items(child, indent + "  ")
                    continue
                wrapped = Element("item")
                wrapped.append(child)
                for block in self.blocks(wrapped):
                    yield indent + mark + block.replace("\n", f"\n{indent}  ")
                    mark = "  "

    def _table(self, element: Element) -> str:
        lines: list[str] = []
        for row in element.iter():
            if _name(row.tag) != "table-row":
                continue
            cells = [" ".join(" ".join(self.blocks(cell)).split()).replace("|", "\\|") for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:
                lines.append(f"| {' | '.join(cells)} |")
                if len(lines) == 1:
                    lines.append(f"| {' | '.join('---' for _ in cells)} |")
        return "\n".join(lines)


def _white(text: str | None) -> str:
    """White space of the file means one blank; more is written with elements of its own."""
    if not text:
        return ""
    inner = " ".join(text.split())
    return (" " if text[0].isspace() else "") + inner + (" " if inner and text[-1].isspace() else "")


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if _name(key) == name), "")
