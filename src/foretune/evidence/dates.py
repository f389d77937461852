"""Dates in text, as precisely as the text gives them, and how two of them relate.

>>> [d.iso for d in dates("Launched March 19, 2014; claims until 30 April; the late 1880s.")]
['2014-03-19', '--04-30', '1880/1889']
>>> relate(dates("19 March 2014")[0], dates("in 2014")[0])
<Precision.COARSER: 'coarser'>
"""

from __future__ import annotations

import datetime
import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from foretune.evidence.text import fold, word_list

__all__ = ["PartialDate", "Precision", "dates", "relate"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sept sep",
            "october oct",
            "november nov",
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_LONGEST_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
# A capital may follow a small letter: scraped answers run words together ("onOctober 16, 2004at").
_OPEN = r"(?:(?<![\w/.-])|(?<=[a-z])(?=[A-Z]))"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?"
_LAST_DAY = r"(?:\s?(?:[-–—]|to|and|through)\s?(?P<last_day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?)?"
_YEAR = r"(?P<year>1\d{3}|20\d{2})(?!\d)"
# Scraped answers glue a footnote's number to the year of a full date: "October 9, 19861".
_NOTED_YEAR = r"(?P<year>1\d{3}|20\d{2})(?:\d{1,2})?(?!\d)"
_ERA = r"(?:\s?(?P<era>B\.?C\.?E?\.?|A\.?D\.?|C\.?E\.?)(?![\w]))"

_ISO = re.compile(r"(?<![\w/.-])(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\d|3[01]))?(?![\w-])")
_SLASHED = re.compile(r"(?<![\w/.-])(?P<one>\d{1,2})(?P<sep>[/.])(?P<two>\d{1,2})(?P=sep)(?P<year>\d{4})(?![\w/-])")
_YEAR_FIRST = re.compile(r"(?<![\w/.-])(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\w/-])")
_MONTH_DAY = re.compile(
    rf"{_OPEN}{_MONTH}\s+(?:the\s)?{_DAY}{_LAST_DAY}(?!\d)(?!\s?%)(?:,?\s*(?:of\s)?{_NOTED_YEAR})?", re.IGNORECASE
)
_DAY_MONTH = re.compile(rf"(?<![\w/.-]){_DAY}{_LAST_DAY}\s+(?:of\s)?{_MONTH}(?:,?\s*{_YEAR})?", re.IGNORECASE)
_MONTH_YEAR = re.compile(rf"{_OPEN}{_MONTH},?\s+(?:of\s)?{_YEAR}", re.IGNORECASE)
_MONTH_ALONE = re.compile(
    rf"(?<!\w)(?:in|by|until|till|since|before|after|during|early|late|mid|through|each|every|next|last)[\s-]+{_MONTH}",
    re.IGNORECASE,
)
_MONTH_NAME = re.compile(
    rf"{_OPEN}(?P<month>January|February|April|June|July|August|September|October|November|December)\b"
)
_CENTURY = re.compile(
    rf"(?<![\w.-])(?P<number>\d{{1,2}})(?:st|nd|rd|th)[\s-]+century{_ERA}?"
    rf"|(?<!\w)(?P<word>[^\W\d_]{{5,14}}(?:-first)?)[\s-]century{_ERA.replace('era', 'era2')}?",
    re.IGNORECASE,
)
_DECADE = re.compile(r"(?<![\w.])(?P<year>1\d{2}0|20\d0)['’]?s\b", re.IGNORECASE)
_YEAR_RANGE = re.compile(
    rf"(?<![\w.,$€£#/-]){_YEAR}\s?(?:[-–—]|to|through|until)\s?(?P<last>(?:1\d|20)?\d{{2}})(?![\w-])"
)
_WITH_ERA = re.compile(rf"(?<![\w.,$€£#/-])(?P<year>\d{{1,4}}){_ERA}", re.IGNORECASE)
_BARE_YEAR = re.compile(r"(?<![\w.,$€£#/-])(?:FY\s?)?(?P<year>1[5-9]\d{2}|20\d{2})(?![\w%/])(?![,.]\d)(?!\s?[-–]\s?\d)")
_FISCAL = re.compile(r"(?<!\w)FY[\s'’]?(?P<year>20\d{2}|\d{2})(?!\d)")

_ORDINAL_WORDS = {
    word: number
    for number, word in enumerate(
        word_list(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first"
        ),
        start=1,
    )
}


class Precision(StrEnum):
    """How a date relates to the one that is right."""

    SAME = "same"
    FINER = "finer"
    """Agrees and says more."""
    COARSER = "coarser"
    """Agrees and says less."""
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date or stretch of time as far as the text gives it.

    Years before the common era are negative. ``first_year`` and ``last_year`` differ
    for decades, centuries and ranges; both are None where only month and day are said.
    """

    first_year: int | None
    last_year: int | None
    month: int | None
    day: int | None
    last_day: int | None
    text: str
    start: int
    end: int

    @property
    def iso(self) -> str:
        """ISO 8601, extended with ``--MM-DD`` (no year) and ``first/last`` for spans of years."""
        if self.first_year != self.last_year:
            return f"{self.first_year}/{self.last_year}"
        year = "-" if self.first_year is None else f"{self.first_year:04d}"
        rest = [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join([year, *rest])

    @property
    def years(self) -> tuple[int, int] | None:
        """First and last year, None where only month and day are said."""
        return None if self.first_year is None or self.last_year is None else (self.first_year, self.last_year)

    @property
    def latest(self) -> datetime.date | None:
        """The last day it can mean, None without a year or outside the calendar (years 1 to 9999).

        A fiscal year counts as the calendar year of its name, the latest any of them ends in practice:
        a deadline is past only where every reading of it is.
        """
        if self.last_year is None or not 1 <= self.last_year <= 9999:
            return None
        month = self.month or 12
        longest = monthrange(self.last_year, month)[1]
        return datetime.date(self.last_year, month, min(self.last_day or self.day or longest, longest))

    @property
    def bare_year(self) -> bool:
        """True for one single year and nothing else."""
        return self.month is None and self.first_year is not None and self.first_year == self.last_year


def dates(text: str) -> list[PartialDate]:
    """All dates in ``text``, in order, none overlapping another.

    Numeric ``3/19/2014`` is read month first, as in the United States, unless only
    day first is possible; with dots (``19.3.2014``) day first. A bare number counts
    as a year from 1500 to 2099.

    >>> [d.iso for d in dates("24/7 support, 9/11, 2087 hours, since 2019")]
    ['2087', '2019']

    A year with a unit after it is told apart where quantities are read
    (:func:`foretune.evidence.quantity.quantities`), which see more of the sentence.
    """
    taken = bytearray(len(text))
    found: list[PartialDate] = []
    for date in _candidates(text):
        if not any(taken[date.start : date.end]):
            taken[date.start : date.end] = b"\1" * (date.end - date.start)
            found.append(date)
    return sorted(found, key=lambda d: d.start)


def relate(right: PartialDate, given: PartialDate) -> Precision:
    """Compare what both say: ``given`` against the date that is ``right``.

    Stretches of years agree where one lies within the other.
    """
    ours, theirs = right.years, given.years
    if ours and theirs:
        inside = ours[0] <= theirs[0] and theirs[1] <= ours[1]
        around = theirs[0] <= ours[0] and ours[1] <= theirs[1]
        if not inside and not around:
            return Precision.CONFLICT
        if not inside:
            return Precision.COARSER
    if right.month and given.month and right.month != given.month:
        return Precision.CONFLICT
    if not _days_meet(right, given):
        return Precision.CONFLICT
    wanted, said = _detail(right), _detail(given)
    if wanted == said:
        return Precision.SAME
    missing = any(mine > other for mine, other in zip(wanted, said, strict=True))
    return Precision.COARSER if missing else Precision.FINER


def _detail(date: PartialDate) -> tuple[int, int, int]:
    years = date.years
    year = 0 if years is None else 2 if years[0] == years[1] else 1
    return year, int(date.month is not None), int(date.day is not None)


def _days_meet(one: PartialDate, other: PartialDate) -> bool:
    if not one.day or not other.day:
        return True
    return one.day <= (other.last_day or other.day) and other.day <= (one.last_day or one.day)


def _candidates(text: str) -> Iterator[PartialDate]:
    """Candidates in falling order of how much they say."""
    for pattern in (_ISO, _YEAR_FIRST):
        for match in pattern.finditer(text):
            day = match["day"]
            yield from _date(match, int(match["year"]), int(match["month"]), int(day) if day else None)
    for match in _SLASHED.finditer(text):
        one, two = int(match["one"]), int(match["two"])
        day_first = match["sep"] == "." or one > 12
        month, number = (two, one) if day_first else (one, two)
        yield from _date(match, int(match["year"]), month, number)
    for pattern in (_DAY_MONTH, _MONTH_DAY):
        for match in pattern.finditer(text):
            if match["year"] or match["month"][0].isupper():
                year = int(match["year"]) if match["year"] else None
                last = int(match["last_day"]) if match["last_day"] else None
                yield from _date(match, year, _month(match), int(match["day"]), last)
    for match in _MONTH_YEAR.finditer(text):
        yield from _date(match, int(match["year"]), _month(match), None)
    yield from _spans_of_years(text)
    for match in _BARE_YEAR.finditer(text):
        yield from _date(match, int(match["year"]), None, None)
    for pattern in (_MONTH_NAME, _MONTH_ALONE):
        for match in pattern.finditer(text):
            if match["month"][0].isupper():
                yield _made(match, None, None, _month(match), span="month")


def _spans_of_years(text: str) -> Iterator[PartialDate]:
    for match in _CENTURY.finditer(text):
        number = int(match["number"]) if match["number"] else _ORDINAL_WORDS.get(fold(match["word"]), 0)
        if 0 < number <= 30:
            before = _before_common_era(match["era"] or match["era2"])
            first, last = (-number * 100, -number * 100 + 99) if before else (number * 100 - 100, number * 100)
            yield _made(match, first, last, None)
    for match in _DECADE.finditer(text):
        first = int(match["year"])
        yield _made(match, first, first + (99 if first % 100 == 0 and first < 2000 else 9), None)
    for match in _YEAR_RANGE.finditer(text):
        first, last_text = int(match["year"]), match["last"]
        last = int(last_text) if len(last_text) == 4 else first - first % 100 + int(last_text)
        if len(last_text) != 3 and first < last:
            yield _made(match, first, last, None)
    for match in _WITH_ERA.finditer(text):
        year = int(match["year"])
        yield from _date(match, -year if _before_common_era(match["era"]) else year, None, None)
    for match in _FISCAL.finditer(text):
        year = int(match["year"])
        yield from _date(match, year if year > 99 else 2000 + year, None, None)


def _month(match: re.Match[str]) -> int:
    # Case is ignored by Unicode's rules, so a dotless i can match; such a "month" is 0 and no date.
    return _MONTHS.get(fold(match["month"]), 0)


def _before_common_era(era: str | None) -> bool:
    return era is not None and era.upper().startswith("B")


def _date(
    match: re.Match[str], year: int | None, month: int | None, day: int | None, last_day: int | None = None
) -> Iterator[PartialDate]:
    if month is not None and not 1 <= month <= 12:
        return
    if month is not None and day is not None and not 1 <= day <= _LONGEST_MONTH[month - 1]:
        return
    yield _made(match, year, year, month, day, last_day if last_day and day and last_day > day else None)


def _made(
    match: re.Match[str],
    first: int | None,
    last: int | None,
    month: int | None,
    day: int | None = None,
    last_day: int | None = None,
    *,
    span: str | int = 0,
) -> PartialDate:
    text, start, end = match.group(span), match.start(span), match.end(span)
    return PartialDate(first, last, month, day, last_day, text, start, end)
