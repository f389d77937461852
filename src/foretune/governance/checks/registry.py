"""What a check is, and which there are.

A check is a pure function, registered by a decorator that says what it reads and
what it can find. A *document check* sees one document at a time; a *corpus check*
signs each document and then sees the signatures of all. Bumping ``version``
makes every document be looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from foretune.errors import InputError
from foretune.plan.config import GovernanceSettings
from foretune.types import Document, Finding, Severity

__all__ = [
    "Check",
    "CheckSettings",
    "CorpusCheck",
    "DocumentCheck",
    "Inferred",
    "checks",
    "corpus_check",
    "document_check",
    "named",
]


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What the plan lets checks know."""

    languages: tuple[str, ...] = ("en",)
    min_characters: int = 200
    near_duplicate: float = 0.75
    require: tuple[str, ...] = ("title", "date", "author")
    today: date = field(default_factory=date.today)
    """The day that deadlines are held against."""
    withdrawn: tuple[str, ...] = ()
    """Names of what is no longer offered, used or allowed."""
    review_after_months: int = 36
    """A page last revised longer ago is due for review; 0: none is."""

    @classmethod
    def of(cls, settings: GovernanceSettings, languages: Sequence[str]) -> CheckSettings:
        return cls(
            languages=tuple(languages),
            min_characters=settings.min_characters,
            near_duplicate=settings.near_duplicate,
            require=tuple(settings.require),
            withdrawn=tuple(settings.withdrawn),
            review_after_months=settings.review_after_months,
        )


@dataclass(frozen=True, slots=True)
class Inferred:
    """Something a check learned about a document that its metadata should keep."""

    field: str
    """A column of the document table."""
    value: str


@dataclass(frozen=True, slots=True)
class Check:
    """What is known about a check without running it."""

    name: str
    types: Mapping[str, Severity]
    """What it can find, and how much each usually matters."""
    columns: tuple[str, ...]
    """Fields of :class:`~foretune.types.Document` it reads."""
    settings: tuple[str, ...]
    """Fields of :class:`CheckSettings` it reads: changing another does not make it run again."""
    version: int
    docs: str
    """The function's docstring: what it finds, with examples."""
    repairs: bool
    """Its findings may carry the repair, as ``evidence["repair"]``."""
    masks: bool
    """Its findings mark text that can be redacted."""

    def recipe(self, settings: CheckSettings) -> tuple[object, ...]:
        """Everything besides the documents that its findings depend on."""
        return (self.name, self.version, *(getattr(settings, name) for name in self.settings))


@dataclass(frozen=True, slots=True)
class DocumentCheck(Check):
    """Sees one document."""

    run: Callable[[Document, CheckSettings], Iterable[Finding | Inferred]]


@dataclass(frozen=True, slots=True)
class CorpusCheck(Check):
    """Sees the signatures of all documents; reads the text again only of those it has to compare."""

    sign: Callable[[Document], Any]
    compare: Callable[[Sequence[Any], Callable[[str], str], CheckSettings], Iterable[Finding]]
    """From signatures and a function from document id to text."""


_checks: dict[str, Check] = {}

_Run = Callable[[Document, CheckSettings], Iterable[Finding | Inferred]]
_Compare = Callable[[Sequence[Any], Callable[[str], str], CheckSettings], Iterable[Finding]]


def document_check(
    name: str,
    *,
    types: Mapping[str, Severity],
    columns: Sequence[str] = ("text",),
    settings: Sequence[str] = (),
    version: int = 1,
    repairs: bool = False,
    masks: bool = False,
) -> Callable[[_Run], _Run]:
    """Register a function of one document."""

    def register(run: _Run) -> _Run:
        _checks[name] = DocumentCheck(
            name, dict(types), tuple(columns), tuple(settings), version, run.__doc__ or "", repairs, masks, run
        )
        return run

    return register


def corpus_check(
    name: str,
    *,
    types: Mapping[str, Severity],
    sign: Callable[[Document], Any],
    columns: Sequence[str] = ("text",),
    settings: Sequence[str] = (),
    version: int = 1,
) -> Callable[[_Compare], _Compare]:
    """Register a function of the signatures of all documents."""

    def register(compare: _Compare) -> _Compare:
        _checks[name] = CorpusCheck(
            name,
            dict(types),
            tuple(columns),
            tuple(settings),
            version,
            compare.__doc__ or "",
            False,
            False,
            sign,
            compare,
        )
        return compare

    return register


def checks() -> tuple[Check, ...]:
    """All checks, in the order of registration."""
    return tuple(_checks.values())


def named(names: Iterable[str]) -> tuple[Check, ...]:
    """The checks with these names.

    Raises:
        InputError: there is no such check.
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in _checks:
            raise InputError(f"There is no check called {name!r}: choose from {', '.join(_checks)}.")
    return tuple(_checks[name] for name in wanted)
