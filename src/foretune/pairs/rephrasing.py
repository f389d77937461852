"""Other ways of asking a question, by rule: from its clause, for oneself, in few words, in other words.

A fact is learned for use only when it is asked for in many ways (Allen-Zhu & Li 2023, Physics of Language Models:
Part 3.1, https://arxiv.org/abs/2309.14316). The words that are exchanged are everyday English, chosen so that either
can stand for the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, zip_longest

from foretune.evidence import content
from foretune.pairs.asking import RuleQuestion
from foretune.pairs.sentence_parts import for_me

__all__ = ["rephrased"]

Rephrasing = Callable[[RuleQuestion, str], Iterator[str]]
_REPHRASINGS: list[Rephrasing] = []


def _rephrasing(function: Rephrasing) -> Rephrasing:
    _REPHRASINGS.append(function)
    return function


def rephrased(asked: Sequence[RuleQuestion], topic: str, limit: int) -> list[tuple[str, RuleQuestion]]:
    """At most ``limit`` other ways of asking, each with the question it came from; never the first question itself.

    The kinds of rephrasing take turns, so that few of them are already unlike each other.
    """
    lanes = [_others(asked), *(_run(rephrasing, asked, topic) for rephrasing in _REPHRASINGS)]
    seen, found = {_bare(asked[0].text)}, []
    for way in chain.from_iterable(zip_longest(*lanes)):
        if way is not None and _bare(way[0]) not in seen:
            seen.add(_bare(way[0]))
            found.append(way)
            if len(found) == limit:
                break
    return found


def _others(asked: Sequence[RuleQuestion]) -> Iterator[tuple[str, RuleQuestion]]:
    return ((question.text, question) for question in asked[1:])


def _run(rephrasing: Rephrasing, asked: Sequence[RuleQuestion], topic: str) -> Iterator[tuple[str, RuleQuestion]]:
    for question in asked:
        for text in rephrasing(question, topic):
            clean = " ".join(text.split())
            yield clean[:1].upper() + clean[1:], question


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


@_rephrasing
def for_oneself(question: RuleQuestion, _: str) -> Iterator[str]:
    mine = for_me(question.text)
    if mine != question.text:
        yield mine


@_rephrasing
def told(question: RuleQuestion, _: str) -> Iterator[str]:
    if question.indirect:
        yield f"Tell me {for_me(question.indirect)}."


_OTHER_WORDS: tuple[tuple[str, str], ...] = (
    (r"\bmaximum number\b", "largest number"),
    (r"\bmaximum\b", "most"),
    (r"\bminimum\b", "least"),
    (r"\breceive\b", "get"),
    (r"\bemployees\b", "staff members"),
    (r"\bemployee\b", "staff member"),
    (r"\bobtain\b", "get"),
    (r"\bpurchase\b", "buy"),
    (r"\bassist\b", "help"),
    (r"\bsubmit\b", "hand in"),
    (r"\bnotify\b", "tell"),
    (r"\brequest\b(?= \w)", "ask for"),
    (r"\bprior to\b", "before"),
    (r"\bsupervisor\b", "manager"),
    (r"\bcomplete\b", "finish"),
    (r"\bprovide\b", "give"),
    (r"\butili[sz]e\b", "use"),
    (r"\bvacation\b", "holiday"),
    (r"\bentitled to\b", "owed"),
    (r"\bfiscal year\b", "budget year"),
    (r"\bcolleagues\b", "co-workers"),
    (r"\bcurrently\b", "now"),
    (r"\bpermitted\b", "allowed"),
)
_INVERTED_MUST = re.compile(r"\bmust (I|you|we|they)\b")


@_rephrasing
def in_other_words(question: RuleQuestion, _: str) -> Iterator[str]:
    text = _INVERTED_MUST.sub(r"do \1 have to", question.text)
    for pattern, words in _OTHER_WORDS:
        text = re.sub(pattern, words, text)
    if text != question.text:
        yield for_me(text)


@_rephrasing
def wondering(question: RuleQuestion, _: str) -> Iterator[str]:
    if question.indirect:
        yield f"Can you tell me {for_me(question.indirect)}?"


@_rephrasing
def in_few_words(question: RuleQuestion, _: str) -> Iterator[str]:
    """As people type it into a search box."""
    words = [token.text for token in content(question.text)]
    if 3 <= len(words) <= 9:
        yield " ".join(words).lower() + "?"


@_rephrasing
def with_its_topic(question: RuleQuestion, topic: str) -> Iterator[str]:
    if topic and topic.casefold() not in question.text.casefold():
        text = question.text
        first = text.partition(" ")[0]
        small = text[:1].lower() + text[1:] if first.istitle() and len(first) > 1 else text
        yield f"I have a question about {topic}: {for_me(small)}"


@_rephrasing
def for_somebody(question: RuleQuestion, _: str) -> Iterator[str]:
    text = re.sub(r"\b(can|must|should|may|will|could) you\b", r"\1 somebody", question.text)
    text = re.sub(r"\bdo you\b", "does somebody", text)
    if text != question.text:
        yield re.sub(r"\byour\b", "their", text)


@_rephrasing
def wanting_to_know(question: RuleQuestion, _: str) -> Iterator[str]:
    if question.indirect:
        yield f"I would like to know {for_me(question.indirect)}."
