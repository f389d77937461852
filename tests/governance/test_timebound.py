"""Statements that time undoes are found by their cue; what tells of the past is left alone."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.governance.staleness import Statement, lines, retractions, revisions, statements


def read(text: str) -> list[Statement]:
    return statements(lines(text))


@pytest.mark.parametrize(
    ("text", "kind", "until"),
    [
        ("The shuttle runs until December 2020.", "expired", "2020-12-31"),
        ("This rate applies through FY19.", "expired", "2019-12-31"),
        ("Our licence expires on 4 May 2021.", "expired", "2021-05-04"),
        ("Please hand in your plan no later than June 30, 2022.", "expired", "2022-06-30"),
        ("All teams must move to the new system by the end of 2021.", "expired", "2021-12-31"),
        ("Deadline for nominations: 3 March 2020", "expired", "2020-03-03"),
        ("Further reports are due throughout 2017.", "expired", "2017-12-31"),
        ("The new intranet will launch in spring 2021.", "announced", "2021-12-31"),
        ("FY22 impact report TBD", "announced", "2022-12-31"),
        ("New in 2023: order your badge online.", "announced", "2023-12-31"),
        ("We have three printers as of January 2020.", "as_of", "2020-01-31"),
        ("The maximum is $900 ($850 in 2022).", "as_of", "2022-12-31"),
        ("In 2022, we consider $75 an hour a fair rate.", "as_of", "2022-12-31"),
        ("Fill in the [FY21 planning template](https://example.org/t).", "edition", "2021-12-31"),
        ("Take the 2019 security training.", "edition", "2019-12-31"),
        ("The office is moving to the new building in 2016.", "announced", "2016-12-31"),
        ("Coming soon: a list of vendors.", "announced", None),
        ("This page will be updated in the coming months.", "announced", None),
        ("We currently use two buildings.", "relative", None),
    ],
)
def test_a_statement_is_read_with_the_day_it_ends(text: str, kind: str, until: str | None) -> None:
    [found] = read(text)
    assert found.kind == kind
    assert (found.holds_until.isoformat() if found.holds_until else None) == until
    assert text[found.start : found.end] == text


@pytest.mark.parametrize(
    "text",
    [
        "The office was founded in 2014.",
        "By 2016 the team had grown to forty people.",
        "Until 2019 we were known as the Bureau.",
        "Employees hired before 2014 keep their old pension plan.",
        "The policy has been in force since January 2016.",
        "The Records Act of 1950 is the law.",
        "For example, you apply by June 30, 2021 and are paid in August.",
        "> All staff must register by May 2020.",
        "Run `report --until 2020-12-31` to print it.",
        "See [the survey](https://example.org/until-2020).",
        "Is there anything coming soon?",
        "If you currently work abroad, ask first.",
        "Rates effective from 1 May 2021 are in the annex.",
        "The password expires after 90 days.",
        "Submit the form by April 30.",
    ],
)
def test_what_is_told_shown_or_still_holds_is_left_alone(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize("heading", ["History", "Changelog", "Release notes", "Examples", "2010 - 2015: early days"])
def test_under_a_heading_that_tells_of_the_past_nothing_is_stale(heading: str) -> None:
    text = f"# Guide\n\n## {heading}\n\nYou must register by May 2020.\n\n## Today\n\nYou must register by May 2021."
    assert [each.holds_until for each in read(text)] == [date(2021, 5, 31)]


def test_a_schedule_is_one_statement_that_ends_with_its_last_row() -> None:
    rows = "| May 3, 2021 | Plans due |\n| June 4, 2021 | Reviews begin |\n| July 1 - 9, 2021 | Reviews end |"
    [found] = read(f"## Important dates\n\n| Date | What |\n|---|---|\n{rows}\n")
    assert found.holds_until == date(2021, 7, 9)
    assert found.says == "3 dates, the last July 1 - 9, 2021"


def test_a_table_of_what_happened_is_no_schedule() -> None:
    rows = "| May 3, 2021 | 4.1 shipped |\n| June 4, 2021 | 4.2 shipped |\n| July 9, 2021 | 4.3 shipped |"
    assert read(f"## Builds\n\n{rows}\n") == []


def test_of_the_editions_of_one_thing_only_the_newest_can_be_out_of_date() -> None:
    text = "- [FY23 travel policy](a)\n- [FY22 travel policy](b)\n- [FY21 travel policy](c)\n"
    assert [each.says for each in read(text)] == ["FY23"]


@given(st.text(alphabet="until by 2020 May | - \n#>.FY will be due`[](){}%", max_size=300))
def test_statements_lie_within_the_text_in_order_and_apart(text: str) -> None:
    found = read(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(left.end <= right.start for left, right in pairwise(found))


@pytest.mark.parametrize(
    "text",
    [
        "By " + "1 " * 44 + "x 2020.",
        "By " + "1" * 85 + " 2020.",
        "[a](" + "{%b%}" * 200,
        "](" * 20_000,
        "**" * 20_000 + "Updated 2020",
        "we have now " + "now " * 5_000 + "replaced",
        "| " * 30_000 + "2020",
    ],
)
def test_text_made_to_slow_the_patterns_down_is_read_like_any_other(text: str) -> None:
    page = lines(text)
    assert all(each.kind for each in statements(page))
    assert retractions(page, "") == []
    assert all(each.text for each in revisions(page, len(text)))


def test_a_long_line_of_spaces_costs_no_more_than_its_length() -> None:
    assert read("Register by" + " " * 200_000 + "May 2020. " + "until " * 20_000) == []
