"""Deadlines and states of a day in languages other than English, as ``languages/*.toml`` lists their words.

A further language is a further file: names of the months, the cues that stand before a
date, and the verbs that tell of the past.
"""

from __future__ import annotations

import calendar
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from foretune.governance.staleness.layout import Line
from foretune.governance.staleness.timebound import Statement

__all__ = ["calendar_words", "translated_statements"]

_SURE = {"certain": 0.9, "likely": 0.6, "as_of": 0.55}
"""How seldom a cue of each list means anything else."""
_ORDINAL = re.compile(r"(?<!\d)\d{1,2}\.\Z")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class _Language:
    months: tuple[re.Pattern[str], ...]
    cues: tuple[tuple[str, re.Pattern[str]], ...]
    """List it is in, and the cue with its date, the surest first."""
    past: re.Pattern[str]
    asks: re.Pattern[str]


def translated_statements(page: Sequence[Line]) -> list[Statement]:
    """Time-bound statements of a page in these languages, one a line at most."""
    found = []
    for line in _whole(page):
        if not line.told and _YEAR.search(line.text):
            best = next((each for language in _languages() for each in _of(line, language)), None)
            if best is not None:
                found.append(best)
    return found


def _whole(page: Sequence[Line]) -> Iterator[Line]:
    """Lines in which "31. März" did not end a sentence."""
    held: Line | None = None
    for line in page:
        if held is not None and _ORDINAL.search(held.text) and line.text[:1].isalpha():
            line = replace(held, text=f"{held.text} {line.text}", end=line.end)
        elif held is not None:
            yield held
        held = line
    if held is not None:
        yield held


def _of(line: Line, language: _Language) -> Iterator[Statement]:
    for name, cue in language.cues:
        match = cue.search(line.text)
        until = _last_day(match, language) if match else None
        if match is None or until is None:
            continue
        if name != "as_of" and language.past.search(line.text):
            return
        kind = "as_of" if name == "as_of" else "expired"
        asks = language.asks.search(line.text) is not None
        yield Statement(kind, line.start, line.end, until, match.group().strip(), asks, _SURE[name])


def _last_day(match: re.Match[str], language: _Language) -> date | None:
    """The last day that the date of a match can mean."""
    said = match.groupdict()
    year = int(said["year"] or said["year_in_digits"] or said["year_of_month"] or said["year_alone"])
    if said["year_alone"]:
        return date(year, 12, 31)
    name = said["month"] or said["month_alone"]
    month = (
        int(said["month_in_digits"])
        if said["month_in_digits"]
        else next(number for number, pattern in enumerate(language.months, 1) if pattern.fullmatch(name))
    )
    if not 1 <= month <= 12:
        return None
    longest = calendar.monthrange(year, month)[1]
    day = int(said["day"] or said["day_in_digits"] or longest)
    return date(year, month, day) if 1 <= day <= longest else None


@cache
def _languages() -> tuple[_Language, ...]:
    folder = files("foretune.governance.staleness") / "languages"
    codes = sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))
    return tuple(_compiled(calendar_words(code)) for code in codes)


def calendar_words(code: str) -> dict[str, Any]:
    """What ``languages/CODE.toml`` says: ``months``, and what stands between them and ``day`` and year among others."""
    file = files("foretune.governance.staleness") / "languages" / f"{code}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _compiled(words: dict[str, Any]) -> _Language:
    months = "|".join(words["months"])
    when = (
        rf"(?:(?P<day>\d{{1,2}}){words['day']}(?P<month>{months}){words['between']}(?P<year>(?:19|20)\d\d)"
        r"|(?P<day_in_digits>\d{1,2})[./-](?P<month_in_digits>\d{1,2})[./-](?P<year_in_digits>(?:19|20)\d\d)"
        rf"|(?P<month_alone>{months}){words['between']}(?P<year_of_month>(?:19|20)\d\d)"
        r"|(?P<year_alone>(?:19|20)\d\d))(?!\d|[.,]\d)"
    )
    cues = [
        (
            name,
            re.compile(rf"(?<!\w){cue.replace('{date}', when) if '{date}' in cue else f'{cue} {when}'}", re.IGNORECASE),
        )
        for name in _SURE
        for cue in words[name]
    ]
    return _Language(
        tuple(re.compile(month, re.IGNORECASE) for month in words["months"]),
        tuple(cues),
        _any_of(words["past"]),
        _any_of(words["asks"]),
    )


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)
