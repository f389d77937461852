"""What a check is, and which there are.

A check is a pure function, registered by a decorator that says what it reads and
what it can find. A *document check* sees one document at a time; a *corpus check*
signs each document and then sees the signatures of all. Bumping ``version``
makes every document be looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from foretune.errors import InputError
from foretune.models import CATALOGUE, installed
from foretune.plan.config import Config, GovernanceSettings
from foretune.plan.intent import intent
from foretune.types import Document, Finding, Severity

__all__ = [
    "Check",
    "CheckSettings",
    "CorpusCheck",
    "DocumentCheck",
    "Inferred",
    "Wanted",
    "checks",
    "corpus_check",
    "document_check",
    "named",
    "notices",
    "run_together",
    "types_of_parts",
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the plan and the bench want of the documents as a whole."""

    topic: str = ""
    questions: tuple[str, ...] = ()
    voice: bool | None = None

    @classmethod
    def of(cls, plan: Config, questions: Sequence[str] = ()) -> Wanted:
        """What a plan says."""
        topic = " ".join((plan.story.want, plan.story.so_that, plan.purpose.must_answer))
        return cls(topic, tuple(questions), bool(intent(plan).voice))


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What the plan lets checks know."""

    languages: tuple[str, ...] = ("en",)
    min_characters: int = 200
    near_duplicate: float = 0.75
    require: tuple[str, ...] = ("title", "date", "author")
    patterns: tuple[str, ...] = ()
    """Regular expressions (RE2) of the plan's rules."""
    today: date = field(default_factory=date.today)
    """The day that deadlines are held against."""
    withdrawn: tuple[str, ...] = ()
    """Names of what is no longer offered, used or allowed."""
    review_after_months: int = 36
    """A page last revised longer ago is due for review; 0: none is."""
    topic: str = ""
    """What the story asks for, in its own words."""
    topics: tuple[str, ...] = ()
    """What the documents have to cover, as the plan lists it."""
    questions: tuple[str, ...] = ()
    """The bench's questions that the documents should answer."""
    voice: bool | None = None
    """Whether the plan asks for one author's voice; None without a plan: the documents tell."""
    every_place: bool = False
    """Report what repeats across documents in each that has it, where it can be repaired; else in the first."""

    @classmethod
    def of(cls, settings: GovernanceSettings, languages: Sequence[str], wanted: Wanted | None = None) -> CheckSettings:
        wanted = wanted or Wanted()
        return cls(
            languages=tuple(languages),
            min_characters=settings.min_characters,
            near_duplicate=settings.near_duplicate,
            require=tuple(settings.require),
            patterns=tuple(dict.fromkeys(rule.pattern for rule in settings.rules if rule.pattern)),
            withdrawn=tuple(settings.withdrawn),
            review_after_months=settings.review_after_months,
            topic=wanted.topic,
            topics=tuple(settings.topics),
            questions=wanted.questions,
            voice=wanted.voice,
            every_place=True,
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
        return (
            self.name,
            self.version,
            *(getattr(settings, name) for name in self.settings),
            *([_models[self.name]] if self.name in _models and _installed(self.name) else []),
        )


@dataclass(frozen=True, slots=True)
class DocumentCheck(Check):
    """Sees one document."""

    run: Callable[[Document, CheckSettings], Iterable[Finding | Inferred]]
    run_all: Callable[[Sequence[Document], CheckSettings], Iterable[Iterable[Finding | Inferred]]]
    """``run`` for many documents, the results of each in turn; where that is faster than one by one."""


@dataclass(frozen=True, slots=True)
class CorpusCheck(Check):
    """Sees the signatures of all documents; reads the text again only of those it has to compare."""

    sign: Callable[[Document], Any]
    compare: Callable[[Any, Callable[[str], str], CheckSettings], Iterable[Finding]]
    """From signatures and a function from document id to text."""
    sign_all: Callable[[Sequence[Document]], Any]
    """``sign`` for many documents, where that is faster than one by one: a list, or columns that give the same one
    after the other, can be added to with ``+=``, and take less memory."""
    dump: Callable[[Any], bytes] | None
    """A signature as bytes, to be kept; None where a review has to sign again."""
    load: Callable[[bytes], Any] | None
    part_of: str = ""
    """The check whose name its findings carry, where it finds across documents what that one finds in each."""
    costly: bool = False
    """Runs with all checks or by its own name only, not with the check that it is a part of."""


_checks: dict[str, Check] = {}
_models: dict[str, str] = {}
"""Packaged models that checks are better with, by check."""

_Run = Callable[[Document, CheckSettings], Iterable[Finding | Inferred]]
_RunAll = Callable[[Sequence[Document], CheckSettings], Iterable[Iterable[Finding | Inferred]]]
_Compare = Callable[[Any, Callable[[str], str], CheckSettings], Iterable[Finding]]


def document_check(
    name: str,
    *,
    types: Mapping[str, Severity],
    columns: Sequence[str] = ("text",),
    settings: Sequence[str] = (),
    version: int = 1,
    repairs: bool = False,
    masks: bool = False,
    model: str = "",
    run_all: _RunAll | None = None,
) -> Callable[[_Run], _Run]:
    """Register a function of one document; with a ``model`` of the catalogue it finds more where that is installed."""

    def register(run: _Run) -> _Run:
        if model:
            _models[name] = model
        _checks[name] = DocumentCheck(
            name,
            dict(types),
            tuple(columns),
            tuple(settings),
            version,
            run.__doc__ or "",
            repairs,
            masks,
            run,
            run_all or (lambda documents, settings: (run(document, settings) for document in documents)),
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
    sign_all: Callable[[Sequence[Document]], Any] | None = None,
    dump: Callable[[Any], bytes] | None = None,
    load: Callable[[bytes], Any] | None = None,
    part_of: str = "",
    costly: bool = False,
    model: str = "",
) -> Callable[[_Compare], _Compare]:
    """Register a function of the signatures of all documents; with a ``model`` it runs again once that is installed.

    With ``dump`` and ``load`` a project keeps the signatures, so that adding a document signs that one only.
    """

    def register(compare: _Compare) -> _Compare:
        if model:
            _models[name] = model
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
            sign_all or (lambda documents: [sign(document) for document in documents]),
            dump,
            load,
            part_of,
            costly,
        )
        return compare

    return register


