"""Dates as people write them, made ISO 8601; what could mean two days means none."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

__all__ = ["date_in_name", "iso_date"]

_PARTIAL = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2}))?")
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20|21)\d{2}(?!\d)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_NAME = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<mark>[-_.]?)(?P<month>\d{2})(?P=mark)(?P<day>\d{2})(?!\d)")
_LONGEST = 60
"""No date is written with more characters; longer values are sentences."""


def iso_date(value: object) -> str:
    """``value`` as ISO 8601, as exact as it was given (``2021``, ``2021-03``, ``2021-03-04``, with time); else empty.

    Understood: dates and times of Python, years, ISO 8601, RFC 5322 (mail),
    ``2021/3/4``, ``4.3.2021`` and English dates. A date whose day and month could
    be exchanged (``03/04/2021``) is not guessed. Midnight without a time zone is
    how spreadsheets and YAML write a day, so it is left out.

    >>> iso_date("March 4th, 2021"), iso_date("2021-03-04 10:15"), iso_date("03/04/2021")
    ('2021-03-04', '2021-03-04T10:15:00', '')
    """
    if isinstance(value, bool):
        return ""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        value = str(value)
    if not isinstance(value, str):
        return ""
    text = value.strip()
    if not text or len(text) > _LONGEST:
        return ""
    return _partial(text) or _iso(text) or _numeric(text) or _mail(text) or _english(text)


def date_in_name(name: str) -> str:
    """The day a file name begins with (``2021-03-04-retro.md``, ``20210304_retro.md``); else empty."""
    match = _NAME.match(name)
    if match is None:
        return ""
    try:
        return date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()
    except ValueError:
        return ""


def _moment(moment: datetime) -> str:
    if moment.tzinfo is None and (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds")


def _partial(text: str) -> str:
    match = _PARTIAL.fullmatch(text)
    if match is None or not _YEAR.fullmatch(match["year"]) or not 1 <= int(match["month"] or 1) <= 12:
        return ""
    return text


def _iso(text: str) -> str:
    if not text[:4].isdigit() or not text.isascii():
        return ""
    try:
        return _moment(datetime.fromisoformat(text)) if _YEAR.fullmatch(text[:4]) else ""
    except ValueError:
        return ""


def _numeric(text: str) -> str:
    """Orders that leave nothing to guess: year first, or with dots, which are used with the day first."""
    match = _YEAR_FIRST.match(text) or _DOTTED.match(text)
    if match is None:
        return ""
    return _iso(f"{match['year']}-{int(match['month']):02}-{int(match['day']):02}{text[match.end() :]}")


def _mail(text: str) -> str:
    if "," not in text and ":" not in text:
        return ""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return _moment(moment) if _YEAR.search(text) and str(moment.year) in text else ""


def _zone(_: str | None, seconds: int | None) -> tzinfo | None:
    return None if seconds is None or abs(seconds) >= 86_400 else timezone(timedelta(seconds=seconds))


def _english(text: str) -> str:
    from dateutil import parser

    if not _YEAR.search(text):
        return ""
    text = _ORDINAL.sub("", text)
    found = set()
    # What the text leaves out is taken from the default: two defaults tell what that was,
    # two orders of day and month tell whether the order mattered.
    for default in (datetime(2000, 1, 1), datetime(2004, 2, 2)):
        for day_first in (False, True):
            try:
                found.add(parser.parse(text, default=default, dayfirst=day_first, tzinfos=_zone))
            except (ValueError, OverflowError, TypeError, AttributeError):
                return ""
    first = min(found, key=lambda moment: moment.replace(tzinfo=None))
    if not _YEAR.fullmatch(f"{first.year:04}"):
        return ""
    if len(found) == 1:
        return _moment(first)
    days = {(moment.month, moment.day) for moment in found}
    if len({moment.year for moment in found}) > 1 or days not in (
        {(1, 1), (2, 2)},
        {(first.month, 1), (first.month, 2)},
    ):
        return ""
    return f"{first.year:04}" if days == {(1, 1), (2, 2)} else f"{first.year:04}-{first.month:02}"
