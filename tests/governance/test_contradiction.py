"""Two places that cannot both be right are found and shown side by side; two that speak of different things are not."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.governance.pages import put, read_pages
from tests.helpers import shared

from foretune.governance import findings, forget, review
from foretune.governance.checks import CheckSettings
from foretune.governance.checks.contradiction import contradiction, contradictions, sign
from foretune.governance.contradiction.differences import Difference
from foretune.governance.contradiction.statements import plain, statements
from foretune.plan.config import GovernanceSettings
from foretune.types import Document, Finding, digest
from foretune.vault import Vault

GOLDEN = Path(__file__).parent / "golden" / "contradiction_handbook.jsonl"


def page(path: str, text: str, title: str = "") -> Document:
    return Document(id=digest(path), source="s", path=path, content_hash=digest(text), text=text, title=title)


def found(*pages: Document) -> list[Finding]:
    texts = {each.id: each.text for each in pages}
    return list(contradiction([sign(each) for each in pages], texts.__getitem__, CheckSettings()))


def between(one: str, other: str) -> list[Finding]:
    return found(page("a.md", one, "Leave"), page("b.md", other, "Carrying over leave"))


def types(one: str, other: str) -> list[str]:
    return [each.type for each in between(one, other)]


@pytest.mark.parametrize(
    ("kind", "one", "other", "values"),
    [
        (
            "number",
            "You can carry over up to 240 hours of annual leave.",
            "At most 200 hours of annual leave can be carried over.",
            {"240 hours", "200 hours"},
        ),
        (
            "number",
            "Requests for annual leave are answered within 3-5 days.",
            "Requests for annual leave are answered within 3-7 days.",
            {"3-5 days", "3-7 days"},
        ),
        (
            "amount",
            "Receipts are needed for every taxi ride above $75.",
            "Receipts are needed for every taxi ride above $50.",
            {"$75", "$50"},
        ),
        (
            "date",
            "The Berlin office was opened as a branch and founded in 2014.",
            "We founded the Berlin office in 2016.",
            {"2014", "2016"},
        ),
        (
            "date",
            "Please submit the travel survey by March 14.",
            "The travel survey has to be submitted no later than March 15th.",
            {"March 14", "March 15th"},
        ),
        (
            "yesno",
            "Overnight guests are allowed in the company flats.",
            "Overnight guests are not allowed in the company flats.",
            {"allowed", "not allowed"},
        ),
        (
            "negation",
            "The insurance covers rental cars abroad.",
            "The insurance does not cover rental cars abroad.",
            {"", "not"},
        ),
        (
            "condition",
            "The deputy is appointed at the same (or lower) grade level.",
            "The deputy is appointed at the same grade level.",
            {"same (or lower) grade", "same grade"},
        ),
        (
            "name",
            "Questions about badges go to badge-office@example.org.",
            "Write to badgeoffice@example.org when a badge is lost.",
            {"badge-office@example.org", "badgeoffice@example.org"},
        ),
        (
            "name",
            "Every system needs an Authority to Operate (ATO) first.",
            "The Authorization to Operate (ATO) is signed by the owner.",
            {"Authority to Operate", "Authorization to Operate"},
        ),
    ],
)
def test_a_pair_that_disagrees_is_found_once_with_both_values(
    kind: str, one: str, other: str, values: set[str]
) -> None:
    (finding,) = between(one, other)
    assert finding.type == kind
    assert set(finding.evidence["values"]) == values
    assert {finding.text, finding.related[0].text} == {one, other}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # the same value, said otherwise
        ("You can carry over up to 240 hours of leave.", "Up to two hundred and forty hours of leave carry over."),
        ("The training takes 90 minutes to complete.", "The training takes 1.5 hours to complete."),
        # other cases
        ("Part-time employees earn 4 hours of leave.", "Full-time employees earn 8 hours of leave."),
        ("Domestic flights are booked 14 days ahead.", "International flights are booked 30 days ahead."),
        ("Sick leave is paid for 10 days a year.", "Parental leave is granted for 90 days a year."),
        # a bound that the other value keeps
        ("Bookings are made at least 3 days ahead.", "Bookings made 5 days ahead are confirmed at once."),
        # a range that holds the other value
        ("The delivery of a laptop takes 3-5 days.", "The delivery of a laptop takes 4 days."),
        # shares of one whole
        ("Spend 80% of your hours on billable projects.", "Spend 20% of your hours on other projects."),
        # other years, other rates
        ("The budget for FY2021 was created in spring.", "The budget for FY2022 was created in spring."),
        ("Interns get 2 days of leave per month.", "Interns get 24 days of leave per year."),
        # an example
        ("For example, a guest may stay 3 nights in the flat.", "A guest may stay 5 nights in the flat."),
        # names in a series, and two things with one abbreviation
        ("Write to room1@example.org for a key.", "Write to room2@example.org for a key."),
        ("The Annual Work Schedule (AWS) is planned.", "Amazon Web Services (AWS) hosts the pages."),
        # not only is no denial, and a negated condition is a condition
        ("The portal is not only for managers.", "The portal is for managers."),
        ("If you have no badge, ask the front desk.", "If you have a badge, use the side door."),
    ],
)
def test_a_pair_that_can_both_hold_is_not_found(one: str, other: str) -> None:
    assert between(one, other) == []


def test_two_values_on_one_page_are_found_and_said_to_be_on_one_page() -> None:
    text = (
        "# Booking a flight\n\nFlights are ticketed 48-72 hours before departure by the airline.\n\n"
        "## Changing a flight\n\nYou may change a flight that is ticketed (4-72 hours before departure)."
    )
    (finding,) = found(page("flights.md", text))
    assert finding.message == "flights.md says 48-72 hours in one place and 4-72 hours in another."


def test_rows_of_one_list_do_not_contradict_each_other() -> None:
    rows = "Leave grows:\n\n- Junior analysts earn 4 hours of leave\n- Senior analysts earn 6 hours of leave\n"
    assert found(page("leave.md", rows)) == []


def test_a_form_filled_in_again_and_again_is_no_contradiction() -> None:
    filled = [
        page(f"book{n}.md", f"Read: the whole book in {n} days, borrowed from the library.") for n in range(2, 12)
    ]
    assert found(*filled) == []


def test_versions_of_one_page_are_left_to_the_check_for_duplicates() -> None:
    body = "\n\n".join(f"Paragraph {word} explains one rule about {word} badges and {word} doors." for word in WORDS)
    old = page("old.md", f"{body}\n\nVisitors keep a badge for 3 days.")
    new = page("new.md", f"{body}\n\nVisitors keep a badge for 5 days.")
    assert found(old, new) == []


WORDS = ("blue", "green", "yellow", "orange", "purple", "silver", "golden", "white")


def test_a_link_that_opens_another_page_than_it_names_is_found() -> None:
    pages = [
        page("guide/1.md", "[Step 2: how to pack your bags](/guide/2-book)", "Plan the trip"),
        page("guide/2-book.md", "Call the agency.", "Book a flight or a train"),
        page("guide/3-pack.md", "Take a coat.", "How to pack your bags"),
    ]
    (finding,) = found(*pages)
    assert finding.type == "link"
    assert [each.document for each in finding.related] == ["guide/2-book.md", "guide/3-pack.md"]


def test_a_link_to_a_section_of_that_name_is_right() -> None:
    pages = [
        page("guide/1.md", "[How to pack your bags](/guide/2-book)", "Plan the trip"),
        page("guide/2-book.md", "## How to pack your bags\n\nTake a coat.", "Book a flight or a train"),
        page("guide/3-pack.md", "Take a coat.", "How to pack your bags"),
    ]
    assert found(*pages) == []


def test_a_judge_has_the_last_word() -> None:
    asked: list[tuple[str, str, str]] = []

    def judge(one: str, other: str, difference: Difference) -> bool:
        asked.append((one, other, difference.type))
        return False

    pages = [page("a.md", "Guests keep a badge for 3 days."), page("b.md", "Guests keep a badge for 5 days.")]
    texts = {each.id: each.text for each in pages}
    assert list(contradictions([sign(each) for each in pages], texts.__getitem__, judge)) == []
    assert asked == [("Guests keep a badge for 3 days.", "Guests keep a badge for 5 days.", "number")]


_SENTENCES = st.sampled_from(
    [
        "Guests keep a visitor badge for {} days.",
        "The archive of old badges holds {} boxes.",
        "Managers answer requests for leave within {} days.",
        "A visitor badge is kept for {} days by guests.",
        "- Requests for leave: managers answer within {} days",
        "The archive was founded in {}.",
        "Write to archive{}@example.org for old badges.",
    ]
)


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(st.lists(st.tuples(_SENTENCES, st.integers(2, 9)), min_size=1, max_size=3), min_size=2, max_size=5),
    seed=st.integers(0, 99),
)
def test_the_order_of_the_documents_makes_no_difference(texts: list[list[tuple[str, int]]], seed: int) -> None:
    pages = [
        page(f"{n}.md", "\n\n".join(sentence.format(value) for sentence, value in lines))
        for n, lines in enumerate(texts)
    ]
    shuffled = random.Random(seed).sample(pages, len(pages))
    assert found(*pages) == found(*shuffled)


@given(st.text(alphabet="ab1 .-#|[]()<>{}%*_`\n\t:é", max_size=300))
def test_blanking_markup_keeps_every_offset(text: str) -> None:
    read = plain(text)
    assert len(read) == len(text)
    assert all(blank == kept or blank in " \n" for blank, kept in zip(read, text, strict=True))
    for each in statements(text):
        assert 0 <= each.start < each.end <= len(text)


def test_what_was_quoted_of_an_erased_document_is_forgotten(vault: Vault) -> None:
    pages = {"a.md": "Guests keep a visitor badge for 3 days.", "b.md": "Guests keep a visitor badge for 5 days."}
    _, erased = put(vault, pages)
    review(vault, GovernanceSettings(), checks=["contradiction"])
    assert [each.path for each in findings(vault)] == ["a.md"]
    with vault.writing() as connection:
        forget(connection, [erased])
    assert findings(vault) == []


# -- the handbook ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def handbook() -> list[tuple[str, Finding]]:
    """Path and finding, the most important first."""
    folder = shared("handbook-18f") / "corpus"
    pages = [page(path, text, _title(folder / path)) for path, text in read_pages(folder).items()]
    paths = {each.id: each.path for each in pages}
    return sorted(
        ((paths[each.document_id], each) for each in found(*pages)),
        key=lambda pair: (-pair[1].severity, -pair[1].score, pair[0], pair[1].start),
    )


def _title(path: Path) -> str:
    first = path.read_text(encoding="utf-8").split("\n---", 1)[0]
    return next((line[6:].strip().strip("\"'") for line in first.splitlines() if line.startswith("title:")), "")


def test_the_first_findings_on_the_handbook_are_the_ones_that_were_read_by_hand(
    handbook: list[tuple[str, Finding]],
) -> None:
    golden = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    assert [each.message for _, each in handbook[:30]] == [row["message"] for row in golden]


def test_at_least_half_of_them_are_real() -> None:
    golden = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    assert all(row["reason"] for row in golden)
    assert 2 * sum(row["real"] for row in golden) >= len(golden) > 20


def test_quotes_are_what_stands_at_their_offsets(handbook: list[tuple[str, Finding]]) -> None:
    texts = read_pages(shared("handbook-18f") / "corpus")
    for path, finding in handbook:
        assert texts[path][finding.start : finding.end] == finding.text
        for other in finding.related:
            if other.start is not None:
                assert texts[other.document][other.start : other.end] == other.text
