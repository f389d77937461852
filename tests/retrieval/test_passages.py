"""Passages: all of the text, in order, at the right places, under the right headings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.retrieval.corpus import PAGES, page, written

from foretune.retrieval import embedded_text, readable_text, split
from foretune.retrieval.passages import count_words
from foretune.types import GovernedDocument

LINES = st.one_of(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=120),
    st.sampled_from(
        [
            *("# One", "## Two", "### Three ###", "Four", "====", "----", "#", "#nothing"),
            *("```", "~~~python", "    indented", "", "", "> quoted"),
            *(
                "- an item of a list",
                "1. a step",
                "| a | b |",
                "|---|---|",
                "| 1 | 2 |",
                "[a](https://example.org/" + "x" * 90 + ")",
            ),
            *("Kurze Wörter, naïve Café-Gäste.", "年次休暇は何日ですか。" * 12, "🙂 " * 30, "word " * 70),
        ]
    ),
)
TEXTS = st.lists(LINES, max_size=60).map("\n".join)


def heading_words(text: str) -> int:
    """Words a passage may be longer by: of the headings it opens with."""
    lines = [line for line in text.splitlines() if line.strip()]
    return sum(count_words(line) for line in lines if line.lstrip().startswith("#"))


@given(TEXTS, st.integers(20, 200), st.sampled_from(["text/markdown", "text/plain"]))
def test_passages_hold_all_text_in_order_and_within_bounds(text: str, words: int, media_type: str) -> None:
    drafts = split(written(text, media_type=media_type), words=words)
    assert [draft.ordinal for draft in drafts] == list(range(len(drafts)))
    reached = 0
    for draft in drafts:
        assert text[reached : draft.start].strip() == ""
        assert draft.text == text[draft.start : draft.end]
        assert draft.text.strip()
        assert count_words(draft.text) <= words + heading_words(draft.text)
        reached = draft.end
    assert text[reached:].strip() == ""


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    assert len(readable_text(text)) <= len(text)


def test_the_path_leads_from_the_title_to_the_nearest_heading() -> None:
    text = (
        "Intro.\n\n# Leave\n\nAll kinds.\n\n## Sick\n\n"
        + "Sick leave. " * 60
        + "\n\nUnderlined\n---\n\n"
        + "More. " * 120
    )
    paths = [draft.headings for draft in split(written(text, title="Handbook"), words=100)]
    assert paths[0] == ("Handbook",)
    assert ("Handbook", "Leave", "Sick") in paths
    assert paths[-1] == ("Handbook", "Leave", "Underlined")


def test_a_heading_that_repeats_the_title_is_named_once() -> None:
    (draft,) = split(written("# Leave &amp; *travel*\n\nWords.", title="Leave &amp; travel"))
    assert draft.headings == ("Leave & travel",)


def test_a_heading_in_code_is_no_heading() -> None:
    text = "# Shell\n\n```sh\n# not a heading\nls\n```\n\n" + "After. " * 150
    assert {draft.headings for draft in split(written(text), words=100)} == {("Shell",)}


def test_a_code_block_that_fits_stays_whole() -> None:
    code = "```python\n" + "\n\n".join(f"def f{i}(): return {i}" for i in range(20)) + "\n```"
    drafts = split(written("Words. " * 70 + "\n\n" + code + "\n\n" + "Words. " * 70), words=100)
    assert any(code in draft.text for draft in drafts)


def test_a_heading_goes_with_what_stands_under_it() -> None:
    text = "# Types of leave\n\n## Annual leave\n\n" + "You accrue hours. " * 50
    first = split(written(text), words=150)[0]
    assert first.text.startswith("# Types of leave\n\n## Annual leave\n\nYou accrue")
    assert first.headings == ("Types of leave", "Annual leave")


def test_rows_of_a_long_table_are_embedded_under_its_header() -> None:
    rows = "\n".join(f"| Ticket {i} | is handled by team {i} |" for i in range(60))
    drafts = split(written("# Work\n\n| Kind | Owner |\n|---|---|\n" + rows), words=100)
    assert len(drafts) > 2
    assert drafts[0].table_header == ""
    assert {draft.table_header for draft in drafts[1:]} == {"| Kind | Owner |"}
    assert embedded_text(drafts[1]).splitlines()[:2] == ["Work", "Kind Owner"]


def test_unspaced_scripts_are_cut_by_characters() -> None:
    drafts = split(written("年次休暇は一年に二十日です。" * 100), words=160)
    assert all(len(draft.text) <= 160 for draft in drafts)
    assert len(drafts) >= 8


@pytest.mark.parametrize("text", ["", " \n\t\n", "\n\n"])
def test_nothing_makes_no_passages(text: str) -> None:
    assert split(written(text)) == []


def test_readable_text_keeps_words_and_drops_addresses_and_marks() -> None:
    source = (
        '{% page "leave/" %} See **[annual leave](https://example.org/a?b=c)** and <a href="x">the form</a> '
        "<!-- not shown --> at https://example.org/long, `git push`.\n\n| a | b |\n|---|---|"
    )
    assert readable_text(source).split() == [
        "See",
        "annual",
        "leave",
        "and",
        "the",
        "form",
        "at",
        "git",
        "push",
        ".",
        "a",
        "b",
    ]


@pytest.fixture(scope="module")
def pages() -> list[GovernedDocument]:
    return [page(path) for path in sorted(PAGES.rglob("*.md"))]


def test_real_pages_are_cut_into_passages_that_say_something(pages: list[GovernedDocument]) -> None:
    drafts = [draft for document in pages for draft in split(document)]
    assert len(drafts) > 1500
    assert all(any(c.isalnum() for c in draft.text) for draft in drafts)
    assert all(draft.headings for draft in drafts)
    for draft in drafts:
        if draft.text.lstrip().startswith("#") and draft.text.count("\n") == 0:
            pytest.fail(f"a heading alone: {draft.text}")
