"""What is out of date is found with the reason and, where there is one, the place that says so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers import shared

from foretune.corpus.metadata import describe
from foretune.corpus.readers.text import split_front_matter
from foretune.governance.checks import CheckSettings, CorpusCheck, named
from foretune.governance.checks.stale import sign, stale
from foretune.governance.staleness import age_profile
from foretune.types import Document, Finding, Severity

TODAY = date(2026, 11, 25)
GOLDEN = Path(__file__).parent / "golden"
FILLER = " ".join(f"word{number}" for number in range(120))


def page(path: str, text: str, **fields: Any) -> Document:
    return Document(id=path, source="s", path=path, content_hash="", text=text, **fields)


def found(*pages: Document, **settings: Any) -> list[Finding]:
    """The most important first, as they are shown."""
    texts = {each.id: each.text for each in pages}
    findings = stale([sign(each) for each in pages], texts.__getitem__, CheckSettings(**{"today": TODAY, **settings}))
    return sorted(findings, key=lambda each: (-each.severity, -each.score, each.document_id, each.start or 0))


def read_corpus(folder: Path) -> list[Document]:
    """The pages of a folder with what their front matter says."""
    documents = []
    for path in sorted(folder.glob("**/*.md")):
        raw = path.read_text(encoding="utf-8")
        metadata, start = split_front_matter(raw)
        name = path.relative_to(folder).as_posix()
        known = describe(metadata, raw[start:], name)
        documents.append(
            page(
                name,
                raw[start:],
                title=known.title,
                date=known.date,
                modified=known.modified,
                properties=known.properties,
            )
        )
    return documents


# -- what a page says of itself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"outdated": True}, "outdated: true"),
        ({"status": "Deprecated"}, "status: Deprecated"),
        ({"archived": "2021-03-04"}, "archived: 2021-03-04"),
    ],
)
def test_front_matter_that_says_outdated_is_the_first_thing_to_see(properties: dict[str, Any], text: str) -> None:
    [finding] = found(page("a.md", FILLER, properties=properties))
    assert (finding.type, finding.severity, finding.text, finding.start) == ("flagged", Severity.HIGH, text, None)


@pytest.mark.parametrize(
    "properties", [{"outdated": False}, {"status": "active"}, {"deprecated": "no"}, {"tags": "old"}]
)
def test_front_matter_that_denies_it_is_no_finding(properties: dict[str, Any]) -> None:
    assert found(page("a.md", FILLER, properties=properties)) == []


@pytest.mark.parametrize(
    "banner",
    [
        "This page is deprecated - see the new one.",
        "> [!WARNING] **This page is no longer maintained.**",
        "This policy has been superseded.",
        "# DEPRECATED: Travel rules",
    ],
)
def test_a_banner_flags_the_page(banner: str) -> None:
    findings = found(page("a.md", f"{banner}\n\n{FILLER}"))
    assert [each.type for each in findings] == ["flagged"]
    assert findings[0].text == banner


@pytest.mark.parametrize("text", ["If this page is outdated, tell us.", "Mark a repository as deprecated when it is."])
def test_talking_about_outdated_pages_flags_none(text: str) -> None:
    assert found(page("a.md", f"{text}\n\n{FILLER}")) == []


def test_a_page_that_sends_readers_elsewhere_but_keeps_its_text_is_flagged() -> None:
    moved = {"redirect_to": "/new/"}
    [finding] = found(page("a.md", FILLER, properties=moved))
    assert (finding.type, finding.severity) == ("flagged", Severity.MEDIUM)
    assert found(page("a.md", "Moved.", properties=moved)) == []


def test_a_limit_in_the_metadata_counts_once_it_has_passed() -> None:
    [finding] = found(page("a.md", FILLER, properties={"review_by": "2021-05-01"}))
    assert (finding.type, finding.message) == ("review", "Its own metadata asks for a review by 1 May 2021.")
    assert found(page("a.md", FILLER, properties={"review_by": "2031-05-01"})) == []


def test_a_page_is_due_for_review_after_the_months_the_policy_gives() -> None:
    old = page("a.md", f"Last updated: May 2019\n\n{FILLER}")
    [finding] = found(old)
    assert (finding.type, finding.text) == ("review", "Last updated: May 2019")
    assert found(old, review_after_months=0) == []
    assert found(old, review_after_months=120) == []


# -- time -----------------------------------------------------------------------------------------------


def test_a_limit_is_stale_the_day_after_and_not_before() -> None:
    text = page("a.md", "You must hand in your plan by March 31, 2022.")
    assert found(text, today=date(2022, 3, 31)) == []
    [finding] = found(text, today=date(2022, 4, 1))
    assert (finding.type, finding.severity) == ("expired", Severity.HIGH)
    assert finding.message == "“by March 31, 2022” has passed: say what holds now, or take it out."
    assert finding.evidence["until"] == "2022-03-31"


def test_a_passed_deadline_in_an_instruction_comes_before_an_old_state() -> None:
    findings = found(page("a.md", "There are three printers as of May 2019.\n\nYou must register by May 2020."))
    assert [each.type for each in findings] == ["expired", "as_of"]


def test_soon_weighs_more_on_a_page_known_to_be_old() -> None:
    text = "Coming soon: a list of vendors."
    [undated] = found(page("a.md", text))
    [old] = found(page("a.md", text, date="2020-01-02"), review_after_months=0)
    assert (undated.severity, old.severity) == (Severity.LOW, Severity.MEDIUM)
    assert found(page("a.md", text, date="2026-10-01")) == []


def test_this_year_is_stale_only_on_a_page_whose_year_is_known_and_over() -> None:
    text = "This year the picnic is in the park."
    assert found(page("a.md", text)) == []
    [finding] = found(page("a.md", text, date="2024-01-02"), review_after_months=0)
    assert (finding.type, finding.severity) == ("relative", Severity.LOW)


@pytest.mark.parametrize("path", ["posts/2019-04-05-news.md", "2019-04-05-retro.md", "meetings/may.md", "CHANGELOG.md"])
def test_posts_minutes_and_changelogs_report_their_day_and_are_not_stale(path: str) -> None:
    findings = found(page(path, "You must register by May 2020."), page("rules.md", "Be kind."))
    assert findings == []


def test_where_the_corpus_lies_says_nothing_about_its_pages() -> None:
    text = "You must register by May 2020."
    findings = found(page("/srv/archive/news/a.md", text), page("/srv/archive/news/b/c.md", "Be kind."))
    assert [each.type for each in findings] == ["expired"]


def test_in_a_corpus_of_dated_pieces_their_statements_are_for_information_only() -> None:
    text = "You must register by May 2012."
    pieces = [page(f"{n}.md", f"{text} {FILLER} {n}", date=f"2011-{n % 12 + 1:02}-{n + 1:02}") for n in range(24)]
    assert {each.severity for each in found(*pieces) if each.type == "expired"} == {Severity.INFO}
    assert {each.severity for each in found(*pieces[:3]) if each.type == "expired"} == {Severity.HIGH}


# -- other pages ----------------------------------------------------------------------------------------


def test_the_older_of_two_versions_points_to_the_newer() -> None:
    older = page("leave.md", f"{FILLER} one", date="2019-05-06")
    newer = page("time-off.md", f"{FILLER} two", date="2023-05-06")
    [finding] = found(older, newer, review_after_months=0)
    assert (finding.document_id, finding.type) == ("leave.md", "superseded")
    assert finding.message == "time-off.md is a newer copy of it, of 6 May 2023: keep that one."
    assert finding.evidence["keeper"] == "time-off.md"


def test_pages_of_one_name_but_for_the_year_are_versions_where_they_share_text() -> None:
    half = " ".join(f"other{number}" for number in range(90))
    texts = [page("policy-2019.md", FILLER), page("policy-2022.md", f"{FILLER} {half}")]
    [finding] = found(*texts, review_after_months=0)
    assert (finding.document_id, finding.evidence["why"]) == ("policy-2019.md", "name")
    assert found(texts[0], page("policy-2022.md", half), review_after_months=0) == []


def test_what_another_page_says_is_replaced_is_shown_with_both_quotes() -> None:
    gone = page("chat.md", "Slack has replaced Yammer Groups.\n")
    still = page("help.md", "Ask your question in Yammer Groups.\n")
    past = page("story.md", "In those days we had Yammer Groups.\n")
    [finding] = found(gone, still, past)
    assert (finding.document_id, finding.type, finding.text) == ("help.md", "replaced", still.text.strip())
    assert [(each.document, each.text) for each in finding.related] == [("chat.md", gone.text.strip())]


@pytest.mark.parametrize(
    "text",
    [
        "The Skype Portal was renamed to Calls Portal.",
        "Calls Portal (formerly Skype Portal) is where you call.",
        "The Skype Portal is no longer supported.",
        "The Skype Portal was decommissioned in 2021.",
    ],
)
def test_there_are_many_ways_to_say_that_something_is_gone(text: str) -> None:
    [finding] = found(page("a.md", text), page("b.md", "Open the Skype Portal first."))
    assert (finding.document_id, finding.evidence["gone"]) == ("b.md", "Skype Portal")


def test_every_mention_of_what_the_plan_lists_as_withdrawn_is_a_finding() -> None:
    findings = found(
        page("a.md", "Call via Lync.\n\nThe lync app is blue.\n\nLynchburg is a town."), withdrawn=("Lync",)
    )
    assert [each.text for each in findings] == ["Call via Lync.", "The lync app is blue."]
    assert all(each.severity is Severity.HIGH for each in findings)


def test_a_withdrawn_name_of_several_words_is_found_whole() -> None:
    text = "FedRAMP Tailored is an option.\n\nFedRAMP Moderate is another."
    [finding] = found(page("a.md", text), withdrawn=("FedRAMP Tailored",))
    assert finding.text == "FedRAMP Tailored is an option."


# -- as a whole -----------------------------------------------------------------------------------------


def test_the_order_of_documents_does_not_matter() -> None:
    pages = [
        page("a.md", f"You must register by May 2020. {FILLER}", date="2019-01-01"),
        page("b.md", f"You must register by May 2020. {FILLER} more", date="2022-01-01"),
        page("c.md", "Teams has replaced Yammer Groups."),
        page("d.md", "Ask in Yammer Groups."),
    ]
    assert found(*pages) == found(*pages[::-1]) != []


@given(st.lists(st.text(alphabet="By until May 2020\n#- soonXY.", max_size=80), max_size=5))
def test_every_finding_quotes_the_place_it_points_to(texts: list[str]) -> None:
    pages = [page(f"{number}.md", text) for number, text in enumerate(texts)]
    for each in found(*pages, withdrawn=("XY",)):
        assert each.start is None or texts[int(each.document_id[:-3])][each.start : each.end] == each.text
        assert 0 <= each.score <= 1


def test_another_day_makes_the_check_run_again() -> None:
    [check] = named(["stale"])
    assert isinstance(check, CorpusCheck)
    settings = CheckSettings(today=TODAY)
    assert check.recipe(settings) != check.recipe(replace(settings, today=date(2026, 11, 26)))


def test_the_age_profile_counts_years_and_what_has_no_date() -> None:
    profile = age_profile(["2020-11-25", "2024", "2024-05", ""], TODAY)
    assert (dict(profile.years), profile.undated, profile.median_years) == ({2020: 1, 2024: 2}, 1, 2.5)
    assert age_profile(["", ""], TODAY).median_years is None


# -- real pages -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def handbook() -> list[Finding]:
    return found(*read_corpus(shared("handbook-18f") / "corpus"))


def test_the_first_thirty_are_those_judged_by_hand_and_most_are_real(handbook: list[Finding]) -> None:
    rows = [json.loads(line) for line in (GOLDEN / "stale-handbook-18f.jsonl").read_text(encoding="utf-8").splitlines()]
    shown = [[each.document_id, each.type, " ".join(each.text.split())[:120]] for each in handbook[:30]]
    assert shown == [[row["document"], row["type"], row["text"]] for row in rows]
    assert 2 * sum(row["real"] for row in rows) >= len(rows) == 30


def test_stale_facts_that_a_person_found_are_among_the_first(handbook: list[Finding]) -> None:
    rows = (shared("handbook-18f") / "known_issues_dev.jsonl").read_text(encoding="utf-8").splitlines()
    issues = [row for row in map(json.loads, rows) if row["kind"] == "stale"]
    for issue in issues:
        assert any(
            each.document_id == issue["a"] and issue["quote_a"].strip() in " ".join(each.text.split())
            for each in handbook[:30]
        ), issue["id"]
    assert len(issues) == 4


def test_dated_posts_of_many_authors_raise_nothing() -> None:
    posts = [replace(each, path=f"posts/{each.path}") for each in read_corpus(shared("blog-18f") / "dev")[:80]]
    assert [each for each in found(*posts) if each.severity > Severity.INFO] == []
