from __future__ import annotations

import doctest
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.corpus import dates
from foretune.corpus.dates import date_in_name, iso_date

DAYS = st.dates(date(1500, 1, 1), date(2199, 12, 31))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=st.one_of(st.none(), ZONES)).map(
    lambda moment: moment.replace(microsecond=0)
)


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(dates).failed == 0


@given(DAYS)
def test_a_day_is_read_back_from_every_spelling_that_says_one_day(day: date) -> None:
    for spelling in (
        day.isoformat(),
        day.strftime("%Y%m%d").rjust(8, "0"),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%b} {day.year}",
    ):
        assert iso_date(spelling) == day.isoformat(), spelling


@given(DAYS)
def test_a_day_and_month_that_could_be_exchanged_are_not_guessed(day: date) -> None:
    written = iso_date(f"{day.day:02}/{day.month:02}/{day.year}")
    assert written == (day.isoformat() if day.day > 12 or day.day == day.month else "")


@given(MOMENTS)
def test_a_moment_keeps_its_time_and_zone(moment: datetime) -> None:
    expected = moment.isoformat()
    if moment.tzinfo is None and moment.time().isoformat() == "00:00:00":
        expected = moment.date().isoformat()
    assert iso_date(moment) == expected
    assert iso_date(moment.isoformat()) == expected
    if moment.tzinfo is not None:
        assert iso_date(format_datetime(moment)) == expected


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.none() | MOMENTS | DAYS)
def test_whatever_is_given_the_answer_is_empty_or_a_date_that_reads_as_itself(value: object) -> None:
    found = iso_date(value)
    assert iso_date(found) == found


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2021", "2021"),
        ("2021-03", "2021-03"),
        ("March 2021", "2021-03"),
        ("Sept. 3rd 2020", "2020-09-03"),
        ("Mon Jun 01 10:00:00 2009", "2009-06-01T10:00:00"),
        ("2017-07-08 12:24:39", "2017-07-08T12:24:39"),
        ("10:30", ""),
        ("2021-13", ""),
        ("31.2.2021", ""),
        ("INVALID-DATE-FORMAT", ""),
        ("Version 2 of 2021 was better than that of 2020", ""),
        (True, ""),
        (12, ""),
    ],
)
def test_dates_are_as_exact_as_they_were_written(written: object, expected: str) -> None:
    assert iso_date(written) == expected


def test_a_file_name_may_begin_with_its_day() -> None:
    assert date_in_name("2019-09-02--project-weekly") == "2019-09-02"
    assert date_in_name("20190902_retro") == "2019-09-02"
    assert date_in_name("2019-19-02-no") == ""
    assert date_in_name("2010-the-year-i-will-never-forget") == ""
