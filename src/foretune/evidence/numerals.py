"""Reading numerals: digits, number words and ordinals become exact values.

What only looks like a number (versions, phone numbers, ``24/7``, ``401(k)``,
``GS-15``, list counters) is found first and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from foretune.evidence.text import Token, fold, word_list
from foretune.evidence.units import UNITS

__all__ = ["Numeral", "identifiers", "numerals"]

_NUMBER = (
    r"(?:\d{1,3}(?:\.\d{3})+,\d{1,2}|\d+,\d{1,2}(?=\s?[%€])"
    r"|\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
)
_DIGITS = re.compile(
    r"(?<![\w.])(?P<currency>US\$|[$€£¥₹]|(?:USD|EUR|GBP|JPY|INR|CHF)(?=\s?\d))?\s?"
    rf"(?P<number>{_NUMBER})(?P<fraction>\s?[½¼¾⅓⅔]|\s\d/\d(?![\d/]))?"
    r"(?P<ordinal>(?:st|nd|rd|th)(?!\w))?"
    r"(?:\s?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|k|K|M|B)(?![\w]))?"
)
_VULGAR = re.compile(r"(?<![\w/.])(?:(?P<sign>[½¼¾⅓⅔])|(?P<over>\d{1,2})/(?P<under>\d{1,3}))(?![\d/\w])")
_LETTERS = re.compile(r"[^\W\d_]+")
_FRACTIONS = {"½": Decimal("0.5"), "¼": Decimal("0.25"), "¾": Decimal("0.75"), "⅓": Decimal(1) / 3, "⅔": Decimal(2) / 3}

_IDENTIFIER = re.compile(
    r"(?P<link>(?:https?://|www\.)[^\s)>\]]+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]+)"
    r"|(?P<idiom>(?<![\w/])(?:24/7(?:/365)?|9/11|50/50|20/20|[49]0[13]\s?\([a-z]\))(?![\w/]))"
    r"|(?P<dotted>(?<![\w.])\d+(?:[-./]\d+){2,}(?!\w))"
    r"|(?P<phone>(?<![\w.])\(?\d{3}\)?[-.\s]\d{3}[-.\s]\d{4}(?!\w)|(?<![\w.-])\d{3}-\d{4}(?![\w-]))"
    r"|(?P<code>(?<!\w)(?!(?:mid|pre|post|non|sub|under|over|early|late)-)[^\W\d_]{1,12}-?\d[\w-]*)"
    r"|(?P<section>§+\s?[\d.]+(?:\([a-z\d]\))*)"
    r"|(?P<note>\[\^?\d{1,3}\])"
    r"|(?P<counter>(?m:^)[ \t>]*\d{1,3}[.)](?=\s))",
    re.IGNORECASE,
)

_UNITS = {
    word: value
    for value, word in enumerate(
        word_list(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        )
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(word_list("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
}
_SCALES = {
    "dozen": Decimal(12),
    "hundred": Decimal(100),
    "thousand": Decimal(1000),
    "k": Decimal(1000),
    "million": Decimal(10**6),
    "m": Decimal(10**6),
    "mn": Decimal(10**6),
    "billion": Decimal(10**9),
    "b": Decimal(10**9),
    "bn": Decimal(10**9),
    "trillion": Decimal(10**12),
}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        word_list(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ),
        start=1,
    )
} | {"thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}
_HALVES = {"half": Decimal("0.5")}
_LONGEST = 30
"""Digits; anything longer is a code, not a quantity."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as written: its value and how it was said."""

    value: Decimal
    start: int
    end: int
    ordinal: bool = False
    word: bool = False
    """Spelled out."""
    currency: str = ""
    """Symbol in front of it."""


def identifiers(text: str) -> list[tuple[int, int]]:
    """Spans that hold digits but no quantity.

    >>> [ "24/7 with GS-15, v3.11.2 or 555-0100"[a:b] for a, b in identifiers("24/7 with GS-15, v3.11.2 or 555-0100")]
    ['24/7', 'GS-15', 'v3', '555-0100']
    """
    return [match.span() for match in _IDENTIFIER.finditer(text)]


