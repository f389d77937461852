"""Is this prompt fit to be learned from? Small registered checks, each with its reason in words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from foretune.evidence import content_stems
from foretune.pairs.framework import Style
from foretune.pairs.units import Unit

__all__ = ["AskedBefore", "Candidate", "PromptCheck", "bench_leak", "check", "copied", "faults", "same_question"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt and what it was written for."""

    prompt: str
    unit: Unit
    style: Style
    answer: str = ""
    """What it is to be the prompt for; the unit's text where empty."""
    known: str = ""
    """More words it may use: the question it rephrases."""

    @property
    def vocabulary(self) -> frozenset[str]:
        """Stems of the title, headings, tags and text."""
        unit = self.unit
        words = [unit.document.title, *unit.headings, *unit.document.tags, unit.text, self.known]
        return frozenset(content_stems(" ".join(words)))


PromptCheck = Callable[[Candidate], str]
"""Returns what is wrong, or nothing."""

_CHECKS: list[PromptCheck] = []


def check(function: PromptCheck) -> PromptCheck:
    """Register a check."""
    _CHECKS.append(function)
    return function


def faults(candidate: Candidate) -> list[str]:
    """All that is wrong with a prompt; empty where it is fit."""
    return [reason for each in _CHECKS if (reason := each(candidate))]


SHORTEST, LONGEST = 12, 400
"""A prompt's length in characters: shorter says nothing, longer is a text of its own."""


@check
def has_a_sensible_length(candidate: Candidate) -> str:
    length = len(candidate.prompt)
    return (
        "" if SHORTEST <= length <= LONGEST else f"it is {length} characters long ({SHORTEST} to {LONGEST} make sense)"
    )


@check
def is_complete(candidate: Candidate) -> str:
    """The engine stopped in mid-sentence where no mark ends it."""
    return "" if candidate.prompt.rstrip().endswith((".", "?", "!", "”", '"', ")")) else "it breaks off"


_POINTING = re.compile(
    r"\b(?:the|this|that|following|above|given|provided)\s+(?:text|document|passage|article|excerpt|section|page|paragraph)\b"
    r"|\bas an ai\b|\blanguage model\b|\b(?:text|passage) (?:above|below)\b",
    re.IGNORECASE,
)


@check
def stands_by_itself(candidate: Candidate) -> str:
    """Who asks later has no text before them."""
    match = _POINTING.search(candidate.prompt)
    return f"it points to something the reader does not have (“{match.group()}”)" if match else ""


@check
def is_about_the_document(candidate: Candidate) -> str:
    """Half of what it speaks of has to occur in the response, its title or its headings."""
    stems = set(content_stems(candidate.prompt))
    if not stems:
        return "it says nothing"
    share = len(stems & candidate.vocabulary) / len(stems)
    return "" if share >= 0.5 else f"only {share:.0%} of its words occur in the document it should be about"


@check
def is_not_copied_from_an_example(candidate: Candidate) -> str:
    for example in candidate.style.examples:
        if same_question(candidate.prompt, example.prompt, at_least=0.6):
            return "it repeats an example of the framework"
    return ""


@check
def borrows_nothing_from_an_example(candidate: Candidate) -> str:
    """Words of an example that the document does not know have leaked from it."""
    known = candidate.vocabulary
    for example in candidate.style.examples:
        shown = set(content_stems(f"{example.title} {example.text} {example.prompt}"))
        if leaked := (set(content_stems(candidate.prompt)) & shown) - known - _COMMON:
            return f"it speaks of an example of the framework ({', '.join(sorted(leaked))})"
    return ""


_COMMON = frozenset(
    content_stems("happen work use need write post author people day time know show tell explain describe")
)
"""Words that are in the examples and in every other prompt."""


@check
def does_not_give_the_answer_away(candidate: Candidate) -> str:
    """Eight words in a row from the response are the response."""
    return next(iter(copied(candidate.prompt, candidate.answer or candidate.unit.text)), "")


_COPIED = 8
"""Words in a row that are a quotation."""


def copied(prompt: str, answer: str) -> list[str]:
    """That the prompt quotes the answer, where it does."""
    words, known = _words(prompt), f" {' '.join(_words(answer))} "
    for start in range(len(words) - _COPIED + 1):
        if f" {' '.join(words[start : start + _COPIED])} " in known:
            return ["it quotes eight words in a row of the answer"]
    return []


@check
def does_not_ramble(candidate: Candidate) -> str:
    words = _words(candidate.prompt)
    trigrams = list(zip(words, words[1:], words[2:], strict=False))
    return "it repeats itself" if len(trigrams) - len(set(trigrams)) >= 2 else ""


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


SAME = 0.8
"""Jaccard overlap of the content words from which two prompts ask the same."""


def same_question(first: str, second: str, *, at_least: float = SAME) -> bool:
    """Whether two prompts ask the same: the Jaccard overlap of their content words reaches ``at_least``."""
    return _overlap(frozenset(content_stems(first)), frozenset(content_stems(second))) >= at_least


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """Jaccard; 0 where either is empty."""
    return len(a & b) / len(a | b) if a and b else 0.0


class AskedBefore:
    """The questions so far, and whether another asks the same as one of them, without comparing it with each.

    Two sets whose Jaccard overlap reaches *t* share at least ``ceil(t * n)`` members of a set of *n*, so
    they share one of the first ``n - ceil(t * n) + 1`` of either in any fixed order: only those are looked up
    (the prefix filter of Chaudhuri et al. 2006, https://doi.org/10.1109/ICDE.2006.9).
    """

    def __init__(self, questions: Iterable[str] = (), *, at_least: float = SAME) -> None:
        self._at_least = at_least
        self._stems: list[frozenset[str]] = []
        self._by_stem: defaultdict[str, list[int]] = defaultdict(list)
        for question in questions:
            self.add(question)

    def add(self, question: str) -> None:
        stems = frozenset(content_stems(question))
        for stem in self._prefix(stems):
            self._by_stem[stem].append(len(self._stems))
        self._stems.append(stems)

    def find(self, question: str) -> int | None:
        """The position of the first question, in the order added, that asks the same; None where none does."""
        return next(self.matches(question), None)

    def matches(self, question: str) -> Iterator[int]:
        """The positions of all questions that ask the same, in the order added."""
        stems = frozenset(content_stems(question))
        candidates = sorted({number for stem in self._prefix(stems) for number in self._by_stem.get(stem, ())})
        return (number for number in candidates if _overlap(stems, self._stems[number]) >= self._at_least)

    def _prefix(self, stems: frozenset[str]) -> list[str]:
        # Longer stems are rarer; a little below the threshold, so that rounding excludes nothing.
        shared = ceil(self._at_least * len(stems) - 1e-9)
        return sorted(stems, key=lambda stem: (-len(stem), stem))[: len(stems) - shared + 1]


def bench_leak(prompt: str, questions: Sequence[str], asked: AskedBefore | None = None) -> str:
    """The bench question that this prompt asks, or nothing.

    A leak is the same *question*; the same fact asked otherwise is what tuning is for.

    Args:
        asked: the same questions, read before: for who asks often.
    """
    found = (asked or AskedBefore(questions)).find(prompt)
    return "" if found is None else questions[found]
