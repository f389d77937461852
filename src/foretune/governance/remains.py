"""What programs leave behind in a text: unfilled templates, tags, merge marks, broken words of scans and PDFs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from foretune.governance.automaton import Automaton
from foretune.governance.markup import blank_code

__all__ = ["SUSPECT", "Remain", "hints", "holds_markup", "remains"]

SUSPECT = (
    r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\x{ad}\x{fb00}-\x{fb06}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}"
    r"\x{2066}-\x{2069}\x{feff}\x{fffd}]"
    r"|[^\x00-\x7f–—‘’“”…•\x{a0}][^\x00-\x7f]|[–—‘’“”…•\x{a0}][^\x00-\x7f–—‘’“”…•\x{a0}]|[\x{c2}\x{c3}] "
    r"|&(?:#\d{2,4}|#x[0-9a-fA-F]{2,4}|[A-Za-z]{3,8}\d?);"
)
"""What a line must hold to have been garbled. A wrong encoding makes at least two characters of one, or, where the
second was a space that does not break, "Â" or "Ã" before a space; typographic marks alone are what most clean texts
have."""


@dataclass(frozen=True, slots=True)
class Remain:
    """Something that is not the author's text (code points, end exclusive)."""

    start: int
    end: int
    kind: str
    """``template``, ``placeholder``, ``html``, ``merge``, ``ligature``, ``hyphenation`` or ``ocr``."""
    repair: str | None = None
    """What should stand there; None where only a person can say."""


_TEMPLATE = re.compile(r"\{%[^\n{}]{0,300}%\}|\{\{[^\n{}]{0,300}\}\}|<%[^\n%]{0,300}%>|\{#[^\n{}#]{1,300}#\}")
_PLACEHOLDER = re.compile(
    r"\[(?:insert|enter|add|your|fill[ -]in|name of|date of|first name|last name|full name|job title"
    r"|(?:company|client|customer|recipient|employee|manager)(?:['’]s)? (?:name|address|number|e-?mail|title)"
    r"|placeholder|xx+)\b[^\[\]\n:]{0,60}\](?![(\[:])"
    r"|\blorem ipsum dolor\b[^\n]{0,200}"
    r"|(?:(?<=^)|(?<=[\s(\[*_]))(?:TODO|FIXME|TKTK)(?=\s*[\])]?\s*$"
    r"|\s?[:–—-]?\s(?:add|link|write|fill|insert|update|describe|document|expand|complete|finish|explain|include|replace"
    r"|put|provide|draft|screenshot|image|picture|more|text|content)\b)[^\n]{0,120}",
    re.IGNORECASE | re.MULTILINE,
)
# "TODO: ask the board" in minutes is an agreed task, not a gap in the text: only what a writer has to do is one.
_SHOUTED = re.compile(r"\b(?:TODO|FIXME|TKTK)\b")
_MERGE_START = re.compile(r"^<{7} \S[^\n]{0,200}$", re.MULTILINE)
_MERGE_MIDDLE = re.compile(r"^={7}$", re.MULTILINE)
_MERGE_END = re.compile(r"^>{7} \S[^\n]{0,200}$", re.MULTILINE)

_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|body|br|button|center|cite|code|dd|del|div|dl|dt|em|figure|font|footer|form|h[1-6]"
    r"|head|header|hr|html|i|iframe|img|input|label|li|link|main|meta|nav|noscript|ol|option|p|pre|s|section|select"
    r"|small|span|strike|strong|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|tt|u|ul|video)"
    r"(?:\s[^<>\n]{0,1000})?/?>",
    re.IGNORECASE,
)
_PROGRAM = re.compile(r"<(script|style)\b[^<>]{0,500}>", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:nbsp|amp|lt|gt|quot|apos|rsquo|lsquo|rdquo|ldquo|ndash|mdash|hellip|bull|copy|reg|trade|euro|eacute|egrave"
    r"|agrave|uuml|ouml|auml|szlig|ccedil|ntilde|middot|raquo|laquo|#\d{2,5}|#x[0-9a-fA-F]{2,4});(?:amp;|nbsp;)*"
)
_TWICE_ESCAPED = re.compile(
    r"&amp;(?:#\d{2,5}|#x[0-9a-fA-F]{2,4}|nbsp|amp|lt|gt|quot|rsquo|lsquo|rdquo|ldquo|ndash|mdash);"
)
_MOST = 50
"""Of a kind in a document: what more there is shows in these."""
_LEAST_TAGS = 2

_HYPHEN = re.compile(r"\b([^\W\d_]{2,})[-\u2010\u00ac]\n[ \t]{0,8}([a-z\u00df-\u00f6\u00f8-\u00ff]{2,})\b")
_LEAST_HYPHENS = 3

