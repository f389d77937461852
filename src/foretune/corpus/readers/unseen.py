"""What nobody sees: in Word files hidden runs, white on white, letters of a point or two; slides that are not shown.

Source: ECMA-376 part 1, 17.3.2.41 (``vanish``), 17.3.2.6 (``color``), 17.3.2.38 (``sz``, in half points), 19.3.1.38
(``sld``, ``show``).
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

__all__ = ["hidden_slides", "without_unseen"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BODY = "word/document.xml"
_SUSPECT = re.compile(rb"<w:vanish\b|<w:color\b[^<>]{0,200}\"[Ff]{6}\"|<w:sz\s+w:val=\"[1-4]\"")
_FILLED = re.compile(rb"\bw:fill=\"(?!auto\"|[Ff]{6}\")|<w:(?:highlight|background)\b")
_SLIDE = re.compile(r"ppt/slides/slide\d+\.xml")
_NOT_SHOWN = re.compile(rb"<p:sld\b[^<>]*\bshow=[\"'](?:0|false)[\"']")
_HEAD = 10_000
"""Bytes of a slide: what it says about itself comes first."""
_SMALLEST = 4
"""Two points: nobody reads letters of this size or less."""
_LONGEST, _MOST = 2_000, 100


def without_unseen(data: bytes) -> tuple[bytes, list[dict[str, str]]]:
    """The file without runs that are not shown, and what they say, as ``how`` and ``text``, a paragraph each.

    White letters count only where nothing in the document has a colour behind it. Most files come back as they are.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        body = package.read(_BODY) if _BODY in package.namelist() else b""
        if not _SUSPECT.search(body):
            return data, []
        root = ElementTree.fromstring(body)  # noqa: S314 (expat resolves nothing external)
        white_is_hidden = not _FILLED.search(body)
        hidden: list[dict[str, str]] = []
        for paragraph in root.iter(f"{_W}p"):
            words: dict[str, list[str]] = {}
            for parent in list(paragraph.iter()):
                for run in parent.findall(f"{_W}r"):
                    how = _how(run, white_is_hidden)
                    if how:
                        words.setdefault(how, []).append("".join(text.text or "" for text in run.iter(f"{_W}t")))
                        parent.remove(run)
            hidden += [
                {"how": how, "text": said[:_LONGEST]}
                for how, parts in words.items()
                if (said := " ".join("".join(parts).split()))
            ]
        if not hidden:
            return data, []
        return _rewritten(package, ElementTree.tostring(root, encoding="utf-8")), hidden[:_MOST]


def hidden_slides(data: bytes) -> list[str]:
    """Names of the slides of a PPTX that are skipped when it is shown, such as ``slide3``."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = [name for name in package.namelist() if _SLIDE.fullmatch(name)]
        unseen = [name for name in parts if _NOT_SHOWN.search(package.read(name)[:_HEAD])]
    return sorted((name.removeprefix("ppt/slides/").removesuffix(".xml") for name in unseen), key=lambda n: (len(n), n))


def _how(run: Element, white_is_hidden: bool) -> str:
    looks = run.find(f"{_W}rPr")
    if looks is None:
        return ""
    vanish = looks.find(f"{_W}vanish")
    if vanish is not None and vanish.get(f"{_W}val", "true") not in ("0", "false", "off"):
        return "not displayed"
    size = looks.find(f"{_W}sz")
    if size is not None and size.get(f"{_W}val", "").isdigit() and int(size.get(f"{_W}val", "")) <= _SMALLEST:
        return "too small"
    colour = looks.find(f"{_W}color")
    if white_is_hidden and colour is not None and colour.get(f"{_W}val", "").upper() == "FFFFFF":
        return "same colour"
    return ""


def _rewritten(package: zipfile.ZipFile, body: bytes) -> bytes:
    """In memory: text of a document never goes into a file of its own."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as copy:
        for entry in package.infolist():
            copy.writestr(entry.filename, body if entry.filename == _BODY else package.read(entry))
    return buffer.getvalue()
