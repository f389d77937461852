"""People's names and addresses, from the classifier's probabilities and the way they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from foretune.governance.personal.classifier import Classifier, Word, windows

__all__ = ["Place", "names_and_addresses", "worth_reading"]

SURE = 0.3
"""A capitalised word is part of a name from this probability on."""
LIKELY = 0.01
"""... or from this on, if it is also one where only a name is to be expected (:data:`ALONE`)."""
ALONE = 0.75
LOWER_CASE = 0.6
"""A word without a capital, in a text that has capitals."""
ADDRESS = 0.3

# The most frequent words that begin sentences and headings; what else is capitalised may be a name.
_ORDINARY = frozenset(
    """a about above according add after again all allow almost along already also although always an and another any
are as ask at avoid be because been before being below best better between both but by call can change check choose
click come complete consider contact could create date day days did do does don't during each either email employees
enter even ever every everyone everything example few file find first follow following for from full get give go good
great had has have having he hello help her here hi his how however i i'd i'll i'm i've if important in include
including instead into is it it's its just keep know last learn let let's like list long look make making many may me
meet meeting might more most much must my name need never new next no not note nothing now of off office ok on once one
only open or other our out over own page part people phone please provide put read really remember review same see
send set she should since so some someone something sometimes start step still such sure take team tell than thank
thanks that that's the their them then there there's these they they're thing things think this those though through
time to today together too try two under until up update upon us use used using very want was way we we'll we're we've
welcome well were what what's when where whether which while who why will with within without work working would write
yes yet you you'll you're you've your
monday tuesday wednesday thursday friday saturday sunday january february march april june july august september
october november december""".split()
)
_CAPITALISED = re.compile(r"(?<![\w@/.-])([A-Z\u00c0-\u00de\u0386-\u03ab\u0400-\u042f][\w'’]*)")
_TITLE = re.compile(r"(?:mr|mrs|ms|mx|dr|prof|sir|lady|miss|herr|frau|mme|sr|sra)\Z", re.IGNORECASE)
_INITIAL = re.compile(r"[A-Z]\Z")
_JOINED = re.compile(r"(?:[ \u00a0]|\.[ \u00a0]?|[-'’‘]|, (?=(?:Jr|Sr)\b))\Z")
_ADDRESS_GAP = re.compile(r"[\s,.#/-]{0,8}\Z")
_NUMBER_BEFORE = re.compile(r"(?<![\w.,$€£#/-])\d{1,6}[A-Za-z]?[ \n,]{1,4}\Z")
_CODE_AFTER = re.compile(r"[\s,]{1,8}(?:[A-Z]{2}[ -])?\d{4,6}(?:-\d{4})?(?![\w-]|[.,]\d)")
_SENTENCE_END = re.compile(r"(?:^|[.!?:\n\"“*#>|-])\s{0,3}[\"'“‘(*_#>-]{0,3}\Z")


class Place(NamedTuple):
    """A stretch of text that is a name or (part of) an address."""

    start: int
    end: int
    type: str
    score: float


def worth_reading(text: str) -> bool:
    """Whether a name or an address can stand in ``text``: else the model need not look at it.

    True where a capitalised word is no ordinary one, and where nothing is capitalised at all.
    """
    capitalised = False
    for match in _CAPITALISED.finditer(text):
        capitalised = True
        if match[1].lower() not in _ORDINARY:
            return True
    return not capitalised and any(map(str.isalpha, text))


def names_and_addresses(text: str, model: Classifier) -> list[Place]:
    """Names and addresses in ``text``, in order, none overlapping another of its kind."""
    words: list[Word] = []
    for start, end in windows(text):
        piece = text[start:end]
        if worth_reading(piece):
            words += [word._replace(start=word.start + start, end=word.end + start) for word in model.words(piece)]
    names = _names(text, words, model)
    return sorted([*names, *_addresses(text, words)])


# -- names ----------------------------------------------------------------------------------------------


def _names(text: str, words: Sequence[Word], model: Classifier) -> list[Place]:
    accepted = [_is_name(text, word, model) for word in words]
    _join_lists(text, words, accepted, model)
    known = {text[word.start : word.end] for word, yes in zip(words, accepted, strict=True) if yes}
    for position, word in enumerate(words):
        # Who is named once in full is often named again in short.
        written = text[word.start : word.end]
        accepted[position] = accepted[position] or (
            written in known and len(written) > 2 and written[:1].isupper() and word.place < 0.9
        )
    _grow(text, words, accepted)
    return _spans(text, words, accepted, "person", _JOINED, lambda word: word.person)


def _is_name(text: str, word: Word, model: Classifier) -> bool:
    if word.person < LIKELY or word.address > word.person:
        return False
    written = text[word.start : word.end]
    if len(written) < 2 or not written[0].isalpha() or _TITLE.match(written):
        return False
    if written[0].islower():
        return word.person >= LOWER_CASE and model.alone(written) >= ALONE
    if written.lower() in _ORDINARY:
        return word.person >= 0.9 and written.lower() in ("april", "june", "august", "will", "may")
    if word.person >= SURE and word.person >= word.place:
        return not _begins_sentence(text, word.start) or word.person >= 0.6 or model.alone(written) >= 0.5
    return model.alone(written) >= ALONE and word.place < 0.6


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
            if not written[0].isupper() or len(written) < 3 or written.lower() in _ORDINARY:
                continue
            while 0 <= before < len(words) and text[words[before].start : words[before].end] in (",", "and", "&", "or"):
                before -= step
            if abs(before - position) > 1 and 0 <= before < len(words) and accepted[before] and word.place < 0.3:
                accepted[position] = word.person >= 0.05 or model.alone(written) >= ALONE and word.person > 0.002


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
            elif written[0].isupper() and len(written) > 1 and written.lower() not in _ORDINARY:
                accepted[position] = word.person >= 0.05 and not _TITLE.match(written)


# -- addresses ------------------------------------------------------------------------------------------


def _addresses(text: str, words: Sequence[Word]) -> list[Place]:
    accepted = [word.address >= ADDRESS and word.address >= word.person for word in words]
    # A town or state between or behind parts of an address belongs to it.
    for position, word in enumerate(words):
        if not accepted[position] and position and accepted[position - 1] and word.place >= 0.5:
            accepted[position] = bool(_ADDRESS_GAP.match(text[words[position - 1].end : word.start]))
    places = []
    for place in _spans(text, words, accepted, "address", _ADDRESS_GAP, lambda word: word.address):
        written = text[place.start : place.end]
        if not any(map(str.isdigit, written)) and place.score < 0.8:
            continue
        if sum(map(str.isalnum, written)) < 3:
            continue
        places.append(grown(text, place))
    return places


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
