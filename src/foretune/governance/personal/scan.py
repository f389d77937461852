"""All of it together: what in a text is about a person, by pattern and by model."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from foretune.governance.markup import blank_code
from foretune.governance.personal.classifier import Classifier
from foretune.governance.personal.names import Place, names_and_addresses
from foretune.governance.personal.pattern import Pattern
from foretune.types import Severity

__all__ = ["Seen", "matches", "scan"]


class Seen(NamedTuple):
    """A stretch of text and what it is."""

    start: int
    end: int
    type: str
    severity: Severity
    what: str
    """As in "<what> in the text"."""
    score: float


_BY_MODEL = {
    "person": (Severity.LOW, "A person's name"),
    "address": (Severity.MEDIUM, "An address"),
}


def scan(text: str, model: Classifier | None, *, code: str | None = None) -> Iterator[Seen]:
    """Stretches that do not overlap, in order of place; without a model by pattern alone."""
    prose = blank_code(text) if code is None else code
    by_pattern = matches(text, prose)
    if model is None:
        return iter(by_pattern)
    return _merged(
        by_pattern,
        names_and_addresses(prose, model, [(each.start, each.end) for each in by_pattern if each.type == "address"]),
    )


def matches(text: str, prose: str) -> list[Seen]:
    """What patterns match; of two that overlap, the earlier pattern's. ``prose`` is ``text`` with code blanked."""
    from foretune.governance.personal import PATTERNS

    lowered = text.lower()
    taken: list[tuple[int, int, int]] = []  # start, end, position of the pattern
    for position, pattern in enumerate(PATTERNS):
        if pattern.cues and not any(cue in lowered for cue in pattern.cues):
            continue
        for match in pattern.regex.finditer(text if pattern.in_code else prose):
            span = pattern.accept(match)
            if span is not None and not _overlaps(taken, *span):
                insort(taken, (*span, position))
    return [_seen(start, end, PATTERNS[position]) for start, end, position in taken]


def _seen(start: int, end: int, pattern: Pattern) -> Seen:
    return Seen(start, end, pattern.type, pattern.severity, pattern.what, pattern.score)


def _overlaps(taken: list[tuple[int, int, int]], start: int, end: int) -> bool:
    position = bisect_left(taken, (start, end, 0))
    before = position > 0 and taken[position - 1][1] > start
    after = position < len(taken) and taken[position][0] < end
    return before or after


def _merged(by_pattern: Iterable[Seen], by_model: Iterable[Place]) -> Iterator[Seen]:
    """Both in order of place. Overlapping stretches of one type are joined; of two types the pattern's holds."""
    everything = [*by_pattern]
    everything += [Seen(each.start, each.end, each.type, *_BY_MODEL[each.type], each.score) for each in by_model]
    pending: Seen | None = None
    for seen in sorted(everything, key=lambda each: (each.start, -each.end)):
        if pending is None:
            pending = seen
        elif seen.start >= pending.end:
            yield pending
            pending = seen
        elif seen.type == pending.type:
            better = max(pending, seen, key=lambda each: (each.severity, each.score))
            pending = better._replace(start=pending.start, end=max(pending.end, seen.end))
        elif pending.type in _BY_MODEL and seen.type not in _BY_MODEL:
            # A model's stretch gives way to a pattern of a definite form, keeping what stands before it.
            if seen.start > pending.start:
                yield pending._replace(end=seen.start)
            pending = seen
    if pending is not None:
        yield pending
