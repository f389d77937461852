"""Text as comparable pieces: tokens, stems, sentences and clauses, each with its offsets.

>>> [token.norm for token in tokens("The U.S. café's 1,200 seats")]
['the', 'us', 'cafe', '1200', 'seats']
>>> [s.text for s in sentences("Dr. Lee left. Why? - no pay")]
['Dr. Lee left.', 'Why?', '- no pay']
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = [
    "STOP_WORDS",
    "Span",
    "Token",
    "any_of",
    "clauses",
    "content",
    "content_stems",
    "fold",
    "locate",
    "sentences",
    "squash",
    "stem",
    "tokens",
    "word_list",
]


def word_list(text: str) -> tuple[str, ...]:
    """The words of ``text``, which holds a list in its shortest form."""
    return tuple(text.split())


def any_of(text: str) -> str:
    """A pattern for any one of the patterns in ``text``, which are parted by spaces or line ends."""
    return "(?:" + "|".join(text.split()) + ")"


STOP_WORDS: frozenset[str] = frozenset(
    word_list("""
    a about above after again all also although am an and any are as at be because been before being below
    between both but by can could did do does doing down during each either else ever every few for from
    further get gets getting had has have having he her here hers herself him himself his how however i if
    in into is it its itself just let may me might more most much must my myself neither nor of off on once
    only or other our ours ourselves out over own per please rather same shall she should since so some such
    than that the their theirs them themselves then there these they this those through thus to too under
    until up upon us very via was we were what when where whether which while who whom whose why will with
    within would yes you your yours yourself yourselves
    d ll m re s t ve
    """)
)
"""English function words: they say how a sentence is built, not what it is about.

Words that turn a meaning round (``no``, ``not``, ``never``, ``without``) are not
among them.
"""

_CJK = "぀-ヿ㐀-鿿가-힣"
_TOKEN = re.compile(
    r"(?P<dotted>(?:[^\W\d_]\.){2,})"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w])|\d+(?:\.\d+)+(?![^\W\d_])|\d+(?![\w]))"
    rf"|(?P<cjk>[{_CJK}])"
    rf"|(?P<word>(?:(?![{_CJK}])[^\W_])+(?:[&'’](?:(?![{_CJK}])[^\W_])+)*)"
)
_POSSESSIVE = re.compile(r"['’]s$")
_CONTRACTED_NOT = re.compile(r"n['’]t$")

_ABBREVIATIONS = frozenset(
    word_list(
        "dr mr mrs ms prof sr jr st vs etc e.g i.e eg ie no nos inc ltd co corp dept fig al approx est gen gov "
        "sen rep rev hon pres capt col sgt jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k a.m p.m vol pp"
    )
)
_BOUNDARY = re.compile(
    r"(?<![.!?…])(?P<marks>[.!?…]++[\"'”’)\]*_]*+)(?=\s|$)|[。！？]"
    r"|\n\s*\n|\n(?=\s*(?:[-*+•>#|]|\d{1,3}[.)])\s)|(?P<wrap>\n)"
)
_CLAUSE = re.compile(
    r"[,;:()\[\]—–|]+|\s-\s|\s(?=(?:but|and|or|while|whereas|unless|although|though|except|if|because|since)\s)",
    re.IGNORECASE,
)

_stemmers = threading.local()
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text and where it lies (code points, end exclusive)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or ideograph."""

    text: str
    start: int
    end: int
    norm: str
    """Folded: lower case, no accents, no possessive, no thousands separator."""

    @property
    def stem(self) -> str:
        """Snowball (Porter 2) English stem of :attr:`norm`."""
        return stem(self.norm)

    @property
    def is_stop(self) -> bool:
        """True for a function word; ``IT`` and ``US`` in capitals are names, not pronouns."""
        if len(self.text) > 1 and self.text.isupper():
            return False
        return self.norm in STOP_WORDS


