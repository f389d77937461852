"""Facts of two texts laid side by side."""

from __future__ import annotations

from foretune.evidence import facts, rivals


def clash(one: str, other: str) -> list[tuple[str, str, str]]:
    return [(r.type, r.one.text, r.other.text) for r in rivals(facts(one), facts(other))]


def test_numbers_of_one_unit_that_differ_are_rivals() -> None:
    assert clash("You may carry over 240 hours.", "The cap is 200 hours.") == [("number", "240 hours", "200 hours")]


def test_numbers_of_different_units_or_rates_are_none() -> None:
    assert clash("You may carry over 240 hours.", "It takes 3 days.") == []
    assert clash("You get 4 hours per month.", "You get 13 hours per year.") == []


def test_an_amount_that_could_be_a_year_is_none() -> None:
    assert clash("The allowance is 2000 euro.", "The allowance is 1990 euro.") == [("number", "2000 euro", "1990 euro")]
    assert clash("Kostet 2000 Kč.", "Kostet 2050 Kč.") == [("number", "2000 Kč", "2050 Kč")]
    assert [date.text for date in facts("In 2000 it was 2,000 euro.").dates] == ["2000"]


def test_a_number_the_other_text_gives_as_well_is_no_rival() -> None:
    assert clash("120 days, at most 240 days.", "Not longer than 240 days.") == []


def test_the_same_quantity_in_another_unit_is_no_rival() -> None:
    assert clash("Report it within 60 minutes.", "Report it within one hour.") == []


def test_dates_that_cannot_both_be_right_are_rivals() -> None:
    assert clash("Created in 2014.", "It was created by 18F in 2015.") == [("date", "2014", "2015")]
    assert clash("Created in 2014.", "Created on March 19, 2014.") == []


def test_one_text_denying_is_a_rival_with_the_word_that_denies() -> None:
    assert clash("Award leave is paid out.", "Award leave is not paid out.") == [("negation", "", "not")]
    assert clash("It isn't paid out.", "It is not paid out.") == []


def test_facts_point_into_the_text() -> None:
    text = "GSA launched 18F on March 19, 2014 with 15 people, not 20."
    found = facts(text)
    places = [
        *((item.start, item.end, item.text) for item in found.quantities),
        *((item.start, item.end, item.text) for item in found.dates),
        *((item.start, item.end, item.text) for item in found.names),
        *((item.start, item.end, item.text) for item in found.negations),
    ]
    assert [text[start:end] for start, end, _ in places] == [quoted for _, _, quoted in places]
    assert [q.text for q in found.quantities] == ["15 people", "20"]
    assert found.negative
