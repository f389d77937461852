"""Garbled text is found and repaired as ftfy repairs it, and correct text is left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.governance.pages import read_pages
from tests.helpers import shared

from foretune.governance.checks import CheckSettings
from foretune.governance.checks.garbled import clean_line, garbled
from foretune.governance.edits import apply
from foretune.governance.types import Edit
from foretune.types import Document, Finding


def found(text: str, media_type: str = "text/markdown") -> list[Finding]:
    page = Document(id="d", source="s", path="p.md", content_hash="h", text=text, media_type=media_type)
    return [each for each in garbled(page, CheckSettings()) if isinstance(each, Finding)]


def repaired(text: str) -> str:
    """The text with every repair on offer made."""
    return apply(
        text,
        [
            Edit(each.start, each.end, each.evidence["repair"], redacts=False)
            for each in found(text)
            if each.start is not None and each.end is not None and "repair" in each.evidence
        ],
    )


def cases(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((shared("mojibake-ftfy") / "dev" / name).read_text(encoding="utf-8"))
    return rows


@pytest.mark.parametrize("name", ["in-the-wild.json", "language-names.json", "synthetic.json"])
def test_repairs_what_ftfy_repairs(name: str) -> None:
    for case in cases(name):
        wanted = {case["fixed"], case.get("fixed-encoding", case["fixed"])}
        assert repaired(case["original"]) in wanted, case["label"]


def test_leaves_correct_text_alone() -> None:
    for case in cases("negative.json"):
        assert found(case["original"]) == [], case["label"]


def test_real_pages_hold_three_invisible_characters_and_no_mojibake() -> None:
    pages = read_pages(shared("handbook-18f") / "corpus")
    kinds = [each.type for text in pages.values() for each in found(text)]
    kinds = [kind for kind in kinds if kind not in ("template", "placeholder")]
    assert kinds == ["zero_width"] * 3


def test_a_garbled_post_of_the_blog_is_repaired() -> None:
    post = shared("blog-remysharp") / "dev" / "autocomplete-even-better-twitter-keys.md"
    text = repaired(post.read_text(encoding="utf-8"))
    assert "love : ♥<br" in text
    assert "â™¥" not in text


def test_a_repair_says_how_it_came_about() -> None:
    [finding] = found("We sell cafÃ© au lait.")
    assert (finding.type, finding.text, finding.evidence["repair"]) == ("mojibake", "cafÃ©", "café")
    assert finding.evidence["explanation"][0] == ["encode", "latin-1"]


@pytest.mark.parametrize(
    ("text", "kind", "clean"),
    [
        ("a\u200bb", "zero_width", "ab"),
        ("co\u00adoperate", "zero_width", "cooperate"),
        ("bell\x07", "control", "bell"),
        ("\x1b[31mred\x1b[0m", "control", "red"),
        ("an o\ufb03ce", "ligature", "an office"),
    ],
)
def test_unwanted_characters_are_removed(text: str, kind: str, clean: str) -> None:
    [finding] = found(text)
    assert finding.type == kind
    assert repaired(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian needs the non-joiner
        "👩\u200d👩\u200d👧",  # one emoji of three
        "שלום \u200fabc",  # a mark that orders two scripts
        "“curly” quotes, naïve façades & AT&amp;T — fine",
        "ﷺ",
    ],
)
def test_characters_with_a_purpose_stay(text: str) -> None:
    assert found(text) == []


def test_lost_characters_are_reported_without_a_repair() -> None:
    [finding] = found("caf\ufffd and t\ufffdn")
    assert finding.type == "lost"
    assert "repair" not in finding.evidence
    assert "2 characters" in finding.message


def test_template_tags_are_reported_outside_code_only() -> None:
    text = "See {% page 'leave' %}.\n\n```\n{% raw %}\n```\nWrite `{{ x }}` here."
    [finding] = found(text)
    assert (finding.type, finding.text) == ("template", "{% page 'leave' %}")


@given(st.text(max_size=300))
def test_repairing_twice_is_repairing_once(text: str) -> None:
    once = repaired(text)
    assert repaired(once) == once


@given(st.text(alphabet="aé Ã©â€™\u200b\x07ﬁ&;\n", max_size=120))
def test_places_hold_the_text_they_quote(text: str) -> None:
    for each in found(text):
        assert each.start is not None
        assert text[each.start : each.end] == each.text


def test_one_long_line_takes_no_longer_than_many_short_ones() -> None:
    line = "cafÃ© " * 40_000
    assert repaired(line) == "café " * 40_000


def test_cleaning_a_clean_line_is_free_of_surprises() -> None:
    for path, text in read_pages(shared("handbook-18f") / "corpus", limit=20).items():
        for line in text.splitlines():
            if line.isascii():
                assert clean_line(line) == line, Path(path).name
