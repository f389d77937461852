"""What one process does with one unit: read, check, sign. The same whether it is the only process or one of many."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from foretune.corpus.records import Aside, RecordReader, Unit
from foretune.governance.checks import Check, CorpusCheck, DocumentCheck, named, run_together
from foretune.governance.inspect.types import Plan
from foretune.types import Document, Finding, Severity

__all__ = ["Found", "Part", "Worker", "found_of"]

_PART_DOCUMENTS = 256
_SEVERITIES = {each: each.name.lower() for each in Severity}
_quoted = json.encoder.encode_basestring


class Found(NamedTuple):
    """A finding as it is printed, and what it is sorted and counted by."""

    check: str
    type: str
    severity: int
    score: float
    line: bytes
    """The row of JSON Lines, without its end."""


@dataclass(slots=True)
class Part:
    """What some consecutive documents of a unit came to."""

    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    characters: int = 0
    asides: list[tuple[str, str]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    signed: dict[str, Any] = field(default_factory=dict)
    """By name of a corpus check, what its ``sign_all`` gave: a list, or columns that others can be added to."""


class Worker:
    """Reads units and runs the checks of a plan on their documents. Use it as a context manager."""

    def __init__(self, plan: Plan) -> None:
        chosen: tuple[Check, ...] = named(plan.checks)
        self._plan = plan
        self._document_checks = [each for each in chosen if isinstance(each, DocumentCheck)]
        self._corpus_checks = [each for each in chosen if isinstance(each, CorpusCheck)]
        self.reader = RecordReader(plan.corpus)

    def run(self, unit: Unit) -> Iterator[Part]:
        """The parts of a unit, in order."""
        part, documents = Part(), list[Document]()
        for read in unit.read(self.reader):
            if isinstance(read, Aside):
                part.asides.append((read.document, read.reason))
                continue
            documents.append(read.document)
            if len(documents) == _PART_DOCUMENTS:
                yield self._checked(part, documents)
                part, documents = Part(), []
        yield self._checked(part, documents)

    def _checked(self, part: Part, documents: list[Document]) -> Part:
        """Check by check, not document by document: what a check works with stays in the processor's cache."""
        part.ids = [each.id for each in documents]
        part.names = [each.path for each in documents]
        part.characters = sum(len(each.text) for each in documents)
        for check in self._document_checks:
            for position, results in run_together(check, documents, range(len(documents)), self._plan.settings):
                findings = [each for each in results if isinstance(each, Finding)]
                findings.sort(key=lambda each: -1 if each.start is None else each.start)
                part.found += [found_of(each, documents[position].path) for each in findings]
        for corpus_check in self._corpus_checks:
            part.signed[corpus_check.name] = corpus_check.sign_all(documents)
        return part

    def __enter__(self) -> Self:
        self.reader.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.__exit__()


def found_of(finding: Finding, document: str | None) -> Found:
    """A finding in the document people know as ``document``; None: it is about all of them."""
    related = ", ".join(
        f'{{"document": {_quoted(other.document)}, {_place(other.start, other.end, other.text)}}}'
        for other in finding.related
    )
    row = (
        f'{{"document": {"null" if document is None else _quoted(document)}, "check": {_quoted(finding.check)}, '
        f'"type": {_quoted(finding.type)}, "severity": "{_SEVERITIES[finding.severity]}", '
        f'{_place(finding.start, finding.end, finding.text)}, "score": {finding.score!r}, '
        f'"message": {_quoted(finding.message)}, "related": [{related}]}}'
    )
    try:
        line = row.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates, in a path
        line = json.dumps(json.loads(row)).encode()
    return Found(finding.check, finding.type, int(finding.severity), finding.score, line)


def _place(start: int | None, end: int | None, text: str | None) -> str:
    return (
        f'"start": {"null" if start is None else start}, "end": {"null" if end is None else end}, '
        f'"text": {"null" if text is None else _quoted(text)}'
    )
