"""Which stretches of a text the classifier has to read.

Most sentences name nobody, and looking at a word once is a hundred times cheaper
than reading every sentence it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

__all__ = ["ORDINARY", "WINDOW", "blank_links", "windows"]

WINDOW = 480
"""Characters in one run at most: Rampart's publisher scans in windows of this length, where it finds most."""

MAYBE = 0.2
"""A capitalised word is looked at in its sentence if alone it is a name with this probability."""

_ORDINARY_WORDS = """
a about above according add after again all allow almost along already also although always an and another any are as
ask at avoid be because been before being below best better between both but by call can change check choose click
come complete consider contact could create date day days did do does don't during each either email employees enter
even ever every everyone everything example few file find first follow following for from full get give go good great
had has have having he hello help her here hi his how however i i'd i'll i'm i've if important in include including
instead into is it it's its just keep know last learn let let's like list long look make making many may me meet
meeting might more most much must my name need never new next no not note nothing now of off office ok on once one
only open or other our out over own page part people phone please provide put read really remember review same see
send set she should since so some someone something sometimes start step still such sure take team tell than thank
thanks that that's the their them then there there's these they they're thing things think this those though through
time to today together too try two under until up update upon us use used using very want was way we we'll we're we've
welcome well were what what's when where whether which while who why will with within without work working would write
yes yet you you'll you're you've your currently finally fortunately generally however instead typically unfortunately
usually monday tuesday wednesday thursday friday saturday sunday january february march april june july august
september october november december
"""
ORDINARY = frozenset(_ORDINARY_WORDS.split())
"""The most frequent words that begin sentences and headings: never worth a look."""

_WORD = re.compile(r"(?<![\w@/.-])([A-Z\u00c0-\u00de\u0386-\u03ab\u0400-\u042f][\w'’]{0,40})")
_HOUSE = re.compile(
    r"(?<![\w.,$€£#/-])\d{1,6}[A-Za-z]?,?[ \n]{1,3}(?:[A-Z\u00c0-\u00de][\w'’.-]{0,30}|\d{1,5}[ \n][A-Z\u00c0-\u00de])"
    r"|\b([A-Z\u00c0-\u00de\u0386-\u03ab][\w'’.-]{1,30}),? \d{1,5}[A-Za-z]?(?![\w%:/-]|[.,]\d)"
)
"""A number before or behind a capitalised word: how the world writes street and house."""
_NOT_PROSE = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"')\]]{1,2000}|(?<=\]\()[^()\s]{1,2000}|<[/a-zA-Z!][^<>]{0,2000}>|\{[%{][^{}\n]{0,500}[%}]\}"
    r"|[\w.+-]{1,64}@[\w.-]{1,200}"
)
_PAUSE = re.compile(
    r"(?<=[.!?])[\"'”’)*_]{0,3}\s{1,8}(?=[A-Z\"'“(*_\[])|\n[ \t]{0,20}\n|\n(?=[ \t]{0,8}(?:[-*+>#|]|\d{1,3}[.)] ))"
)
_LETTERS = re.compile(r"[^\W\d_]{2,}")


def blank_links(text: str) -> str:
    """``text`` with links, tags and mail addresses as spaces, so that offsets stay what they are."""
    return _NOT_PROSE.sub(lambda match: " " * len(match.group()), text)


def windows(text: str, alone: Callable[[str], float]) -> Iterator[tuple[int, int]]:
    """Stretches of at most :data:`WINDOW` characters in which a name or an address can stand, in order.

    ``alone`` says how likely a word is a name by itself. A short text is one stretch; in a longer one sentences
    without a candidate are left out.
    """
    lower_case = not any(map(str.isupper, text))
    if len(text) <= WINDOW:
        # To read it costs no more than to look at two or three of its words alone.
        if _candidate(text, lower_case, _always):
            yield 0, len(text)
        return
    start = end = -1
    for left, right in _sentences(text):
        if not _candidate(text[left:right], lower_case, alone):
            continue
        if start >= 0 and right - start <= WINDOW and left - end <= WINDOW // 4:
            end = right
            continue
        if start >= 0:
            yield start, end
        start, end = left, right
    if start >= 0:
        yield start, end


def _always(_: str) -> float:
    return 1.0


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Sentences, list items and paragraphs; longer ones are cut at a space."""
    start = 0
    for pause in _PAUSE.finditer(text):
        yield from _cut(text, start, pause.end())
        start = pause.end()
    yield from _cut(text, start, len(text))


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > WINDOW:
        cut = max(
            text.rfind(" ", start + WINDOW // 2, start + WINDOW), text.rfind("\n", start + WINDOW // 2, start + WINDOW)
        )
        cut = cut + 1 if cut > 0 else start + WINDOW
        yield start, cut
        start = cut
    if end > start:
        yield start, end


def _candidate(sentence: str, lower_case: bool, alone: Callable[[str], float]) -> bool:
    if lower_case:
        return _is_prose(sentence)
    for match in _WORD.finditer(sentence):
        word = match[1].removesuffix("'s").removesuffix("’s")
        if len(word) > 1 and word.lower() not in ORDINARY and alone(word) >= MAYBE:
            return True
    return any((match[1] or "").lower() not in ORDINARY for match in _HOUSE.finditer(sentence))


def _is_prose(sentence: str) -> bool:
    """Words of letters for the most part, with spaces between them."""
    letters = sum(map(len, _LETTERS.findall(sentence)))
    return letters >= 0.5 * len(sentence.strip()) and letters / max(1, sentence.count(" ")) < 30