def numerals(text: str, words: Sequence[Token]) -> list[Numeral]:
    """All numerals of ``text`` (``words`` are its tokens), in order, identifiers left out.

    >>> from foretune.evidence.text import tokens
    >>> text = "two hundred and forty, 2.45 billion, twenty-first"
    >>> [str(n.value) for n in numerals(text, tokens(text))]
    ['240', '2450000000.00', '21']
    """
    taken = bytearray(len(text))
    for start, end in identifiers(text):
        taken[start:end] = b"\1" * (end - start)
    found: list[Numeral] = []
    for numeral in (*_digits(text), *_fractions(text), *_spelled(text, words)):
        if not any(taken[numeral.start : numeral.end]):
            taken[numeral.start : numeral.end] = b"\1" * (numeral.end - numeral.start)
            found.append(numeral)
    return sorted(found, key=lambda n: n.start)


def _digits(text: str) -> Iterator[Numeral]:
    for match in _DIGITS.finditer(text):
        raw = match["number"]
        glued = _LETTERS.match(text, match.end())
        if len(raw) > _LONGEST or (glued and fold(glued.group()) not in UNITS):
            continue
        value = _decimal(raw)
        if value is None:
            continue
        if match["fraction"]:
            value += _fraction(match["fraction"].strip())
        if match["scale"]:
            value *= _SCALES[fold(match["scale"])]
        start = match.start("currency") if match["currency"] else match.start("number")
        yield Numeral(value, start, match.end(), bool(match["ordinal"]), False, match["currency"] or "")


def _decimal(raw: str) -> Decimal | None:
    if re.search(r",\d{1,2}$", raw):  # a decimal comma, as in 1.200,50
        raw = raw.replace(".", "").replace(",", ".")
    try:
        return Decimal(raw.replace(",", "").replace("\u00a0", "").replace("\u202f", ""))
    except InvalidOperation:  # digits of scripts that Decimal does not read
        return None


def _fraction(raw: str) -> Decimal:
    if raw in _FRACTIONS:
        return _FRACTIONS[raw]
    over, under = (int(part) for part in raw.split("/"))
    return Decimal(over) / under if under else Decimal(0)


def _fractions(text: str) -> Iterator[Numeral]:
    for match in _VULGAR.finditer(text):
        if match["sign"] or int(match["under"]) > int(match["over"]):
            yield Numeral(_fraction(match.group()), match.start(), match.end())


def _spelled(text: str, words: Sequence[Token]) -> Iterator[Numeral]:
    i = 0
    while i < len(words):
        numeral, used = _read_words(text, words, i)
        if numeral is not None:
            yield numeral
        i += max(used, 1)


def _read_words(text: str, words: Sequence[Token], i: int) -> tuple[Numeral | None, int]:
    """The longest number that starts at word ``i``, and how many words it takes."""
    total, group = Decimal(0), Decimal(0)
    last = ""
    used = 0
    ordinal = False
    j = i
    while j < len(words):
        norm = words[j].norm
        if j > i and not _joined(text, words[j - 1], words[j]):
            break
        if norm == "and" and last in ("hundred", "thousand", "million") and j + 1 < len(words):
            if words[j + 1].norm not in _UNITS and words[j + 1].norm not in _TENS:
                break
            j += 1
            continue
        if (
            norm in _UNITS
            and (not last or last in _TENS or last in _SCALES)
            and (last not in _TENS or _UNITS[norm] < 10)
        ):
            group += _UNITS[norm]
        elif norm in _TENS and (not last or last in _SCALES):
            group += _TENS[norm]
        elif norm in _ORDINALS and (not last or (last in _TENS and _ORDINALS[norm] < 10) or last in _SCALES):
            group += _ORDINALS[norm]
            ordinal = True
        elif len(norm) > 2 and norm in _SCALES and last:
            group = max(group, Decimal(1)) * _SCALES[norm]
            if _SCALES[norm] > 100:
                total, group = total + group, Decimal(0)
        elif norm in _HALVES and not last:
            group = _HALVES[norm]
        elif len(norm) > 2 and norm in _SCALES and j > 0 and words[j - 1].norm in ("a", "one"):
            group = _SCALES[norm]
        else:
            break
        last = norm
        used = j - i + 1
        j += 1
        if ordinal or norm in _HALVES:
            break
        if [word.norm for word in words[j : j + 3]] == ["and", "a", "half"]:
            group += _HALVES["half"]
            used += 3
            break
    if not used:
        return None, 0
    return Numeral(total + group, words[i].start, words[i + used - 1].end, ordinal, word=True), used


def _joined(text: str, one: Token, other: Token) -> bool:
    return text[one.end : other.start] in (" ", "-", "\u00a0", "\u2010", "\u2011", "\n")
