"""What is asked in the exam must not be in the textbook: leaks between bench, evaluation and training, as a table.

A leak of the bench is the same *question*: word for word, in nearly the same words, or in other words (by embedding).
The same *fact* asked otherwise is what tuning is for; it is reported as such and stays. Exact overlap alone misses
rephrased test items (Yang et al. 2023, https://arxiv.org/abs/2311.04850).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from foretune.evidence import asked, content_stems, facts
from foretune.pairs.checks import AskedBefore
from foretune.pairs.framework import Framework
from foretune.types import Pair

__all__ = ["BenchMatcher", "Embed", "Leak", "LeakKind", "find_leaks", "shown_examples"]

Embed = Callable[[Sequence[str]], Any]
"""Texts to unit vectors: float32 of shape ``(len(texts), dimensions)``."""

_NGRAM = 8
"""Words in a row that two texts share by more than chance; LLaMA 2 (https://arxiv.org/abs/2307.09288, A.6) counts from
ten tokens."""
_RUN_SHARE = 0.7
"""Of a bench question's words, in a row: fewer are a turn of phrase (*from one year to the next*), not the question."""
_SHORTEST_RUN = 4
"""Words; shorter questions are found by their content words."""
_SAME_MEANING = 0.88
"""Cosine of MiniLM embeddings from which two questions ask the same in other words, if their numbers and names do not
part them."""
_LIKE_MEANING, _COMMON = 0.75, 0.4
"""Lower cosine, from which they do where they also have this share (Jaccard) of what is asked about in common. Of the
47 pairs that a person judged the same question (``tests/pairs/same_questions.jsonl``, from pages of one handbook) both
rules together find 44, and a cosine of .9 alone 13. They also take 13 of the 36 others, all on the same subject: a pair
too many that is dropped costs less than an answer that was read beforehand."""
_SAME_FACT = 0.6
"""Cosine from which a question about the same answer is reported as the same fact."""
_NEARLY_SAME = 0.5
"""Share of a response's word 8-grams that stand in another from which both are nearly the same text."""
_FEWEST_SHINGLES = 5


class LeakKind(StrEnum):
    """How something to be kept apart got in."""

    QUESTION = "same question"
    NGRAM = "same words in a row"
    MEANING = "same question in other words"
    DOCUMENT = "nearly the same text on both sides"
    EXAMPLE = "example of the framework"
    FACT = "same fact asked otherwise"

    @property
    def harmful(self) -> bool:
        """False for the same fact: that is what tuning is for."""
        return self is not LeakKind.FACT


@dataclass(frozen=True, slots=True)
class Leak:
    """A pair, and what it shares with what."""

    kind: LeakKind
    pair_id: str
    path: str
    prompt: str
    other: str
    """The bench question, the example, or the prompt of the evaluation pair."""
    similarity: float
    """1 for the same words; else the share or cosine that decided."""
    trained_on: bool
    """Whether the pair is on the training side now; a leak that was dropped is not."""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value, "harmful": self.kind.harmful}


class BenchMatcher:
    """The bench's questions, read once, and whether prompts ask one of them."""

    def __init__(self, questions: Sequence[str], embed: Embed | None = None) -> None:
        self._questions = list(questions)
        self._asked = AskedBefore(questions)
        self._embed = embed
        self._runs: dict[int, dict[str, int]] = {}
        for number, question in enumerate(questions):
            words = _words(question)
            length = max(min(_NGRAM, len(words)), round(_RUN_SHARE * len(words)))
            if length >= _SHORTEST_RUN:
                for gram in _ngrams(question, length):
                    self._runs.setdefault(length, {}).setdefault(gram, number)

    def matches(self, prompts: Sequence[str]) -> list[tuple[LeakKind, str, float] | None]:
        """For each prompt the kind, the question and the similarity; None where it asks none of them."""
        found: list[tuple[LeakKind, str, float] | None] = [self._by_words(prompt) for prompt in prompts]
        for number, question, cosine in self._alike([n for n, leak in enumerate(found) if leak is None], prompts):
            if _same_in_other_words(prompts[number], self._questions[question], cosine):
                found[number] = (LeakKind.MEANING, self._questions[question], cosine)
        return found

    def alike(self, prompts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
        """For each prompt its number, that of the question most like it, and their cosine."""
        return self._alike(range(len(prompts)), prompts)

    def _by_words(self, prompt: str) -> tuple[LeakKind, str, float] | None:
        if (same := self._asked.find(prompt)) is not None:
            return LeakKind.QUESTION, self._questions[same], 1.0
        for length, runs in self._runs.items():
            shared = next((runs[gram] for gram in _ngrams(prompt, length) if gram in runs), None)
            if shared is not None:
                return LeakKind.NGRAM, self._questions[shared], 1.0
        return None

    def _alike(self, numbers: Sequence[int], prompts: Sequence[str]) -> Iterator[tuple[int, int, float]]:
        if self._embed is None or not self._questions or not numbers:
            return
        wanted = self._embed(self._questions)
        for start in range(0, len(numbers), _EMBEDDED):
            lot = numbers[start : start + _EMBEDDED]
            cosines = self._embed([prompts[number] for number in lot]) @ wanted.T
            for number, best, row in zip(lot, cosines.argmax(axis=1), cosines, strict=True):
                yield number, int(best), float(row[best])


_EMBEDDED = 512
"""Prompts embedded at once."""


def _same_in_other_words(one: str, other: str, cosine: float) -> bool:
    if cosine < _LIKE_MEANING or _parted(one, other):
        return False
    mine, theirs = _about(one), _about(other)
    return cosine >= _SAME_MEANING or len(mine & theirs) >= _COMMON * max(1, len(mine | theirs))


def _about(question: str) -> frozenset[str]:
    """Stems of what is asked about: without question words and measures, small numbers in digits."""
    return frozenset(_DIGITS.get(stem, stem) for stem in asked(question).stems)


_DIGITS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip


def _parted(one: str, other: str) -> bool:
    """Whether both name numbers or dates and not the same ones: likely another question in the same form."""
    first, second = facts(one), facts(other)
    mine, theirs = {str(q.value) for q in first.quantities}, {str(q.value) for q in second.quantities}
    return bool(mine and theirs and not mine & theirs)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _ngrams(text: str, length: int = _NGRAM) -> list[str]:
    words = _words(text)
    return [" ".join(words[start : start + length]) for start in range(len(words) - length + 1)]


# -- near-duplicate responses -------------------------------------------------------------------------------


def nearly_same(train: Sequence[Pair], evaluation: Sequence[Pair]) -> Iterator[tuple[Pair, Pair, float]]:
    """Training pairs whose response is nearly an evaluation pair's, with that pair and the share of common 8-grams."""
    by_gram: defaultdict[str, set[int]] = defaultdict(set)
    sizes = []
    for number, pair in enumerate(evaluation):
        grams = set(_ngrams(pair.response))
        sizes.append(len(grams))
        for gram in grams:
            by_gram[gram].add(number)
    for pair in train:
        grams = set(_ngrams(pair.response))
        shared: defaultdict[int, int] = defaultdict(int)
        for gram in grams & by_gram.keys():
            for number in by_gram[gram]:
                shared[number] += 1
        for number, count in sorted(shared.items()):
            smaller = min(len(grams), sizes[number])
            if smaller >= _FEWEST_SHINGLES and count / smaller >= _NEARLY_SAME:
                yield pair, evaluation[number], count / smaller
                break


# -- examples -------------------------------------------------------------------------------------------


def shown_examples(framework: Framework, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, str, float]]:
    """Pairs that repeat an example of the framework, in prompt or response."""
    examples = [each for style in (framework.question, framework.instruction) for each in style.examples]
    prompts = [each.prompt for each in examples]
    asked = AskedBefore(prompts)
    grams = {gram: each.prompt for each in examples for gram in _ngrams(f"{each.text} . {each.prompt}")}
    for pair in pairs:
        if (found := asked.find(pair.prompt)) is not None:
            yield pair, prompts[found], 1.0
        elif gram := next((gram for gram in _ngrams(f"{pair.prompt} . {pair.response}") if gram in grams), None):
            yield pair, grams[gram], 1.0


