"""The same in other words: shown, never dropped, and no cost to who asks for copies only."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.governance.pages import put

from foretune.governance import findings, review, standing
from foretune.governance.checks import CorpusCheck, named
from foretune.governance.checks.semantic import likeness
from foretune.governance.inspect import dedupe, inspect
from foretune.models import CATALOGUE, installed
from foretune.plan.config import GovernanceSettings
from foretune.vault import Vault

needs_model = pytest.mark.skipif(not installed(CATALOGUE["all-minilm-l6-v2"]), reason="needs the embedding model")

PAGES = {
    "leave.md": "Employees who want paid leave ask their manager at least two weeks before the first day. The manager "
    "answers within three working days. Leave that is not taken by the end of the year is carried over, "
    "but no more than five days of it. When somebody falls ill during leave, the days of illness do not "
    "count as leave if a doctor confirms it. Public holidays are never counted as days of leave.",
    "vacation.md": "To request vacation with pay, staff write to their supervisor no later than fourteen days before "
    "they want to be away. The supervisor has three business days to reply. At the end of the year up to "
    "five unused vacation days move on to the next year. Days on which staff are sick during their "
    "vacation are given back when a doctor certifies the sickness. Public holidays are not taken off the "
    "vacation of staff.",
    "travel.md": "Receipts for train tickets and hotels go to the finance team within thirty days of the trip. Meals "
    "are paid by a daily rate that depends on the country, so no receipts are needed for them. Flights in "
    "first class are never paid. Whoever drives their own car gets a fixed amount for each kilometre, and "
    "parking is paid in full. Trips abroad need the consent of the head of the department before anything "
    "is booked.",
}


@needs_model
def test_the_same_in_other_words_is_shown_and_both_stay(vault: Vault) -> None:
    put(vault, PAGES)
    review(vault, GovernanceSettings())
    [listed] = [each for each in findings(vault, checks=["duplicate"]) if each.finding.type == "semantic"]
    assert (listed.path, [each.document for each in listed.finding.related]) == ("leave.md", ["vacation.md"])
    assert {each.state.value for each in standing(vault, GovernanceSettings())} == {"included"}


def test_who_asks_for_copies_only_does_not_wait_for_meanings(tmp_path: Path) -> None:
    assert "semantic" not in [each.name for each in named(["duplicate"])]
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    _, rows = dedupe([tmp_path])
    assert [row.cluster for row in rows] == [None] * 3


@needs_model
def test_meanings_are_compared_when_they_are_asked_for_and_nothing_is_left_out(tmp_path: Path) -> None:
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    done = inspect([tmp_path], checks=["semantic"], clean=tmp_path / "clean.jsonl")
    assert [(row["check"], row["type"]) for row in map(json.loads, done.lines())] == [("duplicate", "semantic")]
    assert len((tmp_path / "clean.jsonl").read_text().splitlines()) == 3


def test_a_short_text_inside_a_long_one_is_not_much_the_same() -> None:
    long = np.eye(4, dtype=np.float32)
    assert likeness(long, long) == pytest.approx(1.0)
    assert likeness(long[:1], long) == pytest.approx(0.25)
    assert likeness(long[:0], long) == 0.0


def test_it_finds_under_the_name_of_the_check_it_is_a_part_of() -> None:
    [check] = named(["semantic"])
    assert isinstance(check, CorpusCheck)
    assert check.part_of == "duplicate"
