"""Boilerplate: the same lines in many documents, as menus, footers and disclaimers leave them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.columns import Blobs, Strings
from foretune.types import Document, Finding, Related, Severity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["boilerplate"]

_SHORTEST, _WORDS = 25, 4
"""A line with fewer characters or words repeats by chance ("Thank you.")."""
_FEWEST = 5
_SHARE, _ENOUGH = 0.05, 50
"""Repeated means: in at least five documents, and in 5 % of them or in fifty."""
_MOST_LINES = 512
"""Of a document, those with the smallest hashes: the same line is kept or left out everywhere."""
_MOST_OF_IT = 0.8
"""A document with a larger share of repeated lines is one of many versions: what it shares is no menu."""
_RELATED = 20
_SORTED = 1 << 20
"""Lines looked at or sorted at once."""
_OPENS = re.compile(r"\s*(?:[-*+•#>|_=]|\(?\w{1,3}[.)]\s)")
"""How an item, a heading, a quotation or a row of a table begins."""
_SENTENCE_GOES_ON = re.compile(r"[^\s.!?:;…|>\])”\"'_*]\n\Z")
_LINE_END = re.compile("\n")
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Signature:
    id: str
    path: str
    lines: bytes
    """Hashes of the words of its lines, each once, ascending: 32-bit numbers."""


class _Signatures:
    """Many :class:`_Signature`, as columns."""

    def __init__(self, signatures: Iterable[_Signature] = ()) -> None:
        signatures = list(signatures)
        self.ids, self.paths = Strings(each.id for each in signatures), Strings(each.path for each in signatures)
        self.lines = Blobs(each.lines for each in signatures)

    def __iadd__(self, other: _Signatures) -> Self:
        self.ids += other.ids
        self.paths += other.paths
        self.lines += other.lines
        return self

    def __iter__(self) -> Iterator[_Signature]:
        return map(_Signature, self.ids, self.paths, self.lines)

    def __len__(self) -> int:
        return len(self.ids)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Place of each line that is long enough, and the hash of its words."""
    from foretune.governance.words import composed, lines_of

    found = lines_of([composed(text)], shortest=_SHORTEST, fewest=_WORDS)
    places = [0, *(match.end() for match in _LINE_END.finditer(text))]
    for line, number in zip(found.hashes.tolist(), found.numbers.tolist(), strict=True):
        yield places[number], line


def _sign(document: Document) -> _Signature:
    return next(iter(_sign_all([document])))


def _sign_all(documents: Sequence[Document]) -> _Signatures:
    import numpy as np

    from foretune.governance.words import AT_ONCE, composed, lines_of

    signatures = _Signatures()
    signatures.ids, signatures.paths = Strings(each.id for each in documents), Strings(each.path for each in documents)
    for start in range(0, len(documents), AT_ONCE):
        texts = [composed(each.text) for each in documents[start : start + AT_ONCE]]
        found = lines_of(texts, shortest=_SHORTEST, fewest=_WORDS)
        keys = np.unique((found.texts.astype(np.uint64) << np.uint64(32)) | found.hashes)
        owners = (keys >> np.uint64(32)).astype(np.int64)
        counts = np.bincount(owners, minlength=len(texts))
        kept = np.arange(len(keys)) - np.repeat(np.cumsum(counts) - counts, counts) < _MOST_LINES
        signatures.lines += Blobs.of(keys[kept].astype(np.uint32), np.minimum(counts, _MOST_LINES))
    return signatures


@corpus_check(
    "boilerplate",
    types={"boilerplate": Severity.LOW},
    sign=_sign,
    sign_all=_sign_all,
    settings=("every_place",),
    version=3,
    part_of="garbled",
)
def boilerplate(
    signatures: Iterable[_Signature], text: Callable[[str], str], settings: CheckSettings
) -> Iterable[Finding]:
    """Lines that stand word for word in many documents: menus, footers, disclaimers, share buttons.

    Search finds them instead of an answer, and a tuned model learns to say them. Reported from five documents on, where
    that is 5 % of all (or fifty documents); documents that consist mostly of such lines are versions of each other and
    do not count. Each stretch is reported in the first document that has it, with the others beside it, and, with
    ``every_place``, for information in each of the others, so that the repair, to leave it out, can be made there.
    """
    columns = signatures if isinstance(signatures, _Signatures) else _Signatures(signatures)
    repeated = _repeated(columns)
    firsts = {places[0] for places in repeated.values()}
    having = {number for places in repeated.values() for number in places} if settings.every_place else firsts
    for number in sorted(having):
        told: set[int] = set()
        for stretch in _stretches(text(columns.ids[number]), repeated):
            first = repeated[stretch.line][0] == number and stretch.line not in told
            told.add(stretch.line)
            if first or settings.every_place:
                yield _finding(columns, number, stretch, repeated[stretch.line], first=first)