def run_together(
    check: DocumentCheck, documents: list[Document], positions: Sequence[int], settings: CheckSettings
) -> Iterator[tuple[int, list[Finding | Inferred]]]:
    """What ``check`` says of the documents at ``positions``; what it infers is set in ``documents`` for those after."""
    wanted = [documents[position] for position in positions]
    for position, given in zip(positions, check.run_all(wanted, settings), strict=True):
        results = list(given)
        inferred = {each.field: each.value for each in results if isinstance(each, Inferred)}
        if inferred:
            documents[position] = replace(documents[position], **inferred)  # type: ignore[arg-type]
        yield position, results


def notices(names: Iterable[str]) -> list[str]:
    """What to tell people before they believe that these checks saw everything: one sentence for each model missing."""
    return [
        f"The check {name} ran without the model {_models[name]!r} and finds less (see docs/checks/{name}.md): "
        f"run `foretune models get {_models[name]}`, then again."
        for name in names
        if name in _models and isinstance(_checks[name], DocumentCheck) and not _installed(name)
    ]


def _installed(check: str) -> bool:
    return installed(CATALOGUE[_models[check]])


def checks() -> tuple[Check, ...]:
    """All checks, in the order of registration."""
    return tuple(_checks.values())


def named(names: Iterable[str]) -> tuple[Check, ...]:
    """The checks with these names, and those that are a part of one.

    Raises:
        InputError: there is no such check.
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in _checks:
            whole = (each.name for each in _checks.values() if not getattr(each, "part_of", "") or _is_costly(each))
            raise InputError(f"There is no check called {name!r}: choose from {', '.join(whole)}.")
    parts = (part.name for name in wanted for part in _parts_of(name) if not part.costly)
    return tuple(_checks[name] for name in dict.fromkeys([*wanted, *parts]))


def types_of_parts(name: str) -> tuple[str, ...]:
    """What findings that carry this check's name are made by another, across documents."""
    return tuple(kind for part in _parts_of(name) for kind in part.types)


def _is_costly(check: Check) -> bool:
    return isinstance(check, CorpusCheck) and check.costly


def _parts_of(name: str) -> list[CorpusCheck]:
    return [each for each in _checks.values() if isinstance(each, CorpusCheck) and each.part_of == name]
