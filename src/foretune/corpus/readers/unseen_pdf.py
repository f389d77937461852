"""Words of a PDF that nobody sees: white on white, a point in size, drawn invisibly, or off the page.

Source: ISO 32000-1, 9.3.6 (text rendering mode 3 is invisible), 8.6 (colours), 14.11.2 (page boundaries).
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["unseen_in_pdf", "without_words"]

_TEXT, _PATH, _IMAGE, _SHADING = 1, 2, 3, 4
"""Types of page objects (``fpdf_edit.h``)."""
_INVISIBLE = 3
_WHITE = 0xFA
"""Of 255: from here on in all three colours, letters are not seen on white paper."""
_SMALLEST = 1.0
"""Points: nobody reads letters of this size."""
_LONGEST, _MOST = 2_000, 100
_MOST_PAGES = 1_000
_MOST_OBJECTS = 20_000
"""Of a page; drawings have more, and are looked at no further."""


def unseen_in_pdf(data: bytes) -> list[dict[str, str]]:
    """What is not shown, as ``how`` and ``text``, in the order of the pages.

    White and invisible letters count only where nothing is painted behind them: text recognition writes invisible
    letters over the picture of a page, and white ones stand on coloured ground. Empty for files that cannot be opened.
    """
    import pypdfium2

    found: list[dict[str, str]] = []
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return found
    try:
        for number in range(min(len(document), _MOST_PAGES)):
            try:
                page = document[number]
            except pypdfium2.PdfiumError:
                continue
            for how, text in _joined(_of_page(page)):
                found.append({"how": how, "text": text[:_LONGEST]})
            page.close()
            if len(found) >= _MOST:
                break
    finally:
        document.close()
    return found[:_MOST]


def without_words(text: str, words: str) -> str:
    """``text`` without the first place where ``words`` stand in it, whatever white space is between them."""
    pattern = r"\s*".join(re.escape(character) for character in "".join(words.split()))
    return re.sub(pattern, "", text, count=1) if pattern else text


def _joined(parts: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Words hidden in one way on one page belong together."""
    together: dict[str, list[str]] = {}
    for how, text in parts:
        together.setdefault(how, []).append(text)
    for how, texts in together.items():
        said = " ".join(" ".join(texts).split())
        if any(character.isalnum() for character in said):
            yield how, said


def _of_page(page: Any) -> Iterator[tuple[str, str]]:
    import pypdfium2.raw as pdfium

    left, bottom, right, top = page.get_bbox()
    painted: list[tuple[float, float, float, float]] = []
    words = None
    for each, _ in zip(page.get_objects(max_depth=3), range(_MOST_OBJECTS), strict=False):
        bounds = _bounds(each, pdfium)
        if bounds is None:
            continue
        if each.type in (_IMAGE, _SHADING) or (each.type == _PATH and _is_coloured(each, pdfium)):
            painted.append(bounds)
        if each.type != _TEXT:
            continue
        how = ""
        nested = each.level > 0  # in a form, whose places are not those of the page
        if not nested and (bounds[2] < left or bounds[0] > right or bounds[3] < bottom or bounds[1] > top):
            how = "off the page"
        elif bounds[3] - bounds[1] <= _SMALLEST and _size(each, pdfium) <= _SMALLEST:
            how = "too small"
        elif not any(nested or _overlap(bounds, ground) for ground in painted):
            if pdfium.FPDFTextObj_GetTextRenderMode(each.raw) == _INVISIBLE:
                how = "not displayed"
            elif _is_white(each, pdfium):
                how = "same colour"
        if how:
            words = words or page.get_textpage()
            yield how, _text(each, words, pdfium)


def _bounds(each: Any, pdfium: Any) -> tuple[float, float, float, float] | None:
    values = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(each.raw, *values):
        return None
    left, bottom, right, top = (value.value for value in values)
    return left, bottom, right, top


def _fill(each: Any, pdfium: Any) -> tuple[int, int, int, int] | None:
    values = [ctypes.c_uint() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetFillColor(each.raw, *values):
        return None
    red, green, blue, opacity = (value.value for value in values)
    return red, green, blue, opacity


def _is_white(each: Any, pdfium: Any) -> bool:
    fill = _fill(each, pdfium)
    return fill is not None and (min(fill[:3]) >= _WHITE or fill[3] == 0)


def _is_coloured(each: Any, pdfium: Any) -> bool:
    """Whether it fills an area with something but white."""
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(each.raw, mode, stroke) or not mode.value:
        return False
    return not _is_white(each, pdfium)


def _size(each: Any, pdfium: Any) -> float:
    """Height of a line in points, as it comes onto the page."""
    size, matrix = ctypes.c_float(), pdfium.FS_MATRIX()
    if not pdfium.FPDFTextObj_GetFontSize(each.raw, size) or not pdfium.FPDFPageObj_GetMatrix(each.raw, matrix):
        return _SMALLEST + 1
    return float(abs(size.value) * max(abs(matrix.a), abs(matrix.b), abs(matrix.c), abs(matrix.d)))


def _text(each: Any, words: Any, pdfium: Any) -> str:
    length = pdfium.FPDFTextObj_GetText(each.raw, words.raw, None, 0)
    buffer = ctypes.create_string_buffer(length)
    pdfium.FPDFTextObj_GetText(each.raw, words.raw, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), length)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\x00")


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
