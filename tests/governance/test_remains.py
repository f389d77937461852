"""What programs leave behind is found outside code only, with the repair where there is one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.governance.pages import put, read_pages
from tests.helpers import shared

from foretune.errors import InputError
from foretune.governance import DecisionKind, Filter, decide, governed, review, undo
from foretune.governance.checks import CheckSettings, named
from foretune.governance.checks.boilerplate import boilerplate
from foretune.governance.checks.registry import CorpusCheck
from foretune.governance.findings import findings
from foretune.governance.remains import hints, remains
from foretune.plan.config import GovernanceSettings, Rule
from foretune.types import Document, Finding
from foretune.vault import Vault

PIECES = st.sampled_from(
    [
        *("{% a %}", "{{", "}}", "<% x %>", "<b>", "</b>", "&nbsp;", "&amp;", "deal-\ning ", "con dential "),
        *("w1th h0use th1s ", "TODO: ", "[insert name]", "<<<<<<< a\n", "=======\n", ">>>>>>> b\n", "```\n", "`"),
        *("<script>", "</script>", "\n"),
    ]
)


def kinds(text: str, media_type: str = "text/plain") -> list[tuple[str, str, str | None]]:
    return [
        (each.kind, text[each.start : each.end], each.repair)
        for each in remains(text, media_type, hints(text, media_type))
    ]


@pytest.mark.parametrize(
    ("text", "kind", "quoted", "repair"),
    [
        ("Go to {% page 'a' %} now.", "template", "{% page 'a' %}", None),
        ("Dear {{ first_name }},", "template", "{{ first_name }}", None),
        ("Dear <%= user.name %>,", "template", "<%= user.name %>", None),
        ("Dear [insert name], welcome.", "placeholder", "[insert name]", None),
        ("Dear [Customer name], welcome.", "placeholder", "[Customer name]", None),
        ("TODO: write the rest\nMore.", "placeholder", "TODO: write the rest", None),
        ("Lorem ipsum dolor sit amet.", "placeholder", "Lorem ipsum dolor sit amet.", None),
        ("We <b>pay</b> early.", "html", "<b>pay</b>", "pay"),
        ("Fish&nbsp;&amp;&nbsp;chips&nbsp;here", "html", "&nbsp;", "\xa0"),
        ("a\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> main\nb", "merge", "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> main", None),
        ("The regu-\nlation says that a regulation holds.", "hyphenation", "regu-\nlation", "regulation"),
        ("Keep it con dential, of bene t to all.", "ligature", "con dential", "confidential"),
        ("w1th the new h0use and th1s garden", "ocr", "w1th", "with"),
    ],
)
def test_each_kind_is_found_with_its_repair(text: str, kind: str, quoted: str, repair: str | None) -> None:
    assert (kind, quoted, repair) in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "Use `{{ name }}` in the template.",
        "```\n<<<<<<< HEAD\n{% raw %}\nTODO: x\n```\n",
        "Read [your guide](guide.md) and [the rest][1].",
        "My todo list is long; so is the TODO app.",
        "The <b> tag makes text bold.",
        "AT&amp;T is a company.",
        "A well-\nknown rule about what is well-known.",
        "He works at 18F on i18n, k8s, h264 and the g20.",
        "Our office is open.",
        "a <<<<<<< b",
    ],
)
def test_what_is_meant_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_tags_are_at_home_in_markdown() -> None:
    assert kinds("We <b>pay</b> early.<br>Yes.", "text/markdown") == []


def test_tags_and_merge_marks_of_a_whole_page_are_taken_out_line_by_line() -> None:
    text = "<p>One</p>\n<p>Two</p>\n"
    assert [repair for _, _, repair in kinds(text)] == ["One", "Two"]


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=15).map("".join)))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_places_inside_it(text: str) -> None:
    for media_type in ("text/plain", "text/markdown"):
        for each in remains(text, media_type, hints(text, media_type)):
            assert 0 <= each.start < each.end <= len(text)


@pytest.mark.parametrize(
    "piece", ["<b>", "<<<<<<< a\n", "&amp;amp;", "deal-\ning ", "h0use ", "[insert ", "<script>", "{{"]
)
def test_repeated_pieces_are_read_in_little_time(piece: str) -> None:
    assert len(list(remains(piece * 10_000, "text/plain", hints(piece * 10_000, "text/plain")))) <= 10_000


def signed(pages: dict[str, str]) -> list[Finding]:
    [check] = [each for each in named(["garbled"]) if isinstance(each, CorpusCheck)]
    signatures = [check.sign(Document(p, "s", p, "h", text)) for p, text in pages.items()]
    return list(boilerplate(signatures, pages.__getitem__, CheckSettings()))


def test_a_footer_is_reported_once_with_the_other_pages() -> None:
    footer = "Share this page with your friends now\n\nRead our privacy notice before you go on"
    pages = {f"{n}.md": f"Page {n} has words of its own, number {n}.\n\n{footer}\n" for n in range(8)}
    [finding] = signed(pages)
    assert (finding.document_id, finding.text, finding.evidence["documents"]) == ("0.md", footer, 8)
    assert [each.document for each in finding.related] == [f"{n}.md" for n in range(1, 8)]


def test_real_pages_of_a_handbook_share_no_boilerplate() -> None:
    assert signed(read_pages(shared("handbook-18f") / "corpus")) == []


def test_boilerplate_stays_known_when_a_page_is_checked_again_and_goes_with_it(vault: Vault) -> None:
    footer = "Share this page with your friends now, and with all of theirs."
    pages = {f"{n}.md": f"Page {n} of the leave rules has words of its own.\n\n{footer}\n" for n in range(6)}
    put(vault, pages)
    review(vault, GovernanceSettings(), checks=["garbled"])

    def boilerplates() -> int:
        return sum(each.finding.type == "boilerplate" for each in findings(vault, checks=["garbled"]))

    assert boilerplates() == 6
    put(vault, {"0.md": pages["0.md"] + "One more line.\n"})
    review(vault, GovernanceSettings(), checks=["garbled"])
    assert boilerplates() == 6
    put(vault, {path: path for path in pages})
    review(vault, GovernanceSettings(), checks=["garbled"])
    assert boilerplates() == 0


def test_a_rule_takes_a_footer_out_of_every_page_that_has_it_and_of_no_other(vault: Vault) -> None:
    footer = "Share this page with your friends now, and with all of theirs."
    pages = {f"{n}.md": f"Page {n} of the leave rules has words of its own.\n\n{footer}\n" for n in range(6)}
    put(vault, pages | {"about.md": "The footer of our pages asks readers to share them.\n"})
    rule = Rule(check="garbled", type="boilerplate", action="repair", reason="a footer")
    settings = GovernanceSettings(rules=[rule])
    review(vault, settings)
    texts = {each.path: each.text for each in governed(vault, settings)}
    assert [path for path, text in texts.items() if footer in text] == []
    assert all(texts[path].startswith(page.split("\n")[0]) for path, page in pages.items())
    assert texts["about.md"] == "The footer of our pages asks readers to share them.\n"


def test_lines_in_the_middle_of_a_sentence_are_shown_but_not_taken_out() -> None:
    shared_line = "the conditions that follow are met by whoever passes it on, and"
    pages = {
        f"{n}.txt": f"Permission number {n} is hereby granted provided that\n{shared_line}\nparagraph {n} is kept.\n"
        f"It was written in year {n} for company {n} and friends.\n"
        for n in range(6)
    }
    [finding] = signed(pages)
    assert (finding.text, "repair" in finding.evidence) == (shared_line, False)


def test_versions_of_one_page_are_no_boilerplate() -> None:
    lines = [f"Line {n} of the leave rules says what holds for day {n}." for n in range(12)]
    pages = {f"v{n}.md": "\n".join([*lines, f"This is version {n} of the leave rules."]) for n in range(6)}
    assert signed(pages) == []


def test_a_footer_is_taken_out_by_one_decision_and_comes_back_with_its_undo(vault: Vault) -> None:
    footer = "Share this page with your friends now, and with all of theirs."
    put(vault, {f"{n}.md": f"Page {n} of the leave rules has words of its own.\n\n{footer}\n" for n in range(6)})
    settings = GovernanceSettings()
    review(vault, settings)
    decide(vault, [], DecisionKind.REPAIR, reason="a footer", only=Filter(check="garbled", type="boilerplate"))
    assert not any(footer in each.text for each in governed(vault, settings))
    undo(vault, reason="it was wanted")
    assert all(footer in each.text for each in governed(vault, settings))


def test_what_offers_no_repair_is_not_repaired_by_a_filter(vault: Vault) -> None:
    put(vault, {"a.md": "<<<<<<< HEAD\nLeave is 20 days.\n=======\nLeave is 24 days.\n>>>>>>> main\n"})
    review(vault, GovernanceSettings())
    with pytest.raises(InputError, match="offers a repair"):
        decide(vault, [], DecisionKind.REPAIR, reason="merge", only=Filter(check="garbled", type="merge"))
