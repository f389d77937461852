"""What is missing from a document's labels, and what its text, path and name say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import read_pages
from tests.helpers import shared

from foretune.governance.checks import CheckSettings, Inferred
from foretune.governance.checks.labels import labels
from foretune.governance.label_fields import FIELDS, known, proposals
from foretune.types import Document, Finding, Label


def page(text: str = "", path: str = "page.md", **known_of: Any) -> Document:
    return Document("id", "s", path, "h", text, **known_of)


def findings(document: Document, settings: CheckSettings | None = None) -> list[Finding]:
    found = list(labels(document, settings or CheckSettings()))
    assert not any(isinstance(each, Inferred) for each in found)
    return [each for each in found if isinstance(each, Finding)]


@pytest.mark.parametrize(
    ("field", "document", "value", "source"),
    [
        ("author", page("# Leave\n\n*By Mara Lindqvist*\n\nText."), "Mara Lindqvist", "text"),
        ("owner", page("**Policy Owner:** People Operations\n"), "People Operations", "text"),
        ("owner", page("Travel is managed by the Business Travel team."), "Business Travel team", "text"),
        ("date", page(path="notes/2021-03-04-retro.md"), "2021-03-04", "file name"),
        ("date", page("Last updated: March 4, 2021\n"), "2021-03-04", "text"),
        ("date", page(path="2019/07/post.md"), "2019-07", "path"),
        ("title", page("# Annual leave\n\nText"), "Annual leave", "text"),
        ("title", page("Text", path="annual_leave.md"), "Annual leave", "file name"),
        ("type", page(path="hr/leave-policy.md"), "policy", "file name"),
        ("type", page("FOR IMMEDIATE RELEASE\nToday"), "press release", "text"),
        ("topic", page(path="docs/travel-and-leave/sick.md"), "travel and leave", "path"),
        ("licence", page("Licensed under CC-BY-SA 4.0."), "CC-BY-SA-4.0", "text"),
        ("consent", page("Please do not share this outside of the team."), "no", "text"),
        ("retention", page("Retain until 31 December 2027."), "2027-12-31", "text"),
        ("sensitivity", page("STRICTLY CONFIDENTIAL\n\nSalaries"), "restricted", "text"),
    ],
)
def test_what_text_path_and_name_say_is_proposed(field: str, document: Document, value: str, source: str) -> None:
    proposal = proposals(document)[field]
    assert (proposal.value, proposal.source) == (value, source)
    assert proposal.because


def test_what_is_known_needs_no_proposal() -> None:
    document = page("*By Mara Lindqvist*", author="Somebody", properties={"License": "MIT", "maintainer": ["A", "B"]})
    assert "author" not in proposals(document)
    assert known(document, "licence") == "MIT"
    assert known(document, "owner") == "A, B"


def test_a_missing_label_comes_with_its_proposal() -> None:
    [finding] = findings(page("*By Mara Lindqvist*", title="T", date="2021"))
    assert finding.evidence["missing"] == ["author"]
    assert finding.evidence["proposal"]["author"]["value"] == "Mara Lindqvist"
    assert "Mara Lindqvist" in finding.message


def test_a_text_that_asks_for_more_care_than_its_label_is_shown() -> None:
    text = "Private and confidential\n\nThe offer."
    settings = CheckSettings(require=())
    [finding] = findings(page(text), settings)
    assert (finding.type, finding.text) == ("sensitivity", "Private and confidential")
    assert findings(page(text, label=Label.RESTRICTED), settings) == []


def test_talk_about_confidential_things_is_no_label() -> None:
    text = "Confidential information must not leave the building. Keep it confidential."
    assert "sensitivity" not in proposals(page(text))


@given(st.text(max_size=400), st.text("abc/-_.0123456789", min_size=1, max_size=40))
def test_every_proposal_has_a_place_or_none(text: str, path: str) -> None:
    for name, each in proposals(page(text, path)).items():
        assert name in FIELDS
        assert each.value.strip()
        if each.start is not None and each.end is not None:
            assert 0 <= each.start < each.end <= len(text)


def test_on_the_handbook_few_owners_are_invented() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus", limit=120)
    offered = [proposals(page(text, path)) for path, text in pages.items()]
    assert sum("owner" in each for each in offered) < 6
    assert sum("sensitivity" in each for each in offered) < 3