_BROKEN_LIGATURES = {
    "con dential": "confidential",
    "con dentiality": "confidentiality",
    "con guration": "configuration",
    "con gure": "configure",
    "con rm": "confirm",
    "con rmed": "confirmed",
    "con ict": "conflict",
    "con icts": "conflicts",
    "bene t": "benefit",
    "bene ts": "benefits",
    "bene cial": "beneficial",
    "bene ciary": "beneficiary",
    "speci c": "specific",
    "speci cally": "specifically",
    "speci cation": "specification",
    "speci ed": "specified",
    "signi cant": "significant",
    "signi cantly": "significantly",
    "scienti c": "scientific",
    "identi ed": "identified",
    "identi cation": "identification",
    "noti cation": "notification",
    "noti ed": "notified",
    "certi cate": "certificate",
    "certi ed": "certified",
    "quali ed": "qualified",
    "quali cation": "qualification",
    "classi cation": "classification",
    "modi ed": "modified",
    "veri ed": "verified",
    "de ned": "defined",
    "de nition": "definition",
    "di erent": "different",
    "di erence": "difference",
    "di cult": "difficult",
    "e ective": "effective",
    "e ect": "effect",
    "e cient": "efficient",
    "su cient": "sufficient",
    "o ce": "office",
    "o cer": "officer",
    "o cial": "official",
    "work ow": "workflow",
    "in uence": "influence",
    "re ect": "reflect",
    "re ects": "reflects",
}
"""English words whose fi, ff, fl or ffi a PDF without a character map drops (Unicode U+FB00 to U+FB04)."""

_OCR_WORD = re.compile(
    r"(?<![\w/.@#-])(?=[A-Za-z]{2,}|[A-Za-z][015!])[A-Za-z]+[015!][a-z]+(?:[015!][a-z]+)?(?![\w/@#=(-])"
)
_OCR_LETTERS = str.maketrans("05!", "osl")
_OCR_ONE = re.compile(r"(?<![AEIOUaeiou])1(?![AEIOUaeiou])")
_LEAST_OCR, _OCR_REACH = 3, 400


def hints(text: str, media_type: str) -> frozenset[str]:
    """What of :func:`remains` the text may hold, and whether :data:`SUSPECT`; told in one pass."""
    return _hinted(text, holds_markup(text, media_type))


def remains(text: str, media_type: str, hinted: frozenset[str]) -> Iterator[Remain]:
    """All of it, kind by kind; nothing that stands in code. ``hinted`` is what :func:`hints` told."""
    if not hinted - {SUSPECT}:
        return
    markup = holds_markup(text, media_type)
    code = blank_code(text)
    if code != text:
        hinted = _hinted(code, markup)
    if "{" in text or "<%" in text:
        for match in _TEMPLATE.finditer(code):
            yield Remain(*match.span(), "template")
    if _PLACEHOLDER_HINT in hinted:
        yield from _placeholders(code)
    if "<<<<<<< " in text:
        yield from _merges(text)
    if _TAG_HINT in hinted:
        yield from _tags(code)
    yield from _entities(code, not markup)
    if _CUT_HINT in hinted:
        yield from _cut_words(code)
    if _LIGATURE in hinted:
        yield from _broken_ligatures(code)
    if _OCR_HINT in hinted:
        yield from _misread(code)


def holds_markup(text: str, media_type: str) -> bool:
    """Whether tags and entities are at home in the text: HTML, XML and Markdown."""
    return any(kind in media_type for kind in ("html", "xml", "markdown")) or "\n```" in text


_PLACEHOLDER_HINT = (
    r"(?i:\[(?:insert|enter|add|your|fill|name|date|company|client|customer|recipient|employee|manager|first|last|full"
    r"|job|placeholder|xx)[^\[\]\n:]*\](?:[^(\[:]|$)|lorem ipsum)|TODO|FIXME|TKTK"
)
_OCR_HINT = r"[A-Za-z]{2}[015!][a-z]|[A-Za-z][015][a-z]{2}"
_OCR_SEVERAL = rf"(?s)(?:(?:^|[^A-Za-z0-9_/.@#-])[A-Za-z]+[015!][a-z].*?){{{_LEAST_OCR}}}"
"""So many words that :data:`_OCR_WORD` can match: identifiers in addresses are many, and are none."""
_LIGATURE = r"(?i:\b(?:" + "|".join(sorted(_BROKEN_LIGATURES, key=len, reverse=True)) + r")\b)"
_CUT_HINT = r"\pL[-\x{2010}\x{ac}]\n[ \t]*[a-z\x{df}-\x{f6}\x{f8}-\x{ff}]"
_TAG_HINT = r"</?[A-Za-z]"
_HINTS = (SUSPECT, _PLACEHOLDER_HINT, _OCR_HINT, _LIGATURE, _CUT_HINT, r"\{[%{#]", "<%", "<{7} ", "&amp;")
"""One of the beginnings of everything above, in Markdown and HTML."""
_PLAIN_HINTS = (*_HINTS, _TAG_HINT, r"&[#a-zA-Z0-9]{2,8};")
"""The same in plain text."""


def _hinted(text: str, markup: bool) -> frozenset[str]:
    """Which hints the text holds, in one pass."""
    hints = _HINTS if markup else _PLAIN_HINTS
    return frozenset(hints[each] for each in _automaton(hints).held(text.encode("utf-8", "replace")))


@lru_cache(maxsize=2)
def _automaton(hints: tuple[str, ...]) -> Automaton:
    return Automaton(hints)


