"""Boilerplate: the same lines in many documents, as menus, footers and disclaimers leave them."""

from __future__ import annotations

import re
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.governance.columns import Blobs, Strings
from foretune.types import Document, Finding, Related, Severity

__all__ = ["boilerplate"]

_SHORTEST, _WORDS = 25, 4
"""A line with fewer characters or words repeats by chance ("Thank you.")."""
_FEWEST = 5
_SHARE, _ENOUGH = 0.05, 50
"""Repeated means: in at least five documents, and in 5 % of them or in fifty."""
_MOST_LINES = 512
"""Of a document, those with the smallest hashes: the same line is kept or left out everywhere."""
_MARKS = " \t\r#>*-+|_"
"""Marks of lists, quotes, headings and tables, at the ends of a line."""
_RELATED = 20
_SORTED = 1 << 20
"""Lines sorted at once."""
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Signature:
    id: str
    path: str
    lines: bytes
    """CRC-32 of its lines, each once, ascending: 32-bit numbers."""


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


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Place and words of each line that is long enough; without the marks of lists, quotes and headings."""
    position = 0
    for line in text.split("\n"):
        if len(line) >= _SHORTEST and (words := _words_of(line)):
            yield position, words
        position += len(line) + 1


def _words_of(line: str) -> str:
    """The words of a line, whatever stands between them; empty where they are few."""
    words = line.strip(_MARKS).split()
    return " ".join(words) if len(words) >= _WORDS else ""


def _hash(words: str) -> int:
    return zlib.crc32(words.encode("utf-8", "surrogatepass"))


def _hashes(text: str) -> set[int]:
    """Those of the words of its lines; as of :func:`_lines`, in a third of the time."""
    hashes = set()
    for line in text.split("\n"):
        if len(line) < _SHORTEST:
            continue
        bare = line.strip(_MARKS)
        if "  " not in bare and bare.isprintable():  # no other space than single ones: these are its words already
            if bare.count(" ") >= _WORDS - 1:
                hashes.add(zlib.crc32(bare.encode()))
        elif words := _words_of(line):
            hashes.add(_hash(words))
    return hashes


def _sign(document: Document) -> _Signature:
    hashes = sorted(_hashes(document.text))
    return _Signature(document.id, document.path, array("I", hashes[:_MOST_LINES]).tobytes())


def _sign_all(documents: Sequence[Document]) -> _Signatures:
    return _Signatures(map(_sign, documents))


@corpus_check("boilerplate", types={"boilerplate": Severity.LOW}, sign=_sign, sign_all=_sign_all, part_of="garbled")
def boilerplate(
    signatures: Iterable[_Signature], text: Callable[[str], str], _settings: CheckSettings
) -> Iterable[Finding]:
    """Lines that stand word for word in many documents: menus, footers, disclaimers, share buttons.

    Each stretch of such lines is reported once, in the first document that has it, with the others beside it. Search
    finds them instead of an answer, and a tuned model learns to say them. Reported from five documents on, where
    that is 5 % of all (or fifty documents).
    """
    columns = signatures if isinstance(signatures, _Signatures) else _Signatures(signatures)
    repeated = _repeated(columns)
    having = sorted({number for places in repeated.values() for number in places})
    told: set[int] = set()
    for number in having:
        if any(line in repeated and line not in told for line in array("I", columns.lines[number])):
            yield from _stretches(columns, number, text(columns.ids[number]), repeated, told)


def _repeated(signatures: _Signatures) -> dict[int, list[int]]:
    """The lines that many documents have, and the positions of these, ascending.

    On arrays: counted one by one, the lines of a corpus would take a kilobyte and more a document.
    """
    import numpy as np

    lines = signatures.lines.values(np.uint32)
    bounds = signatures.lines.bounds // lines.itemsize
    least = max(_FEWEST, min(_ENOUGH, _SHARE * len(signatures)))
    repeated: dict[int, list[int]] = {}
    width = 2**32 // (len(lines) // _SORTED + 1) + 1
    for smallest in range(0, 2**32, width):  # some of the values at a time: sorting all would double what is kept
        places = np.flatnonzero((lines >= smallest) & (lines <= min(smallest + width - 1, 2**32 - 1)))
        some = lines[places]
        order = np.argsort(some, kind="stable")
        some = some[order]
        edges = np.flatnonzero(np.concatenate(([True], some[1:] != some[:-1], [True])))[: len(some) + 1]
        for group in np.flatnonzero(np.diff(edges) >= least).tolist():
            holding = places[order[edges[group] : edges[group + 1]]]
            repeated[int(some[edges[group]])] = (np.searchsorted(bounds, holding, side="right") - 1).tolist()
    return repeated


def _stretches(
    signatures: _Signatures, number: int, text: str, repeated: dict[int, list[int]], told: set[int]
) -> Iterator[Finding]:
    open_stretch: list[tuple[int, int]] = []  # place and hash of lines on end
    reached = -1
    for position, words in [*_lines(text), (len(text) + 2, "")]:
        line = _hash(words) if words else -1
        fits = line in repeated and line not in told and _LETTERS.search(words) is not None
        goes_on = open_stretch and not text[reached:position].strip() and fits
        if goes_on and repeated[line] == repeated[open_stretch[0][1]]:
            open_stretch.append((position, line))
        else:
            if open_stretch:
                yield _finding(signatures, number, text, open_stretch, repeated)
            open_stretch = [(position, line)] if fits else []
        if fits:
            told.add(line)
            end = text.find("\n", position)
            reached = end if end >= 0 else len(text)


def _finding(
    signatures: _Signatures,
    number: int,
    text: str,
    stretch: Sequence[tuple[int, int]],
    repeated: dict[int, list[int]],
) -> Finding:
    start = stretch[0][0]
    end = text.find("\n", stretch[-1][0])
    end = end if end >= 0 else len(text)
    start += len(text[start:end]) - len(text[start:end].lstrip())
    end = start + len(text[start:end].rstrip())
    places = repeated[stretch[0][1]]
    others = [signatures.paths[each] for each in places if each != number]
    return Finding(
        signatures.ids[number],
        "garbled",
        "boilerplate",
        Severity.LOW,
        f"The same words stand in {len(places)} documents, as menus and footers do: they crowd out answers.",
        start,
        end,
        text[start:end],
        round(min(1.0, 0.3 + 0.7 * len(places) / len(signatures)), 3),
        tuple(Related(path) for path in others[:_RELATED]),
        {"documents": len(places)},
    )
