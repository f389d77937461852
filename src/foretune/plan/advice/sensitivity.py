"""What would change the advice: inputs flipped one at a time, and the rules asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from foretune.plan.advice.types import Case
from foretune.plan.intent import Intent
from foretune.types import Label

__all__ = ["FLIPS", "Flip", "flip", "flipped"]

Flip = Callable[[Case], Iterator[tuple[str, str, Case]]]
"""A case in; for each other value of one input: the value now, the value then, the case with it."""

FLIPS: dict[str, Flip] = {}


def flip(what: str) -> Callable[[Flip], Flip]:
    """Register how to vary the input described by ``what`` (a noun phrase: "the number of documents")."""

    def register(function: Flip) -> Flip:
        FLIPS[what] = function
        return function

    return register


def flipped(case: Case) -> Iterator[tuple[str, str, str, Case]]:
    """Every flip of every registered input: input, value now, value then, case."""
    for what, function in FLIPS.items():
        for now, then, other in function(case):
            yield what, now, then, other


@flip("what the plan asks for")
def _intent(case: Case) -> Iterator[tuple[str, str, Case]]:
    voice, person = case.intent.voice or ("voice",), case.intent.person
    kinds = {
        "facts": Intent(("answers",), ()),
        "a way of writing": Intent((), voice, person=person),
        "facts in a way of writing": Intent(("answers",), voice, person=person),
        "a fixed form": Intent((), (), ("classified",)),
    }
    now = " and ".join(
        filter(
            None,
            (
                {
                    (True, False): "facts",
                    (False, True): "a way of writing",
                    (True, True): "facts in a way of writing",
                    (False, False): "" if case.intent.form else "neither facts nor a way of writing",
                }[bool(case.intent.facts), bool(case.intent.voice)],
                "a fixed form" if case.intent.form else "",
            ),
        )
    )
    for then, intent in kinds.items():
        if then != now:
            yield now, then, replace(case, intent=intent)


@flip("the number of documents")
def _documents(case: Case) -> Iterator[tuple[str, str, Case]]:
    facts = case.facts
    each = facts.mean_words or 500
    for count in (5, 30, 100, 500):
        if count != facts.included:
            other = replace(
                facts,
                documents=max(count, facts.documents),
                included=count,
                for_tuning=count,
                words=round(count * each),
            )
            yield f"{facts.included:,}", f"{count}", replace(case, facts=other)


@flip("how often they change")
def _cadence(case: Case) -> Iterator[tuple[str, str, Case]]:
    now = case.config.process.cadence
    for then in ("daily", "weekly", "monthly", "never"):
        if then != now:
            process = case.config.process.model_copy(update={"cadence": then})
            facts = replace(case.facts, changed_last_month=None)  # what was measured is about the cadence of now
            yield now, then, replace(case, config=case.config.model_copy(update={"process": process}), facts=facts)


@flip("the share of sensitive documents")
def _sensitivity(case: Case) -> Iterator[tuple[str, str, Case]]:
    facts = case.facts
    now = f"{max(facts.sensitive_share, facts.personal_share or 0):.0%}"
    for then, label in (("0%", Label.PUBLIC), ("100%", Label.RESTRICTED)):
        if now != then:
            other = replace(
                facts, labels={label: max(facts.included, 1)}, personal_share=float(label is Label.RESTRICTED)
            )
            yield now, then, replace(case, facts=other)


@flip("the share of documents by one author")
def _author(case: Case) -> Iterator[tuple[str, str, Case]]:
    yield from _shares(case, "top_author_share", (0.2, 1.0), first_person_share=case.facts.first_person_share or 1.0)


@flip("the share of questions whose source search finds")
def _searchable(case: Case) -> Iterator[tuple[str, str, Case]]:
    yield from _shares(case, "searchable", (0.3, 0.95))


@flip("the share of documents older than two years")
def _age(case: Case) -> Iterator[tuple[str, str, Case]]:
    yield from _shares(case, "older_than_two_years", (0.0, 0.9))


@flip("the share of documents that nearly repeat another")
def _repetition(case: Case) -> Iterator[tuple[str, str, Case]]:
    yield from _shares(case, "near_duplicate_share", (0.0, 0.6))


@flip("the language model's window")
def _window(case: Case) -> Iterator[tuple[str, str, Case]]:
    now = case.config.engine.context
    for then in (4_096, 131_072):
        if then != now:
            engine = case.config.engine.model_copy(update={"context": then})
            yield f"{now:,}", f"{then:,}", replace(case, config=case.config.model_copy(update={"engine": engine}))


def _shares(case: Case, name: str, values: tuple[float, ...], **others: Any) -> Iterator[tuple[str, str, Case]]:
    now = getattr(case.facts, name)
    for value in values:
        if now is None or abs(now - value) > 0.05:
            facts = replace(case.facts, **{**others, name: value})
            yield "unknown" if now is None else f"{now:.0%}", f"{value:.0%}", replace(case, facts=facts)