def _repeated(signatures: _Signatures) -> dict[int, list[int]]:
    """The lines that many documents have, and the positions of these, ascending.

    On arrays, some at a time: counted one by one, the lines of a corpus would take a kilobyte and more a document, and
    sorting all of them would double what is kept.
    """
    import numpy as np

    lines = signatures.lines.values(np.uint32)
    bounds = signatures.lines.bounds // lines.itemsize
    least = max(_FEWEST, min(_ENOUGH, _SHARE * len(signatures)))
    often = _often(lines, least)
    counts = np.zeros(len(signatures), dtype=np.int64)
    for _, owners in _standing(lines, bounds, often):
        counts += np.bincount(owners, minlength=len(signatures))
    of_its_own = counts <= _MOST_OF_IT * np.diff(bounds)
    if not of_its_own.all():
        often = _often(lines[np.repeat(of_its_own, np.diff(bounds))], least)
    repeated: dict[int, list[int]] = {line: [] for line in often.tolist()}
    for values, owners in _standing(lines, bounds, often):
        kept = of_its_own[owners]
        for line, number in zip(values[kept].tolist(), owners[kept].tolist(), strict=True):
            repeated[line].append(number)
    return repeated


def _often(lines: NDArray[np.uint32], least: float) -> NDArray[np.uint32]:
    """The values that stand in ``lines`` at least so often, ascending."""
    import numpy as np

    found = [np.empty(0, dtype=np.uint32)]
    width = 2**32 // (len(lines) // _SORTED + 1) + 1
    for smallest in range(0, 2**32, width):
        some = np.sort(lines[(lines >= smallest) & (lines <= min(smallest + width - 1, 2**32 - 1))])
        if len(some):
            edges = np.flatnonzero(np.concatenate(([True], some[1:] != some[:-1], [True])))
            found.append(some[edges[:-1][np.diff(edges) >= least]])
    return np.concatenate(found)


def _standing(
    lines: NDArray[np.uint32], bounds: NDArray[np.int64], wanted: NDArray[np.uint32]
) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int64]]]:
    """The lines that are among ``wanted`` (ascending), in order, with the number of the document each stands in."""
    import numpy as np

    if not len(wanted):
        return
    for start in range(0, len(lines), _SORTED):
        some = lines[start : start + _SORTED]
        at = np.minimum(np.searchsorted(wanted, some), len(wanted) - 1)
        here = np.flatnonzero(wanted[at] == some)
        yield some[here], np.searchsorted(bounds, here + start, side="right") - 1


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Repeated lines on end, all in the same documents."""

    line: int
    """Hash of the first."""
    start: int
    end: int
    text: str
    apart: bool
    """No sentence runs into it or out of it, so that it can be left out."""


def _stretches(text: str, repeated: Mapping[int, list[int]]) -> Iterator[_Stretch]:
    stretch: list[tuple[int, int]] = []  # place and hash of lines on end
    reached = -1
    for position, line in [*_lines(text), (len(text) + 2, -1)]:
        fits = line in repeated and _LETTERS.search(text, position, _end_of_line(text, position)) is not None
        goes_on = stretch and fits and not text[reached:position].strip()
        if goes_on and repeated[line] == repeated[stretch[0][1]]:
            stretch.append((position, line))
        else:
            if stretch:
                yield _stretch(text, stretch)
            stretch = [(position, line)] if fits else []
        if fits:
            reached = _end_of_line(text, position)


def _stretch(text: str, lines: Sequence[tuple[int, int]]) -> _Stretch:
    start, end = lines[0][0], _end_of_line(text, lines[-1][0])
    start += len(text[start:end]) - len(text[start:end].lstrip())
    end = start + len(text[start:end].rstrip())
    before, after = text[:start].rstrip(" \t"), text[end : _end_of_line(text, end + 1)]
    runs_in = not _OPENS.match(text, start) and _SENTENCE_GOES_ON.search(before[-3:])
    runs_out = after.strip() and not _OPENS.match(after.lstrip("\n")) and _SENTENCE_GOES_ON.match(text[end - 1] + "\n")
    return _Stretch(lines[0][1], start, end, text[start:end], not runs_in and not runs_out)


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _finding(signatures: _Signatures, number: int, stretch: _Stretch, places: Sequence[int], *, first: bool) -> Finding:
    others = [signatures.paths[each] for each in places if each != number]
    return Finding(
        signatures.ids[number],
        "garbled",
        "boilerplate",
        Severity.LOW if first else Severity.INFO,
        f"The same words stand in {len(places)} documents, as menus and footers do: they crowd out answers"
        + ("; the repair leaves them out." if stretch.apart else "."),
        stretch.start,
        stretch.end,
        stretch.text,
        round(min(1.0, 0.3 + 0.7 * len(places) / len(signatures)), 3),
        tuple(Related(path) for path in others[:_RELATED]) if first else (Related(signatures.paths[places[0]]),),
        {"documents": len(places)}
        | ({"repair": ""} if stretch.apart else {})
        | ({} if first else {"as_in": signatures.paths[places[0]]}),
    )
