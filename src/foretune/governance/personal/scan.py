"""All of it together: what in a text is about a person, by pattern and by model."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from foretune.governance.markup import blank_code
from foretune.governance.personal.classifier import Classifier
from foretune.governance.personal.contact import is_reserved
from foretune.governance.personal.fields import Cell, cells
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


_CELLS = {
    "person": Severity.LOW,
    "address": Severity.MEDIUM,
    "phone": Severity.MEDIUM,
    "email": Severity.MEDIUM,
    "age": Severity.LOW,
    "ip": Severity.LOW,
    "domain": Severity.INFO,
} | dict.fromkeys(
    ("national_id", "card", "iban", "account", "birth_date", "licence", "secret", "health"), Severity.HIGH
)
_BY_MODEL = {
    "person": (Severity.LOW, "A person's name"),
    "address": (Severity.MEDIUM, "An address"),
}


def scan(text: str, model: Classifier | None) -> Iterator[Seen]:
    """Stretches that do not overlap, in order of place; without a model by pattern and label alone."""
    prose = blank_code(text)
    private = list(cells(prose))
    known = _with_cells(text, matches(text, prose), private)
    if model is None:
        return iter(known)
    addresses = [(each.start, each.end) for each in known if each.type == "address"]
    return _merged(known, names_and_addresses(_blank(prose, private), model, addresses))


def _blank(text: str, private: Iterable[Cell]) -> str:
    """``text`` with cells that need no model as spaces."""
    pieces: list[str] = []
    position = 0
    for cell in private:
        if cell.start >= position:
            pieces += (text[position : cell.start], " " * (cell.end - cell.start))
            position = cell.end
    return "".join(pieces) + text[position:]


def _with_cells(text: str, seen: list[Seen], private: Sequence[Cell]) -> list[Seen]:
    """Cells of private columns, whole; what a pattern knows of the most part of a cell stays what the pattern says."""
    if not private:
        return seen
    starts = [each.start for each in seen]
    covered: set[int] = set()
    whole = []
    for cell in private:
        if is_reserved(cell.type, text[cell.start : cell.end]):
            continue
        first = bisect_left(starts, cell.start)
        behind = bisect_left(starts, cell.end)
        inside = [i for i in range(max(0, first - 1), behind) if seen[i].end > cell.start]
        several = [i for i in inside if seen[i].type == cell.type]
        if len(several) > 1 and 5 * sum(seen[i].end - seen[i].start for i in several) >= 3 * (cell.end - cell.start):
            continue  # two addresses in one cell stay two
        most = next((seen[i] for i in inside if 5 * (seen[i].end - seen[i].start) >= 4 * (cell.end - cell.start)), None)
        covered.update(inside)
        severity = max([_CELLS[cell.type], *(seen[i].severity for i in inside)])
        kind, what, score = cell.type, f"A value under “{cell.label}”", 0.9
        if most is not None:
            kind, what, score = most.type, most.what, most.score
        whole.append(Seen(cell.start, cell.end, kind, severity, what, score))
    return sorted([*whole, *(each for i, each in enumerate(seen) if i not in covered)])


def matches(text: str, prose: str) -> list[Seen]:
    """What patterns match; of two that overlap, the earlier pattern's. ``prose`` is ``text`` with code blanked."""
    from foretune.governance.personal import PATTERNS
    from foretune.governance.personal.hints import hinted

    tried = hinted(text) if prose == text else sorted({*hinted(text), *hinted(prose)})
    if not tried:
        return []
    lowered = text.lower()
    taken: list[tuple[int, int, int]] = []  # start, end, position of the pattern
    for position in tried:
        pattern = PATTERNS[position]
        if pattern.cues and not any(cue in lowered for cue in pattern.cues):
            continue
        for match in pattern.found(text if pattern.in_code else prose):
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
