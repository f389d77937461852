"""What is kept and what is dropped, with its reason; and that only what changed is written again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.pairs.written import Silent, by_prompt, put, write
from tests.retrieval.corpus import changed, written

from foretune.pairs import stored_pairs
from foretune.pairs.pair_checks import Subject, findings, reasons_against
from foretune.pairs.splits import split_groups
from foretune.types import Pair
from foretune.vault import Vault

LEAVE = written("You can carry over a maximum of 240 annual leave hours.\nLeave must be approved by a supervisor.")
PARKING = written(
    "Guests may park in bays 40 to 52. The office is open on weekdays.", path="parking.md", title="Parking"
)
CARRY = "How many annual leave hours can you carry over?"


def test_a_second_run_writes_nothing_and_a_changed_page_only_its_own(vault: Vault) -> None:
    first = write(vault, [LEAVE, PARKING])
    assert first.written == first.kept + first.dropped > 4
    before = {pair.id: pair.path for pair in stored_pairs(vault)}
    assert write(vault, [LEAVE, PARKING]).written == 0
    other = changed(PARKING, PARKING.text.replace("52", "60"))
    assert 0 < write(vault, [LEAVE, other]).written < first.written
    after = {pair.id: pair.path for pair in stored_pairs(vault)}
    assert {path for _, path in before.items() ^ after.items()} == {PARKING.path}


def test_a_page_that_is_gone_takes_its_pairs_and_those_that_quote_it(vault: Vault) -> None:
    texts = (
        "Guests can use the canteen on the ground floor until 14 o'clock.",
        "Guests must register at the front desk on the ground floor.",
        "You can borrow 3 bicycles on the ground floor for your guests.",
        "The library on the ground floor is open to guests for 2 hours.",
        "Sick leave must be reported to the office by nine in the morning.",
        "Annual leave must be requested from the office 2 weeks before.",
        "The office must answer a request for leave within 3 days.",
    )
    pages = [written(text, path=f"{n}.md") for n, text in enumerate(texts)]
    write(vault, pages, recipes=["with_context"])
    gone = pages[2]
    before = stored_pairs(vault)
    without = {pair.id for pair in before if "bicycles" not in pair.prompt + pair.response}
    assert any("bicycles" in pair.prompt for pair in before if pair.path != gone.path)
    put(vault, [page for page in pages if page is not gone])
    assert {pair.id for pair in stored_pairs(vault)} == without != set()


def test_a_killed_writing_goes_on_at_the_pair_it_stopped_at(vault: Vault) -> None:
    pages = [written(f"The garden on floor {n} is open to everybody at noon.", path=f"{n}.md") for n in range(6)]
    says = [f'{{"prompt": "When is the garden on floor {n} open to everybody?"}}' for n in range(6)]
    stopped = Silent(says, stop_after=4)
    with pytest.raises(KeyboardInterrupt):
        write(vault, pages, recipes=["document"], engine=stopped, writer="engine", min_characters=10)
    assert len(stored_pairs(vault)) == 4
    again = Silent(says[4:])
    summary = write(vault, pages, recipes=["document"], engine=again, writer="engine", min_characters=10)
    assert (len(again.asked), summary.written, summary.kept) == (2, 2, 6)


def test_a_question_of_the_bench_is_dropped_and_its_fact_asked_otherwise_is_kept(vault: Vault) -> None:
    write(vault, [LEAVE], bench=["How many annual leave hours can I carry over?"])
    pairs = by_prompt(vault)
    assert pairs[CARRY].state == "dropped"
    assert pairs[CARRY].reason.startswith("asks a question of the bench")
    assert any(pair.state == "kept" and "240" in pair.response for pair in pairs.values())


def test_a_pair_that_two_pages_give_is_kept_once_and_counts_add_up(vault: Vault) -> None:
    twin = written(LEAVE.text, path="twin.md")
    summary = write(vault, [LEAVE, twin])
    pairs = stored_pairs(vault)
    assert summary.kept + summary.dropped + summary.set_aside == len(pairs)
    assert [p.reason for p in pairs if p.prompt == CARRY and p.state == "dropped"] == [
        f"asks the same as another pair: {LEAVE.path}"
    ]


def test_nearly_the_same_text_is_never_on_both_sides(vault: Vault) -> None:
    text = "Guests register at the front desk, which hands out badges that are returned the same evening before six. "
    pages = [written(f"{text * 2}Room {n} is closed.", path=f"{n}.md", title=f"Room {n}") for n in range(12)]
    write(vault, pages, recipes=["document"], evaluation_fraction=0.4)
    kept = [pair for pair in stored_pairs(vault) if pair.state == "kept"]
    assert {pair.split for pair in kept} == {"evaluation"}
    dropped = [pair.reason for pair in stored_pairs(vault) if pair.state == "dropped"]
    assert any(reason.startswith("its response is nearly that of an evaluation pair: ") for reason in dropped)


@pytest.mark.parametrize(
    ("recipe", "writer", "prompt", "response", "says"),
    [
        ("summary", "engine", "Summarise the page about leave.", "You can carry over 300 hours.", "does not support"),
        ("question_answer", "engine", "How much leave is there?", "As an AI, I have no leave.", "speaks of itself"),
        ("question_answer", "engine", "How much leave is there?", "I do not know the answer.", "declines to answer"),
        ("document", "engine", "Write about leave.", " ", "its response is empty"),
        (
            "question_answer",
            "rule",
            "What applies then?",
            "You can carry over hours.",
            "could be asked of any document",
        ),
    ],
)
def test_what_is_unfit_is_dropped_with_its_reason(
    recipe: str, writer: str, prompt: str, response: str, says: str
) -> None:
    pair = Pair("p", LEAVE.id, LEAVE.path, recipe, prompt, response, writer, provenance={"start": 0, "end": 60})
    assert any(says in reason for reason in reasons_against(Subject(pair, LEAVE)))


def test_what_its_document_says_is_kept() -> None:
    pair = Pair(
        "p", LEAVE.id, LEAVE.path, "summary", "Summarise our leave page.", "You can carry over 240 hours.", "engine"
    )
    assert reasons_against(Subject(pair, LEAVE)) == []


def test_right_to_left_text_makes_pairs_and_two_scripts_are_noted(vault: Vault) -> None:
    hebrew = written("אפשר להעביר עד 240 שעות חופשה משנה לשנה. יש לבקש אישור מראש מהמנהל הישיר.", title="חופשה")
    assert write(vault, [hebrew], recipes=["document"], min_characters=10).kept == 1
    pair = Pair("p", "d", "d.md", "document", "Write about leave.", hebrew.text, "template")
    assert "the prompt is in Latin letters and the response in Hebrew" in findings(Subject(pair, hebrew))


def test_one_gigantic_document_is_cut_and_its_pairs_are_made_in_time(vault: Vault) -> None:
    text = "\n\n".join(
        f"## Room {n}\n\nRoom {n} can be booked for {n % 7 + 2} hours by the staff." for n in range(1_500)
    )
    summary = write(
        vault,
        [written(text, title="Rooms")],
        recipes=["question_answer:300", "section:50"],
        max_words=50,
        min_characters=20,
    )
    assert summary.written == 350
    assert summary.train == summary.kept > 300


def test_an_author_or_a_year_stays_on_one_side_where_the_plan_says_so() -> None:
    from dataclasses import replace

    pages = [
        replace(written("x", path=f"{n}.md"), author=author, date=date)
        for n, (author, date) in enumerate([("A", "2020-01-01"), ("a", "2021"), ("B", "2021-05"), ("", ""), ("", "")])
    ]
    by_author = split_groups(pages, ["author"])
    assert by_author[pages[0].id] == by_author[pages[1].id] != by_author[pages[2].id]
    both = split_groups(pages, ["author", "year"])
    assert len({both[page.id] for page in pages[:3]}) == 1
    assert len({both[page.id] for page in pages}) == 3
    assert split_groups(pages, []) == {page.id: page.id for page in pages}


def test_general_pairs_go_along_and_are_of_no_document(vault: Vault) -> None:
    summary = write(vault, [LEAVE, PARKING], recipes=["question_answer", "paraphrases", "replay:20%"])
    general = [pair for pair in stored_pairs(vault) if pair.recipe == "replay"]
    assert summary.recipes["replay"] == len(general) > 1
    assert {pair.path for pair in general} == {"written for Foretune"}
    assert {pair.split for pair in general} == {"train"}
    assert not [pair for pair in stored_pairs(vault, split="evaluation") if pair.recipe == "replay"]


def test_no_folder_is_written_to(vault: Vault, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    write(vault, [LEAVE])
    assert {path for path in set(tmp_path.rglob("*")) - before if not path.name.startswith("vault.db")} == set()
