"""Dates are read as precisely as they are written, and compared on what both say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.evidence import Precision, dates, relate


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("March 19, 2014", ["2014-03-19"]),
        ("19 March 2014", ["2014-03-19"]),
        ("the 19th of March, 2014", ["2014-03-19"]),
        ("2014-03-19", ["2014-03-19"]),
        ("3/19/2014", ["2014-03-19"]),
        ("19.3.2014", ["2014-03-19"]),
        ("19/3/2014", ["2014-03-19"]),
        ("2014/3/19", ["2014-03-19"]),
        ("Sept. 5, 2001", ["2001-09-05"]),
        ("April 30", ["--04-30"]),
        ("30 April", ["--04-30"]),
        ("Apr 30th", ["--04-30"]),
        ("in May", ["--05"]),
        ("May 2016", ["2016-05"]),
        ("2014-03", ["2014-03"]),
        ("since 2019", ["2019"]),
        ("FY24", ["2024"]),
        ("the late 1880s", ["1880/1889"]),
        ("the 1900s", ["1900/1999"]),
        ("the 16th century", ["1500/1600"]),
        ("the sixteenth century", ["1500/1600"]),
        ("6th century BC", ["-600/-501"]),
        ("44 BC", ["-044"]),
        ("1939-45", ["1939/1945"]),
        ("30–31 October 2000", ["2000-10-30"]),
        ("on\u00a030\u00a0March\u00a02018", ["2018-03-30"]),
        ("onOctober 16, 2004at the age", ["2004-10-16"]),
        ("opened October 9, 19861.", ["1986-10-09"]),
        ("from March 15 until April 30", ["--03-15", "--04-30"]),
    ],
)
def test_dates_are_read_in_the_forms_people_write(text: str, iso: list[str]) -> None:
    assert [date.iso for date in dates(text)] == iso


@pytest.mark.parametrize(
    "text",
    [
        "24/7 support",
        "9/11",
        "you may 5 times",
        "may march on",
        "version 2.0.2014",
        "13/13/2014",
        "call 555-2014",
        "1234",
    ],
)
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    assert dates(text) == []


def test_an_impossible_day_is_no_date() -> None:
    assert [date.iso for date in dates("March 32, 2014")] == ["2014"]


@pytest.mark.parametrize(
    ("right", "given_", "relation"),
    [
        ("March 19, 2014", "2014-03-19", Precision.SAME),
        ("March 19, 2014", "in 2014", Precision.COARSER),
        ("March 19, 2014", "March 2014", Precision.COARSER),
        ("2014", "March 19, 2014", Precision.FINER),
        ("April 30", "April 30, 2021", Precision.FINER),
        ("April 30", "March 15", Precision.CONFLICT),
        ("March 19, 2014", "March 20, 2014", Precision.CONFLICT),
        ("2014", "2015", Precision.CONFLICT),
        ("1881", "the late 1880s", Precision.COARSER),
        ("the 1980s", "1984", Precision.FINER),
        ("1780–1830", "1800 to 1850", Precision.CONFLICT),
        ("30–31 October 2000", "31 October 2000", Precision.SAME),
    ],
)
def test_two_dates_relate_by_what_both_say(right: str, given_: str, relation: Precision) -> None:
    assert relate(dates(right)[0], dates(given_)[0]) is relation


@given(st.text(alphabet=st.sampled_from("0123456789/.-, marchApilJUNE19bceBCth'sİıſ"), max_size=60))
def test_any_text_gives_dates_in_order_that_do_not_overlap(text: str) -> None:
    end = 0
    for date in dates(text):
        assert end <= date.start < date.end
        assert text[date.start : date.end] == date.text
        assert date.month is None or 1 <= date.month <= 12
        end = date.end


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%B %d, %Y", "%d %B %Y", "%b %d, %Y"]))
def test_every_day_from_the_middle_ages_on_is_read_back(day: object, form: str) -> None:
    from datetime import date

    assert isinstance(day, date)
    if day.year < 1500 or day.year > 2099:
        return
    found = dates(f"It was {day.strftime(form)}.")
    assert [one.iso for one in found] == [day.isoformat()]


@pytest.mark.parametrize(
    ("text", "latest"),
    [
        ("until December 2020", "2020-12-31"),
        ("in February 2024", "2024-02-29"),
        ("March 31, 2022", "2022-03-31"),
        ("30–31 October 2000", "2000-10-31"),
        ("through FY19", "2019-12-31"),
        ("2019-21", "2021-12-31"),
        ("29 February 2023", "2023-02-28"),
    ],
)
def test_the_latest_day_is_the_last_that_a_date_can_mean(text: str, latest: str) -> None:
    assert str(dates(text)[0].latest) == latest


@pytest.mark.parametrize("text", ["by April 30", "44 BC"])
def test_a_date_without_a_year_of_the_calendar_has_no_latest_day(text: str) -> None:
    assert dates(text)[0].latest is None
