"""Boilerplate: the same lines in many documents, as menus, footers and disclaimers leave them."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from foretune.governance.checks.registry import CheckSettings, corpus_check
from foretune.types import Document, Finding, Related, Severity

__all__ = ["boilerplate"]

_SHORTEST, _WORDS = 25, 4
"""A line with fewer characters or words repeats by chance ("Thank you.")."""
_FEWEST = 5
_SHARE, _ENOUGH = 0.05, 50
"""Repeated means: in at least five documents, and in 5 % of them or in fifty."""
_MOST_LINES = 512
"""Of a document, those with the smallest hashes: the same line is kept or left out everywhere."""
_RELATED = 20
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Signature:
    id: str
    path: str
    lines: array[int]
    """CRC-32 of its lines, each once, ascending."""


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Place and words of each line that is long enough; without the marks of lists, quotes and headings."""
    position = 0
    for line in text.split("\n"):
        if len(line) >= _SHORTEST:
            words = line.strip(" \t\r#>*-+|_").split()
            if len(words) >= _WORDS:
                yield position, " ".join(words)
        position += len(line) + 1


def _sign(document: Document) -> _Signature:
    hashes = sorted({zlib.crc32(words.encode("utf-8", "surrogatepass")) for _, words in _lines(document.text)})
    return _Signature(document.id, document.path, array("L", hashes[:_MOST_LINES]))


@corpus_check("boilerplate", types={"boilerplate": Severity.LOW}, sign=_sign, part_of="garbled")
def boilerplate(
    signatures: Sequence[_Signature], text: Callable[[str], str], _settings: CheckSettings
) -> Iterable[Finding]:
    """Lines that stand word for word in many documents: menus, footers, disclaimers, share buttons.

    Each stretch of such lines is reported once, in the first document that has it, with the others beside it. Search
    finds them instead of an answer, and a tuned model learns to say them. Reported from five documents on, where
    that is 5 % of all (or fifty documents).
    """
    counts: Counter[int] = Counter()
    for signature in signatures:
        counts.update(signature.lines)
    least = max(_FEWEST, min(_ENOUGH, _SHARE * len(signatures)))
    repeated: dict[int, list[int]] = {line: [] for line, count in counts.items() if count >= least}
    if not repeated:
        return
    for number, signature in enumerate(signatures):
        for line in signature.lines:
            if line in repeated:
                repeated[line].append(number)
    told: set[int] = set()
    for number, signature in enumerate(signatures):
        if any(line in repeated and line not in told for line in signature.lines):
            yield from _stretches(signatures, number, text(signature.id), repeated, told)


def _stretches(
    signatures: Sequence[_Signature], number: int, text: str, repeated: dict[int, list[int]], told: set[int]
) -> Iterator[Finding]:
    open_stretch: list[tuple[int, int]] = []  # place and hash of lines on end
    reached = -1
    for position, words in [*_lines(text), (len(text) + 2, "")]:
        line = zlib.crc32(words.encode("utf-8", "surrogatepass")) if words else -1
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
    signatures: Sequence[_Signature],
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
    others = [signatures[each].path for each in places if each != number]
    return Finding(
        signatures[number].id,
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
