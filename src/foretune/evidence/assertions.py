"""Which of several values in a response is the one it asserts?

>>> text = "Fewer than 3 years: 4 hours per pay period; 3 to 15 years: 6 hours."
>>> rivals = [Mention(21, 28, right=True), Mention(60, 67, right=False)]
>>> asserts_right("How many hours with fewer than three years?", text, rivals)
True
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from foretune.evidence.questions import asked
from foretune.evidence.text import Span, clauses, content_stems, sentences

__all__ = ["Mention", "asserts_right"]

_HEDGE = re.compile(r"\W*(?:or|to|and/or|or even|or maybe|or perhaps)\W*", re.IGNORECASE)
_MARGIN = 2
"""How many more of the question's words a later value must stand among to beat the first one said."""

_FITTING = 3
"""What a fitting bound is worth, in words of the question."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A value in the response and whether it is the expected one."""

    start: int
    end: int
    right: bool
    fitting: bool = False
    """Bounded as the question asks (*not to exceed 240* for *the longest*)."""


def asserts_right(question: str, response: str, mentions: Sequence[Mention]) -> bool:
    """True where the expected value is what the response answers.

    Alone it is. *4 or 6 hours* asserts neither. Otherwise the value said first counts,
    unless another one stands in words clearly closer to the question's.
    """
    right = [m for m in mentions if m.right]
    wrong = [m for m in mentions if not m.right]
    if not right or not wrong:
        return bool(right)
    if all(_hedged(response, m, wrong) for m in right):
        return False
    stems = set(asked(question).stems)
    contexts = _contexts(response, mentions)
    best_right = max(len(stems & contexts[m]) + _FITTING * m.fitting for m in right)
    best_wrong = max(len(stems & contexts[m]) + _FITTING * m.fitting for m in wrong)
    first_is_right = min(mentions, key=lambda m: m.start).right
    lead = best_right - best_wrong
    return lead > -_MARGIN if first_is_right else lead >= _MARGIN


def _hedged(response: str, mention: Mention, others: Sequence[Mention]) -> bool:
    for other in others:
        low, high = sorted((mention, other), key=lambda m: m.start)
        if _HEDGE.fullmatch(response, low.end, high.start):
            return True
    return False


def _contexts(response: str, mentions: Sequence[Mention]) -> dict[Mention, set[str]]:
    """Stems around each mention: its clause and the clauses that belong to no other value."""
    spans = sentences(response)
    starts = [span.start for span in spans]
    found: dict[Mention, set[str]] = {}
    for mention in mentions:
        index = bisect_right(starts, mention.start) - 1
        sentence = spans[index] if index >= 0 else Span(response, 0, len(response))
        found[mention] = set(content_stems(_own_words(response, sentence, mention, mentions)))
    return found


def _own_words(response: str, sentence: Span, mention: Mention, mentions: Sequence[Mention]) -> str:
    parts = clauses(sentence)
    holders = [i for i, part in enumerate(parts) if any(part.start <= m.start < part.end for m in mentions)]
    mine = next((i for i in holders if parts[i].start <= mention.start < parts[i].end), None)
    if mine is None:
        return sentence.text
    kept = [i for i in range(len(parts)) if i == mine or _owner(response, parts, holders, i) in (mine, None)]
    return " ".join(parts[i].text for i in kept)


def _owner(response: str, parts: Sequence[Span], holders: Sequence[int], i: int) -> int | None:
    """The clause with a value that clause ``i`` qualifies; None where it qualifies them all."""
    if i in holders:
        return i
    before = [h for h in holders if h < i]
    after = [h for h in holders if h > i]
    if after and response[parts[i].end : parts[i].end + 1] == ":":
        return after[0]
    return before[-1] if before else None
