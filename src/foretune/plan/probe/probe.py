"""The whole probe: dated facts, topics, texts; and one sentence about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from foretune.engines import Engine, Request
from foretune.intervals import wilson
from foretune.plan.probe.cutoff import FEWEST_KNOWN, KnowledgeEnd, knowledge_end, quarter_name
from foretune.plan.probe.facts import DatedFact, says
from foretune.plan.probe.topics import Quoted, Topic, ask_topic, quote
from foretune.progress import Progress, silent
from foretune.types import Message

__all__ = ["AskedFact", "Probe", "probe"]

FACT_TOKENS = 32
_ANSWER = "Answer with the answer only, in a few words. If you do not know, say that you do not know."
_DAY = " Give day, month and year."


@dataclass(frozen=True, slots=True)
class AskedFact:
    """One fact and what the model said."""

    fact: DatedFact
    answer: str
    known: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """What came of it."""

    model: str
    today: date
    facts: tuple[AskedFact, ...]
    end: KnowledgeEnd
    topics: tuple[Topic, ...]
    quoted: tuple[Quoted, ...]

    @property
    def known(self) -> int:
        return sum(each.known for each in self.facts)

    @property
    def years(self) -> Mapping[int, tuple[int, int]]:
        """Known and asked, by year."""
        found: dict[int, tuple[int, int]] = {}
        for each in self.facts:
            known, asked = found.get(each.fact.date.year, (0, 0))
            found[each.fact.date.year] = known + each.known, asked + 1
        return found

    @property
    def sentence(self) -> str:
        """Until when it knows the world, or why nobody can tell."""
        low, high = wilson(self.known, len(self.facts))
        count = f"{self.known} of {len(self.facts)} dated facts ({low:.0%} to {high:.0%})"
        end = self.end
        if end.quarter is not None and end.low is not None and end.high is not None:
            months = (self.today.year - end.quarter // 4) * 12 + self.today.month - (end.quarter % 4 * 3 + 3)
            return (
                f"Its knowledge ends about {quarter_name(end.quarter)} ({quarter_name(end.low)} to "
                f"{quarter_name(end.high)} at 95 %), {max(months, 0)} months ago: it knew {count}. "
                "What is newer has to be supplied; knowledge thins out before it ends."
            )
        if not self.facts:
            return "No dated facts were asked."
        if low < FEWEST_KNOWN:
            return (
                f"Nobody can tell where its knowledge ends: it knew {count}, too few for an end to show. "
                "Small models keep few dates; supply whatever has to be right."
            )
        return (
            f"No end of its knowledge shows: it knew {count}, no fewer of the new ones than of the old beyond chance "
            f"(p = {self.end.p:.2f})."
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values; quarters as people write them."""
        end = self.end
        low, high = wilson(self.known, len(self.facts))
        return {
            "model": self.model,
            "asked": len(self.facts),
            "known": self.known,
            "low": low,
            "high": high,
            "knowledge_end": _named(end.quarter),
            "knowledge_end_low": _named(end.low),
            "knowledge_end_high": _named(end.high),
            "p": end.p,
            "sentence": self.sentence,
            "years": {str(year): {"known": known, "asked": asked} for year, (known, asked) in self.years.items()},
            "facts": [
                {
                    **asdict(each.fact),
                    "date": each.fact.date.isoformat(),
                    "response": each.answer,
                    "known": each.known,
                }
                for each in self.facts
            ],
            "topics": [{**asdict(each), "sentence": each.sentence} for each in self.topics],
            "quoted": [{**asdict(each), "sentence": each.sentence} for each in self.quoted],
        }


def _named(quarter: int | None) -> str | None:
    return None if quarter is None else quarter_name(quarter)


def probe(
    engine: Engine,
    facts: Sequence[DatedFact],
    *,
    today: date,
    topics: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Probe:
    """Ask everything, at temperature 0 but for the further answers about a topic.

    Args:
        texts: by name; pieces are shown to see whether the model goes on as they do.

    Raises:
        EngineError: the engine does not answer.
    """
    requests = [Request(_messages(fact), FACT_TOKENS) for fact in facts]
    answers = [""] * len(requests)
    with progress.step("dated facts", total=len(requests), unit="facts") as step:
        for number, completion in engine.complete_many(requests):
            answers[number] = completion.text.strip()
            step.advance()
    asked = tuple(AskedFact(fact, answer, says(answer, fact)) for fact, answer in zip(facts, answers, strict=True))
    about: list[Topic] = []
    quoted: list[Quoted] = []
    with progress.step("topics and texts", total=len(topics) + len(texts or {}), unit="topics") as step:
        for topic in topics:
            about.append(ask_topic(engine, topic))
            step.advance()
        for name, text in (texts or {}).items():
            quoted.append(quote(engine, name, text))
            step.advance()
    end = knowledge_end([(each.fact.quarter, each.known) for each in asked])
    return Probe(engine.info().name, today, asked, end, tuple(about), tuple(quoted))


def _messages(fact: DatedFact) -> tuple[Message, ...]:
    return (
        Message("system", _ANSWER + (_DAY if fact.asks_for_day else "")),
        Message("user", fact.question),
    )
