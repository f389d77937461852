"""Finding, in passages, the sentences that answer a question.

Sentences keep the place they have in the document, so that a citation opens the
exact span. A list item carries the line that introduces the list, because
"- 4 hours" says nothing without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from foretune.embedding import Embedder
from foretune.evidence import content_stems, sentences, support
from foretune.governance.hostile import visible
from foretune.retrieval.search import Hit

__all__ = ["Quote", "Sentence", "best_quotes", "holds_what_is_asked", "plain", "split_sentences"]

_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?:[^()\s]|\([^()]*\)|\s)*\)")
_TEMPLATE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_MARKS = re.compile(r"\*{1,3}|`{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|\\(?=[\[\](){}.#*_+\-|!])")
_BLOCK = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t])|\n(?=[ \t]*[#|>])|(?<=\|)[ \t]*\n")
_ITEM = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+")
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]")
_RULE = re.compile(r"^[\s|:\-=_*]+$")
_COUNT = r"(?:two|three|four|five|six|seven|eight|\d+)"
_LISTING = re.compile(
    rf"\b(?:which|what)\b(?:\s+are|\s+{_COUNT}\b|\s+(?:\w+\s+){{0,3}}\w+s\b)"
    r"|\bwho (?:all )?are\b|\blist\b|\bname the\b",
    re.IGNORECASE,
)
_COVERAGE = 0.3
_TYPE = 0.3
"""Weights beside the two cosines, set on the example's questions and checked on others (docs/decisions)."""
_CODE = re.compile(r"\bwhat(?:'s| is| are)\b[^?]*\b\w*(?:code|pin|extension)\b(?! of conduct)", re.IGNORECASE)
_GOES_ON = re.compile(
    r"\b(?:why|what should|what do|what happens|what now|how (?:do|can|should|does))\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or list item of a passage."""

    hit: Hit
    start: int
    """Into the governed text of the document, like ``end``."""
    end: int
    text: str
    """Without markup."""
    lead: str = ""
    """The line that introduces the list it stands in."""
    block: int = 0
    """Items of one list share it, and so do sentences of one paragraph."""
    is_item: bool = False

    @property
    def whole(self) -> str:
        return f"{self.lead} {self.text}" if self.lead else self.text


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence with what it needs to be understood, and how well it answers the question."""

    sentence: Sentence
    text: str
    """The sentence, with its list or the sentence that completes it."""
    start: int
    end: int
    is_list: bool
    """Several items of a list that was asked for: no phrase may shorten it."""
    score: float
    """Support for the question: 0 (nothing to do with it) to about 2.6 (says it word for word)."""


def plain(text: str) -> str:
    """``text`` without Markdown, HTML and template marks, on one line."""
    text = _TEMPLATE.sub(" ", text)
    for _ in range(2):  # an image may stand in a link
        text = _LINK.sub(r"\1", text)
    return " ".join(_MARKS.sub("", _TAG.sub(" ", text)).split())


def split_sentences(hit: Hit) -> list[Sentence]:
    """The sentences of a passage, headings left out, and what the page hides from its readers."""
    source, offset = visible(hit.passage.text), hit.passage.start
    found: list[Sentence] = []
    lead, block, previous_was_item, header = "", 0, False, ""
    start = 0
    for end in [match.start() for match in _BLOCK.finditer(source)] + [len(source)]:
        raw, begin = source[start:end], start
        start = end
        if not raw.strip() or _RULE.match(raw) or _HEADING.match(raw.lstrip("\n")):
            if _HEADING.match(raw.lstrip("\n")):
                lead, header = "", ""
            continue
        row = raw.strip().startswith("|")
        if row and not header:
            header = plain(raw.strip().strip("|").replace("|", ", "))
            continue
        item = _ITEM.match(raw.lstrip("\n")) is not None
        if not ((item and previous_was_item) or row):
            block += 1
        previous_was_item = item
        introduced = header if row else lead if item else ""
        body = raw.strip().strip("|").replace("|", ", ") if row else raw
        if row:
            text = plain(body)
            if text:
                found.append(Sentence(hit, offset + begin, offset + end, text, introduced, block, is_item=True))
            continue
        header = ""
        last = ""
        for span in sentences(body):
            text = plain(_ITEM.sub("", span.text))
            if not text or not any(c.isalnum() for c in text):
                continue
            found.append(
                Sentence(hit, offset + begin + span.start, offset + begin + span.end, text, introduced, block, item)
            )
            last = text
        if not item:
            lead = last if last.endswith(":") else ""
    return found


def best_quotes(
    question: str,
    hits: Sequence[Hit],
    embedder: Embedder,
    *,
    idf: Callable[[str], float],
    count: int,
) -> list[Quote]:
    """The ``count`` sentences of ``hits`` that best support an answer to ``question``, best first.

    The score adds the cosine of question and sentence, once with and once without
    title and heading, the share of the question's words that sentence and
    heading hold (weighed by ``idf``), and a little where the sentence holds the
    kind of thing that is asked for.
    """
    candidates = [sentence for hit in hits for sentence in split_sentences(hit)]
    if not candidates:
        return []
    terms = {stem: idf(stem) for stem in content_stems(question)}
    total = sum(terms.values()) or 1.0
    headings = [" > ".join(sentence.hit.passage.headings[-2:]) for sentence in candidates]
    vectors = embedder.embed(
        [question]
        + [f"{heading}: {sentence.whole}" for heading, sentence in zip(headings, candidates, strict=True)]
        + [sentence.whole for sentence in candidates]
    )
    cosines = vectors[1:] @ vectors[0]
    scores = np.zeros(len(candidates))
    for number, (heading, sentence) in enumerate(zip(headings, candidates, strict=True)):
        own = set(content_stems(sentence.whole))
        framed = own | set(content_stems(heading))
        scores[number] = (
            cosines[number]
            + cosines[len(candidates) + number]
            + _COVERAGE * sum(weight for stem, weight in terms.items() if stem in own) / total
            + _COVERAGE * sum(weight for stem, weight in terms.items() if stem in framed) / total
            + (_TYPE if holds_what_is_asked(question, sentence.text) else 0.0)
        )
    quotes: list[Quote] = []
    taken: set[tuple[int, int, int]] = set()
    for number in np.argsort(-scores, kind="stable"):
        sentence = candidates[number]
        place = (sentence.hit.passage.id, sentence.start, sentence.end)
        if place in taken:
            continue
        quote = _completed(question, sentence, candidates, float(scores[number]))
        taken |= {
            (s.hit.passage.id, s.start, s.end)
            for s in candidates
            if s.hit.passage.id == place[0] and quote.start <= s.start and s.end <= quote.end
        }
        if any(quote.text == other.text for other in quotes):
            continue
        quotes.append(quote)
        if len(quotes) == count:
            break
    return quotes


def holds_what_is_asked(question: str, text: str) -> bool:
    """Whether ``text`` holds the kind of thing ``question`` asks for: a number, a date, a name, a code."""
    if _CODE.search(question):
        return any(c.isdigit() for c in text)
    return support(question, text).has_type


_LONGEST_LIST = 900
_POINTS_BACK = re.compile(r"(?:this|that|these|those|it|they|otherwise|because|therefore)\b", re.IGNORECASE)
_LONGEST_SENTENCE = 400


def _completed(question: str, sentence: Sentence, candidates: Sequence[Sentence], score: float) -> Quote:
    """Add what the sentence is not whole without: its list, its lead, or the sentence that goes on."""
    here = [s for s in candidates if s.hit.passage.id == sentence.hit.passage.id]
    position = here.index(sentence)
    listing = _LISTING.search(question) is not None
    if sentence.text.endswith(":"):
        items = _items(here, position + 1)
        return _joined(replace(sentence, lead=""), [sentence, *items], score, listing=listing)
    if sentence.is_item and listing:
        first = position
        while first > 0 and here[first - 1].is_item and here[first - 1].block == sentence.block:
            first -= 1
        return _joined(sentence, _items(here, first), score, listing=listing)
    if _GOES_ON.search(question):
        return _joined(sentence, [sentence, *_following(here, position)], score, listing=listing)
    return _joined(sentence, [sentence], score, listing=listing)


def _following(here: Sequence[Sentence], position: int) -> list[Sentence]:
    """The sentences that go on with the matter: those of the paragraph, and of the next where it points back."""
    found: list[Sentence] = []
    length = len(here[position].text)
    for other in here[position + 1 : position + 3]:
        length += len(other.text)
        if length > _LONGEST_SENTENCE or other.is_item != here[position].is_item:
            break
        if other.block != here[position].block and not _POINTS_BACK.match(other.text):
            break
        found.append(other)
    return found


def _items(here: Sequence[Sentence], first: int) -> list[Sentence]:
    items: list[Sentence] = []
    for other in here[first:]:
        if not other.is_item or sum(len(s.text) for s in items) + len(other.text) > _LONGEST_LIST:
            break
        items.append(other)
    return items


def _joined(sentence: Sentence, parts: Sequence[Sentence], score: float, *, listing: bool) -> Quote:
    lead = f"{sentence.lead} " if sentence.lead else ""
    items = [part for part in parts if part.is_item]
    if len(items) > 1:
        head = " ".join(part.text for part in parts if not part.is_item)
        text = (head + " " if head else "") + "; ".join(part.text.rstrip(";.") for part in items)
    else:
        text = " ".join(part.text for part in parts)
    return Quote(
        sentence, lead + text, min(p.start for p in parts), max(p.end for p in parts), listing and len(items) > 1, score
    )