def fold(text: str) -> str:
    """Compatibility-normalised, lower case, without accents: ``Röntgen`` → ``rontgen``."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("’", "'")


def stem(word: str) -> str:
    """Snowball English stem; digits and very long strings stay as they are."""
    return _stem(word) if len(word) <= _LONGEST_WORD and word.isalpha() else word


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    stemmer = getattr(_stemmers, "english", None)
    if stemmer is None:  # the stemmer keeps state while it works, so each thread has its own
        import snowballstemmer

        stemmer = _stemmers.english = snowballstemmer.stemmer("english")
    return str(stemmer.stemWord(word))


def tokens(text: str) -> list[Token]:
    """Words, numbers and single ideographs of ``text``, in order.

    ``don't`` becomes ``do`` + ``not`` so that negation is one word everywhere;
    ``18F`` and ``M&IE`` stay whole; ``U.S.`` is ``us`` (and no stop word).
    """
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        raw, start, end = match.group(), match.start(), match.end()
        if match["dotted"]:
            found.append(Token(raw.replace(".", "").upper(), start, end, fold(raw.replace(".", ""))))
        elif match["number"]:
            found.append(Token(raw, start, end, fold(raw.replace(",", ""))))
        elif _CONTRACTED_NOT.search(raw):
            found.extend(_split_not(raw, start, end))
        else:
            found.append(Token(raw, start, end, fold(_POSSESSIVE.sub("", raw))))
    return found


def _split_not(raw: str, start: int, end: int) -> list[Token]:
    head = raw[:-3]
    full = {"wo": "will", "ca": "can", "sha": "shall"}.get(fold(head), fold(head))
    parts = [Token(head, start, end - 3, full)] if head else []
    return [*parts, Token("not", end - 3, end, "not")]


def content(text: str) -> list[Token]:
    """Tokens that carry meaning: all but function words."""
    return [token for token in tokens(text) if not token.is_stop]


def content_stems(text: str) -> list[str]:
    """Stems of :func:`content`, in order, repeated as often as they occur."""
    return [token.stem for token in content(text)]


def squash(text: str) -> str:
    """Folded letters and digits only: ``KeePass XC`` and ``KeePassXC`` become equal."""
    return "".join(c for c in fold(text) if c.isalnum())


def sentences(text: str) -> list[Span]:
    """Sentences, list items and lines that end one, without surrounding space.

    A single line break inside running prose is not a boundary (documents are often
    wrapped by hand); one before a bullet, or after closing punctuation, is.
    """
    spans: list[Span] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if not _ends_sentence(text, start, match):
            continue
        spans.extend(_trimmed(text, start, match.end()))
        start = match.end()
    spans.extend(_trimmed(text, start, len(text)))
    return spans


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    if match["wrap"]:
        before = text[max(start, match.start() - 3) : match.start()].rstrip()
        return before.endswith((".", "!", "?", ":", "|", "…"))
    marks = match["marks"]
    if not marks or not marks.startswith(".") or marks.startswith(".."):
        return True
    word = text[max(start, match.start() - _LONGEST_WORD) : match.start()].rsplit(None, 1)
    last = fold(word[-1]).lstrip("(\"'“[") if word else ""
    if last in _ABBREVIATIONS:
        return False
    if len(last) == 1 and last.isalpha():  # an initial: "J. K. Rowling"
        return False
    if last.isdigit() and not text[start : match.start()].strip().removesuffix(word[-1]):  # "1. First item"
        return False
    following = text[match.end() : match.end() + 3].strip()
    return not (following and following[0].islower())


def _trimmed(text: str, start: int, end: int) -> Iterable[Span]:
    raw = text[start:end]
    stripped = raw.strip()
    if not stripped[:1].isalnum() and not any(c.isalnum() for c in stripped):
        return
    begin = start + len(raw) - len(raw.lstrip())
    yield Span(stripped, begin, begin + len(stripped))


def clauses(span: Span) -> list[Span]:
    """Parts of a sentence between commas, brackets, dashes and conjunctions."""
    parts: list[Span] = []
    start = 0
    for match in _CLAUSE.finditer(span.text):
        if _inside_number(span.text, match):
            continue
        parts.extend(_trimmed(span.text, start, match.start()))
        start = match.end()
    parts.extend(_trimmed(span.text, start, len(span.text)))
    return [Span(part.text, span.start + part.start, span.start + part.end) for part in parts]


def _inside_number(text: str, match: re.Match[str]) -> bool:
    before = text[match.start() - 1 : match.start()]
    after = text[match.end() : match.end() + 1]
    return before.isdigit() and after.isdigit()


def locate(needle: Sequence[str], hay: Sequence[str], start: int = 0) -> int:
    """Index of ``needle`` as a run of whole words in ``hay``, or -1.

    >>> locate(["4"], ["24", "4"])
    1
    """
    if not needle:
        return -1
    first, size = needle[0], len(needle)
    for i in range(start, len(hay) - size + 1):
        if hay[i] == first and list(hay[i : i + size]) == list(needle):
            return i
    return -1
