"""Names: capitalised phrases, acronyms and product spellings such as ``KeePassXC`` or ``18F``.

By form, not by dictionary: it finds what a writer marked as a name and misses what
was written small. Where people's names matter (privacy), a trained model looks too;
that is governance's work.

>>> [n.text for n in names("The Local Reasonable Accommodation Coordinator (LRAC) is Ada Byron of 18F.")]
['Local Reasonable Accommodation Coordinator', 'LRAC', 'Ada Byron of 18F']
"""

from __future__ import annotations

import re

from foretune.evidence.text import STOP_WORDS, Span, Token, fold, sentences, tokens, word_list

__all__ = ["names"]

_LINK_WORDS = frozenset(word_list("of the for and de la le du der den van von da di del al bin"))
_JOINT = re.compile(r"[ \u00a0]|[-–/&’'.] ?|\. ")
_NOT_NAMES = frozenset(
    word_list(
        "january february march april may june july august september october november december monday tuesday "
        "wednesday thursday friday saturday sunday mr mrs ms dr yes no not never also however therefore thus note "
        "please first second third next then finally additionally furthermore although according based overall"
    )
)


def names(text: str) -> list[Span]:
    """Names in order of appearance, longest form, without leading article or title.

    A capital at the start of a sentence is no evidence, so a single word there counts
    only where it is written with a capital elsewhere too, or looks like nothing else
    (``GSA``, ``KeePassXC``, ``18F``). Months and weekdays are dates, not names.
    """
    found: list[Span] = []
    doubtful: list[Span] = []
    for sentence in sentences(text):
        words = [Token(t.text, t.start + sentence.start, t.end + sentence.start, t.norm) for t in tokens(sentence.text)]
        for run in _runs(text, words):
            span = Span(text[run[0].start : run[-1].end], run[0].start, run[-1].end)
            sure = len(run) > 1 or run[0].start > words[0].start or _marked(run[0])
            (found if sure else doubtful).append(span)
    known = {fold(word.text) for span in found for word in tokens(span.text)}
    found += [span for span in doubtful if fold(span.text) in known]
    return sorted(found, key=lambda span: span.start)


def _runs(text: str, words: list[Token]) -> list[list[Token]]:
    runs: list[list[Token]] = []
    run: list[Token] = []
    for i, word in enumerate(words):
        touching = bool(run) and _JOINT.fullmatch(text, run[-1].end, word.start) is not None
        links = bool(run) and word.norm in _LINK_WORDS and _continues(text, words, i)
        if links and run == words[:1] and word.norm != "of":
            links = _marked(run[0])  # "Ask the Coordinator": the capital is the sentence's
        if touching and (_capital(word) or links):
            run.append(word)
        else:
            runs.append(run)
            run = [word] if _capital(word) else []
    runs.append(run)
    return [kept for kept in map(_trimmed, runs) if kept]


def _continues(text: str, words: list[Token], i: int) -> bool:
    for j in range(i + 1, min(i + 3, len(words))):
        if not _JOINT.fullmatch(text, words[j - 1].end, words[j].start):
            return False
        if _capital(words[j]):
            return words[i].norm != "and" or j == i + 1
        if words[j].norm not in _LINK_WORDS:
            return False
    return False


def _trimmed(run: list[Token]) -> list[Token]:
    start, end = 0, len(run)
    while start < end and _weak(run[start]):
        start += 1
    while end > start and _weak(run[end - 1]):
        end -= 1
    return run[start:end]


def _weak(word: Token) -> bool:
    if _marked(word):
        return False
    return word.norm in STOP_WORDS or word.norm in _NOT_NAMES or word.norm in _LINK_WORDS


def _capital(word: Token) -> bool:
    return word.text[:1].isupper() or _marked(word)


def _marked(word: Token) -> bool:
    """True for spellings that only names have: several capitals, or capitals and digits."""
    letters = [c for c in word.text if c.isalpha()]
    capitals = sum(c.isupper() for c in letters)
    if any(c.isdigit() for c in word.text):
        return capitals > 0
    return capitals > 1 and len(letters) > 1
