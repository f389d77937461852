"""Quantities: value, unit, what is counted, bound, rate; and what only looks like one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.evidence import equal, quantities
from foretune.evidence.numerals import identifiers
from foretune.evidence.quantity import opposed, rates_agree


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("240 hours", "240", "hour"),
        ("240 annual leave hours", "240", "hour"),
        ("two hundred and forty hours", "240", "hour"),
        ("twenty-four credit hours", "24", "hour"),
        ("a hundred days", "100", "day"),
        ("1,200.50 dollars", "1200.50", "dollar"),
        ("$1,200.50", "1200.50", "dollar"),
        ("USD 30", "30", "dollar"),
        ("1.200,50 €", "1200.50", "euro"),
        ("10,5 %", "10.5", "percent"),
        ("30 percent", "30", "percent"),
        ("30%", "30", "percent"),
        ("2.45\u00a0billion years", "2450000000", "year"),
        ("five million dollars", "5000000", "dollar"),
        ("1 1/2 hours", "1.5", "hour"),
        ("2½ hours", "2.5", "hour"),
        ("two and a half days", "2.5", "day"),
        ("half an hour", "0.5", "hour"),
        ("within an hour", "1", "hour"),
        ("80h", "80", "hour"),
        ("10GB", "10", "gigabyte"),
        ("a 10-day trip", "10", "day"),
        ("**240** hours", "240", "hour"),
        ("every\n90 days", "90", "day"),
        ("2087 hours", "2087", "hour"),
        ("at 9:30 a.m.", "570", "clock"),
        ("at 17:00", "1020", "clock"),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, value: str, unit: str) -> None:
    (quantity,) = quantities(text)
    assert (quantity.value, quantity.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    "text",
    [
        "24/7 support",
        "a 401(k) plan",
        "GS-15 and COVID-19",
        "18F",
        "version 3.11.2",
        "call 202-555-0100 or 555-0100",
        "§164.312",
        "see https://example.org/2/30 or a5@b6.org",
        "as shown [3]",
        "1. Open it\n2) Close it",
        "9" * 40,
        "April 30, 2021",
    ],
)
def test_codes_idioms_counters_and_dates_are_no_quantities(text: str) -> None:
    assert quantities(text) == []


def test_what_is_counted_is_kept_where_it_is_no_unit() -> None:
    (quantity,) = quantities("six free sessions for you")
    assert quantity.noun == ("free", "session")


def test_a_range_is_one_quantity_with_two_ends() -> None:
    for text in ("3–5 days", "3 to 5 days", "between 3 and 5 days"):
        (quantity,) = quantities(text)
        assert (quantity.value, quantity.high, quantity.unit) == (Decimal(3), Decimal(5), "day")


def test_alternatives_share_the_unit_said_once() -> None:
    assert [(q.value, q.unit) for q in quantities("5 or 6 days")] == [(Decimal(5), "day"), (Decimal(6), "day")]


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("up to 4 hours", "max"),
        ("not to exceed 240 days", "max"),
        ("no more than 5 days", "max"),
        ("120 days or less", "max"),
        ("within 5 business days", "max"),
        ("a maximum of 240 hours", "max"),
        ("at least 5 years", "min"),
        ("30 percent or more", "min"),
        ("more than 80 books", "min"),
        ("about 11 years", "about"),
        ("4 hours", ""),
    ],
)
def test_limits_are_told_apart(text: str, bound: str) -> None:
    assert quantities(text)[0].bound == bound


def test_a_denied_number_is_marked_and_a_limit_is_not_a_denial() -> None:
    kept, denied = quantities("27 pay periods rather than\n26 pay periods")
    assert not kept.denied
    assert denied.denied
    assert quantities("it is not 26 hours")[0].denied
    assert not quantities("not to exceed 26 hours")[0].denied
    assert not quantities("not more than 26 hours")[0].denied


@pytest.mark.parametrize(
    ("text", "per"),
    [
        ("4 hours per pay period", "pay period"),
        ("15 days each year", "year"),
        ("15 days a year", "year"),
        ("$35/month", "month"),
        ("$35 monthly", "month"),
        ("4 hours ago", ""),
    ],
)
def test_rates_are_read(text: str, per: str) -> None:
    assert quantities(text)[0].per == per


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("six sessions", "6 sessions", True),
        ("60 minutes", "1 hour", True),
        ("12 months", "one year", True),
        ("80 hours", "two weeks", False),
        ("4 hours", "4 days", False),
        ("4 hours", "4", True),
        ("4 hours", "4 employees", False),
        ("6 sessions", "6 visits", True),
        ("30%", "30 percent", True),
        ("24", "2.4", False),
        ("5 pm", "17:00", True),
        ("5:00", "17:00", True),
        ("5:00 am", "17:00", False),
        ("3-5 days", "3 days", False),
    ],
)
def test_two_quantities_are_equal_in_value_and_unit(one: str, other: str, same: bool) -> None:
    assert equal(quantities(one)[0], quantities(other)[0]) is same


def test_rates_and_limits_are_compared_apart_from_the_value() -> None:
    yearly, monthly = quantities("4 hours per year")[0], quantities("4 hours per month")[0]
    assert not rates_agree(yearly, monthly)
    assert opposed(quantities("at most 5 days")[0], quantities("at least 5 days")[0])


def test_identifiers_are_named_by_their_place() -> None:
    text = "24/7 with GS-15 or 555-0100"
    assert [text[a:b] for a, b in identifiers(text)] == ["24/7", "GS-15", "555-0100"]


@given(st.integers(min_value=2, max_value=999_999))
def test_every_whole_number_is_read_back_from_its_digits(number: int) -> None:
    for written in (str(number), f"{number:,}"):
        (quantity,) = quantities(f"They paid {written} euros.")
        assert (quantity.value, quantity.unit) == (Decimal(number), "euro")


@given(st.text(alphabet=st.sampled_from("0123456789.,-–/%$€ hoursdaytw½'()[]:amp\n"), max_size=80))
def test_any_text_gives_quantities_in_order_at_their_place(text: str) -> None:
    start = -1
    for quantity in quantities(text):
        assert start <= quantity.start < quantity.end <= len(text)
        start = quantity.start
        assert quantity.value.is_finite()
