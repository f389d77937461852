"""People's names and addresses, from the classifier's probabilities and the way they are written."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from foretune.governance.personal.classifier import Classifier, Word
from foretune.governance.personal.windows import ORDINARY, blank_links, windows

__all__ = ["Place", "is_doubtful", "names_and_addresses"]

SURE = 0.3
"""A capitalised word is part of a name from this probability on."""
LIKELY = 0.02
"""... or from this on, if it is also one where only a name is to be expected (:data:`ALONE`)."""
IN_LONG = 0.2
LONG = 2_000
"""... which in texts of this many characters is not enough below :data:`IN_LONG`: in a message an unknown capitalised
word is mostly a person, in a handbook a product."""
SURE_ALONE = 0.5
"""What a lone word in such a text must have; of those with less, hardly one in ten was a person."""
ALONE = 0.75
LOWER_CASE = 0.6
"""A word without a capital, in a text that has capitals."""
ADDRESS = 0.3
_NEAR = 40
_NEXT = 4
"""A lone number is part of an address if one is this near, or a town next to it, in characters."""

_TITLE = re.compile(r"(?:mr|mrs|ms|mx|dr|prof|sir|lady|miss|herr|frau|mme|sr|sra)\Z", re.IGNORECASE)
_SCOTTISH = re.compile(r"(?:Ma?c|De|Di|Van|Le|La|O['’]|D['’])[A-Z][a-z'’]+\Z")
_PART = re.compile(r"[^\W\d_]{3,}")
_INITIAL = re.compile(r"[A-Z]\Z")
_JOINED = re.compile(r"(?:[ \u00a0]|\.[ \u00a0]?|[-'’‘]|, (?=(?:Jr|Sr)\b))\Z")
_NAME_LINE = re.compile(
    r"(?:^|\n)[ \t]{0,8}((?:[^\W\d_][\w'’.-]{0,30}[ ]){1,3}[^\W\d_][\w'’-]{1,30}),?[ \t]{0,4}\n[ \t\n]{0,12}\Z"
)
_ADDRESS_GAP = re.compile(r"[\s,.#/-]{0,8}\Z")
_STREET_WORD = re.compile(r"[^\W\d_]{3,}")
_NUMBER_BEFORE = re.compile(r"(?<![\w.,$€£#/-])\d{1,6}[A-Za-z]?[ \n,]{1,4}\Z")
_CODE_AFTER = re.compile(r"[\s,]{1,8}(?:[A-Z]{2}[ -])?\d{4,6}(?:-\d{4})?(?![\w-]|[.,]\d)")
_SENTENCE_END = re.compile(r"(?:^|[.!?:\n\"“*#>|-])\s{0,3}[\"'“‘(*_#>-]{0,3}\Z")


class Place(NamedTuple):
    """A stretch of text that is a name or (part of) an address."""

    start: int
    end: int
    type: str
    score: float


def names_and_addresses(text: str, model: Classifier, known: Sequence[tuple[int, int]] = ()) -> list[Place]:
    """Names and addresses in ``text``, in order, none overlapping another of its kind.

    ``known`` are addresses found by pattern: a number beside one belongs to it.
    """
    prose = blank_links(text)
    words: list[Word] = []
    for start, end in windows(prose, model.alone):
        piece = prose[start:end]
        words += [word._replace(start=word.start + start, end=word.end + start) for word in model.words(piece)]
    addresses = _addresses(prose, words, known)
    names = _names(prose, words, model)
    starts = [*(place.start for place in addresses), *(start for start, _ in known)]
    return sorted([*names, *_above(prose, starts, names, model), *addresses])


# -- names ----------------------------------------------------------------------------------------------


def _names(text: str, words: Sequence[Word], model: Classifier) -> list[Place]:
    usual = _usual(text, words)
    accepted = [_is_name(text, word, usual, model) for word in words]
    _join_lists(text, words, accepted, model)
    _accept_capitals(text, words, accepted)
    _grow(text, words, accepted)
    full = {
        part
        for place in _spans(text, words, accepted, "person", _JOINED, _person)
        if " " in text[place.start : place.end] and place.score >= 0.5
        for part in _PART.findall(text[place.start : place.end])
        if not part.isupper()
    }
    for position, word in enumerate(words):
        # Who is named in full is often named again in short.
        written = text[word.start : word.end]
        if not accepted[position] and written in full and word.place < 0.9:
            accepted[position] = model.alone(written) >= 0.5
    _grow(text, words, accepted)
    places = _spans(text, words, accepted, "person", _JOINED, _person)
    return [place for place in places if not is_doubtful(text, place, full)] if len(text) > LONG else places


def is_doubtful(text: str, place: Place, full: Set[str]) -> bool:
    """Whether a lone word of a long text is rather a product or an ordinary word than a person.

    It is where the model is not sure, where the text has the word without its capital, too ("Done", "done"), and where
    it has none itself; not where somebody is named in full with it, nor behind an @.
    """
    written = text[place.start : place.end]
    if " " in written or written in full or text[place.start - 1 : place.start] == "@":
        return False
    if place.score < SURE_ALONE:
        return True
    return written[0].islower() or re.search(rf"(?<![\w@./-]){re.escape(written.lower())}(?![\w-])", text) is not None


def _above(text: str, addresses: Iterable[int], names: Sequence[Place], model: Classifier) -> Iterator[Place]:
    """The line above an address, if it is written like a name: who the letter is for."""
    for start in addresses:
        line = _NAME_LINE.search(text, max(0, start - 80), start)
        if line is None or any(name.start < line.end(1) and name.end > line.start(1) for name in names):
            continue
        parts = _PART.findall(line[1])
        if any(model.alone(part) >= ALONE for part in parts) and not any(part.lower() in ORDINARY for part in parts):
            yield Place(line.start(1), line.end(1), "person", 0.5)


def _person(word: Word) -> float:
    return word.person


def _usual(text: str, words: Sequence[Word]) -> dict[str, float]:
    """Of words that stand in ``text`` three times or more: how likely they are part of a name on average."""
    seen: dict[str, list[float]] = {}
    for word in words:
        if word.person >= LIKELY or text[word.start : word.end] in seen:
            seen.setdefault(text[word.start : word.end], []).append(word.person)
    return {written: sum(odds) / len(odds) for written, odds in seen.items() if len(odds) >= 3}


def _is_name(text: str, word: Word, usual: Mapping[str, float], model: Classifier) -> bool:
    if word.person < LIKELY or word.address > word.person:
        return False
    written = text[word.start : word.end]
    if len(written) < 2 or not written[0].isalpha() or _TITLE.match(written):
        return False
    if written[0].islower():
        return word.person >= LOWER_CASE and model.alone(written) >= ALONE
    if written.lower() in ORDINARY:
        return word.person >= 0.9 and written.lower() in ("april", "june", "august", "will", "may")
    if not written[1:].islower() and not _SCOTTISH.match(written):  # GSA, GitHub
        return False
    if usual.get(written, 1.0) < SURE:
        return False
    begins = _begins_sentence(text, word.start)
    if word.person >= SURE and word.person >= word.place:
        return not begins or word.person >= 0.6 or model.alone(written) >= 0.5
    if word.person < IN_LONG and len(text) > LONG:
        return False
    return model.alone(written) >= ALONE and word.place < 0.6 and (not begins or word.person >= 0.1)


def _accept_capitals(text: str, words: Sequence[Word], accepted: list[bool]) -> None:
    """MARIA LOPEZ is a name, GSA is none: two words in capitals beside each other, both surely names."""
    for position in range(1, len(words)):
        pair = words[position - 1 : position + 1]
        written = [text[word.start : word.end] for word in pair]
        if (
            all(each.isupper() and len(each) > 3 for each in written)
            and all(word.person >= 0.8 for word in pair)
            and text[pair[0].end : pair[1].start] == " "
        ):
            accepted[position - 1] = accepted[position] = True


def _begins_sentence(text: str, start: int) -> bool:
    return bool(_SENTENCE_END.search(text, max(0, start - 6), start)) or start == 0


def _join_lists(text: str, words: Sequence[Word], accepted: list[bool], model: Classifier) -> None:
    """In "Kim, Lee and Park" all are names if one is."""
    for step in (1, -1):
        order = range(len(words))[::step]
        for position in order:
            before = position - step
            if accepted[position] or not 0 <= before < len(words):
                continue
            word = words[position]
            written = text[word.start : word.end]
            if len(written) < 3 or not written.istitle() or written.lower() in ORDINARY:
                continue
            while 0 <= before < len(words) and text[words[before].start : words[before].end] in (",", "and", "&", "or"):
                before -= step
            if abs(before - position) > 1 and 0 <= before < len(words) and accepted[before] and word.place < 0.3:
                accepted[position] = word.person >= 0.05 or (model.alone(written) >= ALONE and word.person > 0.002)


def _grow(text: str, words: Sequence[Word], accepted: list[bool]) -> None:
    """Take in what stands beside a name and is written like one: initials, further names."""
    for step in (1, -1):
        order = range(len(words))[::step]
        for position in order:
            before = position - step
            if accepted[position] or not 0 <= before < len(words):
                continue
            while 0 <= before < len(words) and text[words[before].start : words[before].end] in ("-", "'", "’", "."):
                before -= step
            if not (0 <= before < len(words) and accepted[before]):
                continue
            word = words[position]
            left, right = sorted((word, words[before]))
            written = text[word.start : word.end]
            if not _JOINED.match(text[left.end : right.start]):
                continue
            if _INITIAL.match(written) and (step == 1 or text[word.end : word.end + 1] == "."):
                accepted[position] = True
            elif written[0].isupper() and not written.isupper() and written.lower() not in ORDINARY:
                accepted[position] = word.person >= 0.05 and not _TITLE.match(written)


# -- addresses ------------------------------------------------------------------------------------------


def _addresses(text: str, words: Sequence[Word], known: Sequence[tuple[int, int]]) -> list[Place]:
    accepted = [word.address >= ADDRESS and word.address >= word.person for word in words]
    # A town or state between or behind parts of an address belongs to it.
    for position, word in enumerate(words):
        if not accepted[position] and position and accepted[position - 1] and word.place >= 0.5:
            accepted[position] = bool(_ADDRESS_GAP.match(text[words[position - 1].end : word.start]))
    sure: list[Place] = []
    numbers: list[Place] = []
    for place in _spans(text, words, accepted, "address", _ADDRESS_GAP, lambda word: word.address):
        written = text[place.start : place.end]
        if any(map(str.isdigit, written)):
            (sure if _STREET_WORD.search(written) else numbers).append(grown(text, place))
    anchors = sorted([*known, *((place.start, place.end) for place in sure)])
    towns = [(word.start, word.end) for word in words if word.place >= 0.5]
    sure += [
        place
        for place in numbers
        if _beside(place, anchors, _NEAR) or (place.end - place.start >= 4 and _beside(place, towns, _NEXT))
    ]
    return sure


def _beside(place: Place, others: Sequence[tuple[int, int]], distance: int) -> bool:
    """Whether one of ``others``, in order of place, is within ``distance`` characters."""
    behind = bisect_right(others, (place.end + distance, len(others) and others[-1][1]))
    return any(place.start - end <= distance for _, end in others[max(0, behind - 3) : behind])


def grown(text: str, place: Place) -> Place:
    """An address with the house number before it and the postal code behind it."""
    start, end = place.start, place.end
    for _ in range(2):
        if before := _NUMBER_BEFORE.search(text, max(0, start - 12), start):
            start = before.start()
    if after := _CODE_AFTER.match(text, end, end + 30):
        end = after.end()
    return place._replace(start=start, end=end)


def _spans(
    text: str,
    words: Sequence[Word],
    accepted: Iterable[bool],
    kind: str,
    gap: re.Pattern[str],
    probability: Callable[[Word], float],
) -> list[Place]:
    """Accepted words as stretches, joined across ``gap``."""
    places: list[Place] = []
    for word, yes in zip(words, accepted, strict=True):
        if not yes:
            continue
        score = round(probability(word), 2)
        if places and gap.match(text[places[-1].end : word.start]):
            last = places[-1]
            places[-1] = Place(last.start, word.end, kind, max(last.score, score))
        else:
            places.append(Place(word.start, word.end, kind, score))
    return places
