"""Summaries and retellings written by a real model, the smallest there is: whole, checked, and stood in for."""

from __future__ import annotations

import json

import pytest
from tests.helpers import ROOT
from tests.pairs.test_recipes import document, made
from tests.tuning.tiny import packaged

from foretune.engines import open_engine
from foretune.pairs.prompts import ask_for_text
from foretune.pairs.units import Unit
from foretune.pairs.writer import write_drafts
from foretune.plan.config import PairsSettings

PAGE = ROOT / "examples" / "handbook" / "documents" / "travel-and-leave"


@pytest.mark.slow
def test_what_the_model_says_is_never_cut_short_and_every_slot_gets_its_pair() -> None:
    base = packaged("smollm2-135m")
    page = max(PAGE.glob("*.md"), key=lambda path: path.stat().st_size)
    pages = [document(page.read_text(encoding="utf-8"), page.name, page.stem)]
    slots = [slot for name in ("summary", "rewrite") for slot in made(name, *pages, writer="engine")[:1]]
    assert [slot.recipe for slot in slots] == ["summary", "rewrite"]
    with open_engine("llama", model=str(base.weights), context=2048) as engine:
        written = list(write_drafts(slots, engine, PairsSettings(attempts=1), bench_questions=()))
    assert len(written) == 2
    for each in written:
        assert each.draft is not None
        assert each.writer in ("engine", "template")
        assert isinstance(json.loads(each.raw[0])["text"], str)


def test_a_text_that_reaches_the_longest_length_loses_the_sentence_it_was_cut_in() -> None:
    page = document("# Leave\n\nYou earn four hours of leave. Sick leave is for illness.")
    ask = ask_for_text(Unit(page, "summary", 0, len(page.text), ()), "Summarise.", "Summarise it.")
    assert ask.read({"text": "You earn four hours of leave. Sick leave is for ill"}).response == (
        "You earn four hours of leave."
    )
    assert ask.read({"text": "no mark at all "}).response == "no mark at all"


def test_words_that_stand_in_markup_only_support_nothing() -> None:
    page = document("# Leave\n\n<!-- sorry to break off before the end -->\n\nYou earn four hours of leave.")
    ask = ask_for_text(Unit(page, "summary", 0, len(page.text), ()), "Summarise.", "Summarise it.")
    assert ask.faults(ask.read({"text": "Sorry to break off before the end."}))
    assert ask.faults(ask.read({"text": "You earn four hours of leave."})) == []