@lru_cache(maxsize=16)
def _native(pattern: str) -> Any:
    import re2

    return re2.compile(pattern)


def _placeholders(code: str) -> Iterator[Remain]:
    for match in _PLACEHOLDER.finditer(code):
        words = match.group()
        if words[0] in "[lL" or _SHOUTED.match(words):
            yield Remain(match.start(), match.start() + len(words.rstrip()), "placeholder")


def _merges(text: str) -> Iterator[Remain]:
    """Conflict marks of ``git merge``: start, middle and end, in this order."""
    position = 0
    while start := _MERGE_START.search(text, position):
        middle = _MERGE_MIDDLE.search(text, start.end())
        end = _MERGE_END.search(text, middle.end()) if middle else None
        if end is None:
            return
        yield Remain(start.start(), end.end(), "merge")
        position = end.end()


def _tags(code: str) -> Iterator[Remain]:
    if code.count("<") < _LEAST_TAGS:
        return
    programs: list[tuple[int, int]] = []
    for match in _PROGRAM.finditer(code) if "<s" in code or "<S" in code else ():
        if programs and match.start() < programs[-1][1]:
            continue
        close = code.find(f"</{match[1]}", match.end())
        if close < 0:  # broken: and so are those after it
            break
        end = code.find(">", close)
        programs.append((match.start(), end + 1 if end >= 0 else len(code)))
        if len(programs) >= _MOST:
            break
    tags = list(_TAG.finditer(code))
    if programs:
        tags = [match for match in tags if not any(a <= match.start() < b for a, b in programs)]
    if len(tags) < _LEAST_TAGS:  # one tag can be what the text is about
        tags = []
    yield from (Remain(start, end, "html", "") for start, end in programs)
    lines: dict[int, list[re.Match[str]]] = {}
    for tag in tags:
        lines.setdefault(code.rfind("\n", 0, tag.start()), []).append(tag)
        if len(lines) > _MOST:
            break
    for on_line in list(lines.values())[:_MOST]:
        start, end = on_line[0].start(), on_line[-1].end()
        plain = _TAG.sub(
            lambda tag: " " if tag.group().lower().startswith(("<br", "<td", "<th")) else "", code[start:end]
        )
        yield Remain(start, end, "html", html.unescape(plain))


def _entities(code: str, everywhere: bool) -> Iterator[Remain]:
    """Entities in what is no markup, and everywhere those that were escaped twice."""
    if "&" not in code:
        return
    found = list((_ENTITY if everywhere else _TWICE_ESCAPED).finditer(code))
    for match in found[:_MOST] if len(found) >= _LEAST_TAGS else ():
        plain = html.unescape(match.group())
        yield Remain(
            match.start(), match.end(), "html", plain if everywhere else html.unescape(plain).replace("\xa0", " ")
        )


def _cut_words(code: str) -> Iterator[Remain]:
    """Words cut at the end of a line."""
    cuts = list(_HYPHEN.finditer(code)) if "-\n" in code or "\u2010\n" in code or "\u00ac\n" in code else []
    lowered = code.lower() if cuts else ""
    for match in cuts[:_MOST]:
        whole, kept = match[1] + match[2], f"{match[1]}-{match[2]}"
        known = _has_word(lowered, whole.lower())
        # "non-\ntransferable" beside "transferable" is a hyphen of its own; "deal-\nings" is none.
        cut = known or (len(cuts) >= _LEAST_HYPHENS and not _has_word(lowered, match[2].lower()))
        if _has_word(lowered, kept.lower()) or not cut:
            continue
        yield Remain(match.start(), match.end(), "hyphenation", whole)


def _broken_ligatures(code: str) -> Iterator[Remain]:
    """Words that lost a ligature."""
    found = list(_native(_LIGATURE).finditer(code))
    if len(found) > 1 or (found and found[0].group().lower() not in ("o ce", "e ect", "re ect")):
        for match in found[:_MOST]:
            word = _BROKEN_LIGATURES[match.group().lower()]
            yield Remain(
                match.start(), match.end(), "ligature", word.capitalize() if match.group()[0].isupper() else word
            )


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _misread(code: str) -> Iterator[Remain]:
    """Digits inside words, as text recognition reads o, l, s and i; a few close together, else it is a name."""
    if not _native(_OCR_SEVERAL).search(code):
        return
    words = [match for match in _OCR_WORD.finditer(code) if len(match.group()) >= 4]
    for place, match in enumerate(words[:_MOST]):
        near = [
            other
            for other in words[max(0, place - _LEAST_OCR) : place + _LEAST_OCR + 1]
            if abs(other.start() - match.start()) <= _OCR_REACH
        ]
        if len({other.group() for other in near}) >= _LEAST_OCR:
            yield Remain(*match.span(), "ocr", _read_again(match.group()))


def _read_again(word: str) -> str:
    """A guess: "w1th" is "with", "he1p" is "help"; between consonants a one was an i, beside a vowel an l."""
    return _OCR_ONE.sub("i", word).replace("1", "l").translate(_OCR_LETTERS)