# -- the table ------------------------------------------------------------------------------------------


def find_leaks(
    pairs: Iterable[Pair],
    bench: Sequence[tuple[str, str]],
    framework: Framework,
    *,
    embed: Embed | None = None,
) -> list[Leak]:
    """Every leak among the pairs, kept or dropped, harmful ones first.

    Args:
        bench: each of the bench's questions and paraphrases with its answer (empty where there is none).
        embed: texts to unit vectors; without it only words tell.
    """
    written = [pair for pair in pairs if pair.state != "set_aside"]
    found: list[Leak] = []
    matcher = BenchMatcher([question for question, _ in bench], embed)
    prompts = [pair.prompt for pair in written]
    leaking = matcher.matches(prompts)
    for pair, leak in zip(written, leaking, strict=True):
        if leak is not None:
            found.append(_leak(leak[0], pair, leak[1], leak[2]))
    for number, question, cosine in _facts(written, bench, matcher, embed):
        if leaking[number] is None:
            found.append(_leak(LeakKind.FACT, written[number], bench[question][0], cosine))
    kept = [pair for pair in written if pair.state == "kept"]
    train = [pair for pair in kept if pair.split == "train"]
    evaluation = [pair for pair in kept if pair.split == "evaluation"]
    found += [
        _leak(LeakKind.DOCUMENT, one, other.prompt, share) for one, other, share in nearly_same(train, evaluation)
    ]
    found += [_leak(LeakKind.EXAMPLE, pair, text, share) for pair, text, share in shown_examples(framework, written)]
    return sorted(
        found, key=lambda leak: (not leak.kind.harmful, not leak.trained_on, leak.kind, leak.path, leak.pair_id)
    )


def _leak(kind: LeakKind, pair: Pair, other: str, similarity: float) -> Leak:
    trained_on = pair.state == "kept" and pair.split == "train"
    return Leak(kind, pair.id, pair.path, pair.prompt, other, round(similarity, 3), trained_on)


def _facts(
    pairs: Sequence[Pair], bench: Sequence[tuple[str, str]], matcher: BenchMatcher, embed: Embed | None
) -> Iterator[tuple[int, int, float]]:
    """Pairs that give the answer of a bench question whose words they share: the same fact, asked otherwise."""
    answers = [f" {' '.join(_words(answer))} " for _, answer in bench]
    prompts = [pair.prompt for pair in pairs]
    if embed is not None:
        for number, question, cosine in matcher.alike(prompts):
            said = f" {' '.join(_words(pairs[number].response))} "
            if cosine >= _SAME_FACT and answers[question].strip() and answers[question] in said:
                yield number, question, cosine
        return
    stems = [frozenset(content_stems(question)) for question, _ in bench]
    for number, pair in enumerate(pairs):
        mine = frozenset(content_stems(f"{pair.prompt} {pair.response}"))
        said = f" {' '.join(_words(pair.response))} "
        for question, wanted in enumerate(stems):
            share = len(wanted & mine) / len(wanted) if wanted else 0.0
            if share >= _SAME_FACT and answers[question].strip() and answers[question] in said:
                yield number, question, share
                break
