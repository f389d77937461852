"""Which entries of the plan are settled, which are not, and why that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from foretune.plan.config import Config
from foretune.plan.drafts import draft
from foretune.plan.fields import field_at
from foretune.plan.interview import as_text
from foretune.plan.questions import QUESTIONS, InterviewQuestion

__all__ = ["Completeness", "PlanEntry", "State", "completeness"]


class State(StrEnum):
    """Where an entry's value comes from."""

    MISSING = "missing"
    DRAFT = "draft"
    """What was drafted from the story; nobody has said otherwise."""
    DEFAULT = "default"
    """As the file came; nobody has said otherwise."""
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """One question of the interview and its answer."""

    key: str
    label: str
    section: str
    value: str
    """As a person would write it; empty where missing."""
    state: State
    why: str
    example: str
    weak: str = ""
    """What an interview would object to a given value; empty for one it takes as it is."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """The whole plan, in the order of the interview."""

    entries: tuple[PlanEntry, ...]

    @property
    def missing(self) -> tuple[PlanEntry, ...]:
        """Entries without a value."""
        return self._in(State.MISSING)

    @property
    def unconfirmed(self) -> tuple[PlanEntry, ...]:
        """Drafts and defaults: something is there, but nobody chose it."""
        return self._in(State.DRAFT, State.DEFAULT)

    @property
    def given(self) -> tuple[PlanEntry, ...]:
        return self._in(State.GIVEN)

    @property
    def weak(self) -> tuple[PlanEntry, ...]:
        """Given, and not to be worked with as they are."""
        return tuple(entry for entry in self.entries if entry.weak)

    def _in(self, *states: State) -> tuple[PlanEntry, ...]:
        return tuple(entry for entry in self.entries if entry.state in states)


def completeness(config: Config) -> Completeness:
    """Every entry a person is asked for, with its state.

    A value equal to its draft or default cannot be told from one that was
    confirmed; it counts as unconfirmed.
    """
    values = {question.key: _value(config, question.key) for question in QUESTIONS}
    return Completeness(tuple(_entry(question, values) for question in QUESTIONS))


def _entry(question: InterviewQuestion, values: Mapping[str, Any]) -> PlanEntry:
    text, state = as_text(values[question.key]), _state(question.key, values)
    objections = (challenge(text) for challenge in question.challenges) if state is State.GIVEN else ()
    weak = next(filter(None, objections), "")
    return PlanEntry(question.key, question.label, question.section, text, state, question.why, question.example, weak)


def _state(key: str, values: Mapping[str, Any]) -> State:
    value = values[key]
    if value in ("", []):
        return State.MISSING
    drafted = draft(key, values)
    info = field_at(tuple(key.split(".")))
    # A draft of nothing: the default is a part of another story than the one that was told.
    if info is not None and drafted != "" and value == info.get_default(call_default_factory=True):
        return State.DEFAULT
    if value == drafted:
        return State.DRAFT
    return State.GIVEN


def _value(config: Config, key: str) -> Any:
    section, _, name = key.partition(".")
    return getattr(getattr(config, section), name)
