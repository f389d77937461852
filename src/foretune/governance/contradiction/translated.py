"""Statements in other languages, in the words that the comparisons know, as ``languages/*.toml`` lists them.

Numbers, as that language writes them, become digits with a decimal point; what measures, bounds, dates or denies
becomes the English word; words that only build the sentence go, and all others become their stems, so that two
forms of a word are one. What is shown to people stays as it was written. A further language is a further file.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from foretune.evidence import STOP_WORDS
from foretune.governance.staleness import calendar_words

__all__ = ["Language", "Translation", "language_of"]

_OPENING = 4000
"""Characters of a text that tell its language."""
_LEAST_SHARE = 0.2
"""Function words among all words from which a text is in a language; in prose they are a third to a half."""
_TIMES_ENGLISH = 1.5
"""How many times more there are than English ones, since *in*, *a* or *die* are words of several languages."""
_FEWEST = 2
_WORD = re.compile(r"[^\W\d_]+['’]?")
_DOT = "·"
"""Stands for a full stop that ends no sentence; as long, so that offsets stay what they are."""
_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Translation:
    """A text in the words of the comparisons, and where each piece of it stood."""

    text: str
    original: str
    pieces: tuple[tuple[int, int, int], ...]
    """For each piece: where it starts in ``text``, where it starts and ends in the original."""

    def written(self, start: int, end: int) -> str:
        """What ``text[start:end]`` is in the original."""
        starts = [piece[0] for piece in self.pieces]
        first = self.pieces[max(0, bisect_right(starts, start) - 1)]
        last = self.pieces[max(0, bisect_right(starts, end - 1) - 1)]
        return self.original[first[1] : last[2]].replace(_DOT, ".")


@dataclass(frozen=True)
class Language:
    """How a language writes numbers, days and what turns a statement round."""

    code: str
    function_words: frozenset[str]
    stops: re.Pattern[str]
    """Full stops that end no sentence."""
    pieces: re.Pattern[str]
    phrases: tuple[tuple[re.Pattern[str], str], ...]
    numbers: Mapping[str, Decimal]
    number_words: re.Pattern[str]
    months: tuple[re.Pattern[str], ...]
    stem: Callable[[str], str]

    def whole(self, text: str) -> str:
        """``text`` with other marks for full stops that end no sentence (*31. März*, *z. B.*), offsets kept."""
        return self.stops.sub(lambda match: match.group().replace(".", _DOT), text)

    def translate(self, text: str) -> Translation:
        """The words of the comparisons for those of ``text``, on one line."""
        made: list[str] = []
        pieces: list[tuple[int, int, int]] = []
        size = 0
        for start, end, said in self._said(text):
            if said.isspace():
                said = " " if made and made[-1][-1:] != " " else ""
            if made and said[:1].isalnum() and made[-1][-1:].isalnum():
                made.append(" ")
                size += 1
            if said:
                pieces.append((size, start, end))
                made.append(said)
                size += len(said)
        return Translation("".join(made), text, tuple(pieces) or ((0, 0, len(text)),))

    def _said(self, text: str) -> Iterator[tuple[int, int, str]]:
        at = 0
        while at < len(text):
            match = self.pieces.match(text, at)
            if match is None:
                yield at, at + 1, text[at]
                at += 1
                continue
            said = self._of(match)
            yield match.start(), match.end(), said
            at = match.end()

    def _of(self, match: re.Match[str]) -> str:
        kind, words = match.lastgroup or "", match.group()
        if kind == "day":
            return self._day(match)
        if kind == "clock":
            return f"{match['hour']}:{match['minute'] or '00'}"
        if kind == "number":
            return _with_point(words)
        if kind == "phrase":
            return self._phrase(match)
        if kind == "spelled":
            value = self._value(words)
            if value is not None:
                return f"{value.normalize():,f}"
        return " ".join(filter(None, (self._word(word) for word in _WORD.findall(words)))) if kind != "as_is" else words

    def _phrase(self, match: re.Match[str]) -> str:
        """The English of the phrase that is as long as what was found."""
        tried = ((pattern.match(match.string, match.start()), english) for pattern, english in self.phrases)
        return next(english for found, english in tried if found is not None and found.end() == match.end())

    def _day(self, match: re.Match[str]) -> str:
        if match["day_in_digits"]:
            return f"{match['year_in_digits']}-{int(match['month_in_digits']):02d}-{int(match['day_in_digits']):02d}"
        number = next(i for i, month in enumerate(self.months) if month.fullmatch(match["month"].replace(_DOT, ".")))
        return " ".join(filter(None, (match["day_of_month"], _MONTHS[number], match["year"])))

    def _word(self, word: str) -> str:
        if word.isupper() and len(word) > 1:
            return word
        folded = word.lower().replace("’", "'")
        return "" if folded in self.function_words else self.stem(folded.rstrip("'"))

    def _value(self, words: str) -> Decimal | None:
        """The value of a number in words; None where it is an article, or no number after all."""
        found = [self.numbers.get(part.group().casefold()) for part in self.number_words.finditer(words)]
        parts = [value for value in found if value is not None]
        if len(parts) < len(found) or parts == [Decimal(1)]:  # a letter that only looks like one of them
            return None
        total, group, last = Decimal(0), Decimal(0), Decimal(0)
        for value in parts:
            if value in (100, 1000):
                group = max(group, Decimal(1)) * value
                if value == 1000:
                    total, group = total + group, Decimal(0)
            elif last and not (value < 1 or (last >= 10 and value < last) or (last < 10 <= value < 100)):
                return None
            else:
                group += value
            last = value
        return total + group


def language_of(text: str) -> Language | None:
    """The language that ``text`` is written in, where it is one of those with a file; None for all others."""
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text[:_OPENING])]
    if not words:
        return None
    english = sum(word in STOP_WORDS for word in words)
    hits, language = max(
        ((sum(word in each.function_words for word in words), each) for each in _languages()),
        key=lambda found: found[0],
    )
    enough = hits >= _FEWEST and hits >= _LEAST_SHARE * len(words) and hits > _TIMES_ENGLISH * english
    return language if enough else None


def _with_point(number: str) -> str:
    """``1.000,50`` and ``1 000,50`` as 1,000.50, which is no year; a point before one or two digits stays one."""
    whole, comma, decimals = number.partition(",")
    if re.fullmatch(r"\d+(?:\.\d{1,2})?", whole):
        return f"{whole}.{decimals}" if comma else whole
    digits = Decimal("".join(filter(str.isdigit, whole)))
    return f"{digits:,}.{decimals}" if comma else f"{digits:,}"


@cache
def _languages() -> tuple[Language, ...]:
    folder = files("foretune.governance.contradiction") / "languages"
    listed = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    return tuple(
        _compiled(each.name.removesuffix(".toml"), tomllib.loads(each.read_text(encoding="utf-8"))) for each in listed
    )


def _compiled(code: str, words: dict[str, Any]) -> Language:
    def dotted(pattern: str) -> str:
        return pattern.replace(r"\.", rf"[.{_DOT}]")

    # Where several begin at one place, the longest is meant; a pattern's length tells well enough which that is.
    phrases = sorted(words["phrases"].items(), key=lambda pair: -max(map(len, pair[0].split("|"))))
    split = [(dotted(one), english) for whole, english in phrases for one in _alternatives(whole)]
    split.sort(key=lambda pair: -len(pair[0]))
    numbers = {word.casefold(): Decimal(value) for value, some in words["numbers"].items() for word in some.split()}
    words_of_numbers = " ".join(words["numbers"].values()).split()
    one = "|".join(sorted(map(re.escape, words_of_numbers), key=len, reverse=True))
    named = calendar_words(code)
    months = "|".join(map(dotted, named["months"]))
    day, between = (dotted(named[key]) for key in ("day", "between"))
    thousands = words["thousands"]
    pieces = "|".join(
        (
            r"(?P<as_is>[^\s@]{1,64}@[^\s@]{1,200}|(?<!\w)(?-i:[A-Z]){1,6}-?\d+(?!\w)|\d+(?:\.\d+){2,}(?![.\d]))",
            rf"(?P<day>(?<![\w.])(?:(?P<day_of_month>\d{{1,2}}){day})?(?P<month>{months})(?!\w)"
            rf"(?:{between}(?P<year>(?:19|20)\d\d)(?!\d))?"
            r"|(?<![\w.])(?P<day_in_digits>\d{1,2})[./-](?P<month_in_digits>1[0-2]|0?[1-9])"
            r"[./-](?P<year_in_digits>(?:19|20)\d\d)(?!\d))",
            rf"(?P<clock>(?<![\w.,])(?:{words['clock']})(?!\w))",
            rf"(?P<number>(?<![\w.,])(?:\d{{1,3}}(?:{thousands}\d{{3}})+(?!\d)(?:,\d+)?|\d+(?:[.,]\d+)?))",
            rf"(?P<phrase>(?<!\w)(?:{'|'.join(pattern for pattern, _ in split)})(?!\w))",
            # Possessive: "quatre-vingt" is a word and two, and a row of them could be read in 2ⁿ ways.
            rf"(?P<spelled>(?<!\w)(?>{one})(?:{words['number_joint']}(?>{one}))*+(?!\w))",
            r"(?P<word>[^\W\d_]+['’]?)",
        )
    )
    stops = "|".join(words["abbreviations"])
    return Language(
        code,
        frozenset(words["function_words"].split()),
        re.compile(rf"(?<!\w)(?:{stops})|(?<![\w.])\d{{1,2}}\.(?=\s(?:{months})(?!\w))", re.IGNORECASE),
        re.compile(pieces, re.IGNORECASE),
        tuple((re.compile(rf"(?:{pattern})(?!\w)", re.IGNORECASE), english) for pattern, english in split),
        numbers,
        re.compile(one, re.IGNORECASE),
        tuple(re.compile(month, re.IGNORECASE) for month in named["months"]),
        _stemmer(words["stemmer"]),
    )


def _alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern, cut at bars outside brackets."""
    parts, depth = [""], 0
    for c in pattern:
        depth += {"(": 1, ")": -1}.get(c, 0)
        if c == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += c
    return parts


def _stemmer(name: str) -> Callable[[str], str]:
    """Snowball's stemmer of a language. It keeps state while it works, so each call makes its own."""

    @lru_cache(maxsize=65_536)
    def stem(word: str) -> str:
        import snowballstemmer

        return str(snowballstemmer.stemmer(name).stemWord(word))

    return stem
