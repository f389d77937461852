from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foretune.corpus.metadata import clean_text, describe, first_heading, json_value
from foretune.types import Label

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.datetimes() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.sets(st.integers()),
    max_leaves=30,
)


@pytest.mark.parametrize("key", ["lastmod", "Last-Modified", "last_modified", "updatedAt", "article:modified_time"])
def test_a_field_is_known_by_many_spellings(key: str) -> None:
    assert describe({key: "2021-03-04"}, "", "a.md").modified == "2021-03-04"


def test_fields_are_taken_out_and_the_rest_stays_as_properties() -> None:
    about = describe(
        {
            "title": "Leave",
            "authors": ["Ann Example", {"name": "Bo Sample"}],
            "date": "4 March 2021",
            "tags": "hr, leave; travel",
            "keywords": ["sick leave"],
            "Event": "All hands",
            "layout": "post",
        },
        "text",
        "leave.md",
    )
    assert (about.title, about.author, about.event) == ("Leave", "Ann Example, Bo Sample", "All hands")
    assert (about.date, about.tags, about.keywords) == ("2021-03-04", ("hr", "leave", "travel"), ("sick leave",))
    assert about.properties == {"layout": "post"}


def test_a_value_that_says_nothing_stays_a_property_and_the_next_spelling_is_tried() -> None:
    about = describe({"published": True, "created": "2021-03-04", "date": "soon"}, "", "a.md")
    assert about.date == "2021-03-04"
    assert about.properties == {"published": True, "date": "soon"}


def test_a_document_may_state_its_label() -> None:
    assert describe({"classification": "Restricted"}, "", "a.md").label is Label.RESTRICTED
    about = describe({"label": "draft"}, "", "a.md")
    assert about.label is None
    assert about.properties == {"label": "draft"}


def test_without_a_title_the_first_heading_and_then_the_name_stand_in() -> None:
    assert describe({}, "## Part\n\n# The [whole](x) *thing* #\n", "a.md").title == "The whole thing"
    assert describe({}, "no heading", "2021-03-04-my_first-post.md").title == "My first post"
    assert describe({"title": "Microsoft Word - Leave policy"}, "", "x.pdf").title == "Leave policy"
    assert describe({"title": "(anonymous)"}, "", "scan_001.pdf").title == "Scan 001"


def test_headings_in_code_are_no_titles() -> None:
    assert first_heading("```\n# not me\n```\n\nReal\n====\n") == "Real"


def test_lines_at_the_top_state_author_and_date() -> None:
    about = describe({}, "# Retro\n\n- **Author:** Ann Example\n- **Date:** May 5, 2023\n\nIt was fine.", "a.md")
    assert (about.author, about.date) == ("Ann Example", "2023-05-05")
    assert describe({}, "By: 12 people in https://example.org/list", "a.md").author == ""


def test_front_matter_wins_over_the_text_and_the_text_over_the_name() -> None:
    text = "Date: 5 May 2023\n"
    assert describe({"date": "2020"}, text, "2021-01-01-a.md").date == "2020"
    assert describe({}, text, "2021-01-01-a.md").date == "2023-05-05"
    assert describe({}, "", "2021-01-01-a.md").date == "2021-01-01"


@given(JSON)
def test_properties_are_always_json_that_can_be_stored(value: object) -> None:
    written = json.dumps(json_value(value), allow_nan=False, ensure_ascii=False)
    assert json.loads(written) == json_value(value)
    written.encode()


@given(st.dictionaries(st.text(), JSON, max_size=8), st.text(), st.text())
def test_any_metadata_can_be_described(metadata: dict[str, object], text: str, name: str) -> None:
    about = describe(metadata, text, name)
    json.dumps(about.properties, allow_nan=False)
    for value in (about.title, about.author, about.event, *about.tags, *about.keywords):
        assert value == clean_text(value)


def test_metadata_that_contains_itself_or_grows_when_written_is_cut() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop
    assert len(json.dumps(json_value(loop))) < 1000
    wide: list[object] = ["x"] * 9
    for _ in range(9):
        wide = [wide] * 9
    assert len(json.dumps(json_value(wide))) < 100_000


@given(st.text(alphabet=st.characters() | st.sampled_from("\x00\ud800\udfff")))
def test_cleaned_text_keeps_its_length_and_can_be_encoded(text: str) -> None:
    cleaned = clean_text(text)
    assert len(cleaned) == len(text)
    assert b"\x00" not in cleaned.encode()
