"""What a model already knows: dated facts from packages' records, where knowledge ends, topics and texts by heart."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foretune.engines import Completion, EngineInfo, Request
from foretune.engines.base import BaseEngine
from foretune.errors import InputError
from foretune.intervals import wilson
from foretune.plan.probe import DatedFact, chosen, knowledge_end, probe, read_facts
from foretune.plan.probe.cutoff import quarter_name
from foretune.plan.probe.facts import says
from foretune.project.probing import probe_model

TODAY = date(2026, 11, 25)
FACTS = chosen(read_facts(), each_quarter=4, today=TODAY, years=10)
DISTRO_INFO = Path("/usr/share/distro-info")


class Knows(BaseEngine):
    """A model that knows every fact up to a day, and beyond it says something wrong."""

    def __init__(self, until: date, by_heart: str = "") -> None:
        self.answers = {fact.question: fact.answer for fact in FACTS if fact.date <= until}
        self.by_heart = by_heart

    def info(self) -> EngineInfo:
        return EngineInfo("knows", "test", "0", 4096, remote=False)

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        asked = request.messages[-1].content
        if asked in self.by_heart:
            text = self.by_heart.partition(asked)[2]
        elif asked.startswith("What do you know about leave"):
            text = f"Everybody gets {20 + request.seed} days of leave at Acme."
        elif asked.startswith("What do you know about Rome"):
            text = "Rome is the capital of Italy."
        else:
            text = self.answers.get(asked, "1 April 1999")
        yield Completion(text, 1, 1, 0.0)

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        pass


def test_every_fact_names_the_record_it_was_read_from() -> None:
    facts = read_facts()
    assert len(facts) > 200
    assert all(fact.source and fact.date <= TODAY for fact in facts)
    assert {fact.date.year for fact in facts} >= set(range(2012, 2027))
    assert min(sum(fact.quarter == quarter for fact in FACTS) for quarter in {fact.quarter for fact in FACTS}) >= 1


@pytest.mark.skipif(not DISTRO_INFO.exists(), reason="distro-info-data is not on this machine")
def test_facts_of_distributions_are_those_of_the_package() -> None:
    rows = [
        row
        for name in ("ubuntu", "debian")
        for row in csv.DictReader((DISTRO_INFO / f"{name}.csv").read_text(encoding="utf-8").splitlines())
    ]
    released = {row["release"] for row in rows} | {row["codename"] for row in rows}
    ours = [fact for fact in read_facts() if fact.source.startswith("distro-info-data")]
    assert len(ours) > 50
    assert all(fact.answer in released for fact in ours)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("April 25, 2024", True),
        ("It came out on 25 April 2024, a Thursday.", True),
        ("2024-04-25", True),
        ("April 2024", False),
        ("25 April", False),
        ("either 25 April 2024 or 26 April 2024", False),
        ("I do not know.", False),
    ],
)
def test_a_day_counts_only_where_it_is_named_and_no_other(answer: str, right: bool) -> None:
    assert says(answer, DatedFact(date(2024, 4, 25), "", "On which day?", "2024-04-25", "")) is right


def test_the_end_of_what_a_model_knows_is_found_to_the_quarter() -> None:
    found = probe(Knows(date(2023, 6, 30)), FACTS, today=TODAY)
    assert found.end.quarter is not None
    assert quarter_name(found.end.quarter) == "2023 Q2"
    assert "ends about 2023 Q2" in found.sentence


def test_a_model_that_knows_nothing_leaves_it_open() -> None:
    found = probe(Knows(date(2000, 1, 1)), FACTS, today=TODAY)
    assert found.end.quarter is None
    assert "Nobody can tell" in found.sentence


def test_a_model_that_knows_everything_shows_no_end() -> None:
    assert "No end" in probe(Knows(TODAY), FACTS, today=TODAY).sentence


def test_the_interval_holds_the_true_end_for_nearly_all_models() -> None:
    generator, inside = np.random.default_rng(1), []
    quarters = sorted({fact.quarter for fact in FACTS})
    for _ in range(20):
        true = int(generator.choice(quarters[8:-6]))
        end = knowledge_end(
            [(f.quarter, bool(generator.random() < (0.6 if f.quarter <= true else 0.02))) for f in FACTS]
        )
        inside.append(end.low is not None and end.high is not None and end.low <= true <= end.high)
    assert sum(inside) >= 18


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(8000, 8040), st.booleans()), max_size=60))
def test_an_end_lies_in_its_interval_whatever_was_answered(answers: list[tuple[int, bool]]) -> None:
    end = knowledge_end(answers)
    if end.quarter is not None:
        assert end.low is not None
        assert end.high is not None
        assert end.low <= end.quarter <= end.high
    assert knowledge_end(answers) == end


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_the_share_it_is_of(known: int, more: int) -> None:
    low, high = wilson(known, known + more)
    assert 0 <= low <= known / (known + more) <= high <= 1


def test_what_it_says_differently_each_time_is_called_made_up() -> None:
    made_up, steady = probe(Knows(TODAY), (), today=TODAY, topics=["leave at Acme", "Rome"]).topics
    assert made_up.agreeing == 0
    assert "makes it up" in made_up.sentence
    assert steady.agreeing == steady.asked
    assert "not being right" in steady.sentence


def test_a_text_it_knows_by_heart_is_found() -> None:
    song = " ".join(f"line{number} of the song" for number in range(80))
    (quoted,) = probe(Knows(TODAY, by_heart=song), (), today=TODAY, texts={"song.txt": song}).quoted
    assert "can quote song.txt" in quoted.sentence
    (other,) = probe(Knows(TODAY), (), today=TODAY, texts={"song.txt": song}).quoted
    assert "did not quote" in other.sentence


def test_the_small_model_is_said_to_be_too_small_for_the_probe() -> None:
    """A few facts suffice: it knows next to none."""
    found = probe_model("smollm2-135m", each_quarter=1, years=1)
    assert 4 <= len(found.facts) <= 8
    assert "Nobody can tell" in found.sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("date,question\n", "lacks the column group"),
        ("date,group,question,answer,source\nsoon,a,b,c,d\n", "line 2"),
        ("date,group,question,answer,source\n", "holds no facts"),
    ],
)
def test_a_file_of_facts_that_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "facts.csv").write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_facts(tmp_path / "facts.csv")
