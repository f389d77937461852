"""How old a page is, as far as anything says, and how old a corpus is.

The newest of what its text states ("Last updated May 2019"), its title or path names,
and its metadata says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from statistics import median

from foretune.evidence import dates
from foretune.governance.staleness.notices import Notice
from foretune.types import Document

__all__ = ["AgeProfile", "Written", "age_profile", "months_before", "written"]

_PATH_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")
_PATH_YEAR = re.compile(r"(?<![\d.])(?:FY)?((?:19|20)\d\d)(?![\d.])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """When a page was last written, and what says so."""

    day: date
    """The last day it can mean."""
    source: str
    """``text``, ``title``, ``path`` or ``metadata``."""
    shown: str
    """The words that say it."""
    start: int | None = None
    end: int | None = None


def written(document: Document, notices: Sequence[Notice]) -> Written | None:
    """The newest date a page has; None where nothing says any."""
    known = [
        Written(each.day, "text", each.text, each.start, each.end)
        for each in notices
        if each.kind == "revised" and each.day is not None
    ]
    for value in (document.date, document.modified):
        known += [Written(each.latest, "metadata", value) for each in dates(value[:10])[:1] if each.latest]
    known += [
        Written(each.latest, "title", document.title) for each in dates(document.title) if each.latest and each.day
    ]
    if day := path_day(document.path):
        known.append(Written(day, "path", document.path))
    return max(known, key=lambda each: each.day, default=None)


def path_day(path: str) -> date | None:
    """The last day that the name of a file can mean: ``2021-03-04-retro.md``, ``plan-FY2021.pdf``."""
    name = PurePosixPath(path).stem
    match = _PATH_DATE.search(name) or _PATH_YEAR.search(name)
    if match is None:
        return None
    found = dates("-".join(part for part in match.groups() if part))
    return found[0].latest if found else None


def months_before(day: date, months: int) -> date:
    """The first of the month ``months`` before ``day``'s.

    >>> months_before(date(2026, 11, 25), 36).isoformat()
    '2023-11-01'
    """
    total = day.year * 12 + day.month - 1 - months
    return date(max(total // 12, 1), total % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class AgeProfile:
    """How old the documents of a corpus are."""

    years: Mapping[int, int]
    """Documents by the year they were written, in order."""
    undated: int
    """Documents of which nothing says when."""
    median_years: float | None
    """Of the dated ones, to a tenth; None where there are none."""


def age_profile(days: Iterable[str], today: date) -> AgeProfile:
    """From ISO 8601 dates, empty where unknown; :func:`foretune.charts.age_chart` draws the same dates."""
    listed = list(days)
    known = [found[0].latest for day in listed if (found := dates(day[:10])) and found[0].latest]
    years: dict[int, int] = {}
    for day in sorted(known):
        years[day.year] = years.get(day.year, 0) + 1
    ages = [max(0, (today - day).days) / 365.25 for day in known]
    return AgeProfile(years, len(listed) - len(known), round(median(ages), 1) if ages else None)
