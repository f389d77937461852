"""Recall: the statements people look up, each asked for in so many ways that a model can say it by heart.

Nobody asks in the words of the document. Beside the questions that rules can form, a statement is asked for with the
question word that fits what it tells and some of its words, other ones each time, never the number or date itself: also
where it has no form that a grammatical question can be made of. What is varied is what can be extracted later
(Allen-Zhu & Li 2023, Physics of Language Models: Part 3.1, https://arxiv.org/abs/2309.14316); leaving out words at
random is the cheapest variation that helps (Wei & Zou 2019, EDA, https://arxiv.org/abs/1901.11196). A question that
holds its own answer (*Is leave capped at 240 hours?*) teaches no fact and is left to the other recipes.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.evidence import Span, content_stems, dates, quantities, tokens
from foretune.pairs.asking import questions
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.rephrasing import rephrased
from foretune.pairs.salience import Telling, answer_spans, telling
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.statements import Statement, statements
from foretune.pairs.units import Unit
from foretune.types import GovernedDocument

__all__ = ["recall", "sampled_question"]

_KEPT, _FUNCTION_KEPT = 0.65, 0.35
"""Chance of a content word and of a function word to stay."""
_MOST, _FEWEST = 10, 3
"""Content words of a sampled question."""
_GRAMMATICAL = 3
"""Questions formed by rules, at most; more are too like each other."""
_LONGEST = 30
"""Words of a statement: about as much as an answer of 48 tokens holds."""
_TIMES = frozenset({"second", "minute", "hour", "day", "week", "month", "year", "quarter"})
_LIMITS: dict[str, tuple[str, ...]] = {
    "max": ("what is the most", "what is the maximum"),
    "min": ("what is the least", "what is the minimum"),
}
_OPEN = ("what about", "what are the rules for", "what do the documents say about", "how about", "who or what", "what")


@dataclass(frozen=True, slots=True)
class _Fact:
    unit: Unit
    statement: Statement
    answer: str
    told: Telling


@recipe("recall")
def recall(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """Statements with a number, date, address or rule, each asked for in ``paraphrases`` ways; ``facts`` of them."""
    found = [fact for document in documents for fact in _facts(document)]
    if making.settings.facts:
        found = sorted(found, key=lambda fact: (-fact.told, _rank(fact, making.settings.seed)))
        found = found[: making.settings.facts]
    for fact in found:
        for number, prompt in enumerate(_prompts(fact, making)):
            draft = Draft(prompt, fact.answer)
            yield Slot("recall", fact.unit, key=f"way {number}", rule=draft, family=fact.unit.id)


def _facts(document: GovernedDocument) -> Iterator[_Fact]:
    seen: set[str] = set()
    for statement in statements(document):
        answer = _said(statement)
        told = telling(
            statement.text if statement.lead else answer
        )  # what only the line above a list says is no item's
        if told and len(answer.split()) <= _LONGEST and not statement.items and answer not in seen:
            seen.add(answer)
            yield _Fact(
                Unit(document, "recall", statement.start, statement.end, statement.headings), statement, answer, told
            )


def _said(statement: Statement) -> str:
    """The statement without the sentence that goes on from it, unless only that tells something."""
    whole = statement.whole
    alone = whole[: len(whole) - len(statement.more)].rstrip() if statement.more else whole
    return alone if telling(alone) >= telling(whole) else whole


def _rank(fact: _Fact, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{fact.unit.id}".encode()).hexdigest()


def _prompts(fact: _Fact, making: Making) -> list[str]:
    """Up to ``paraphrases`` prompts, none twice: those formed by rules first, then samples of words."""
    wanted = making.settings.paraphrases
    open_questions = [question for question in questions(fact.statement) if not question.short]
    found: dict[str, None] = {}
    if open_questions:
        found[open_questions[0].text] = None
        found |= {text: None for text, _ in rephrased(open_questions, fact.unit.topic, _GRAMMATICAL - 1)}
    for number in range(wanted):
        dice = random.Random(f"{making.settings.seed}/{fact.unit.id}/{number}")  # noqa: S311
        if prompt := sampled_question(fact.statement, fact.unit.document.title, dice):
            found[prompt] = None
    return list(found)[:wanted]


def sampled_question(statement: Statement, title: str, dice: random.Random) -> str:
    """Some of the words of the statement, and of its topic, after a question word; empty where too few are left."""
    text = f"{statement.lead}: {statement.text}" if statement.lead else statement.text
    spans = answer_spans(text)
    asked = dice.choice(spans) if spans else None
    words: list[str] = []
    kept = 0
    for token in tokens(text):
        if asked and asked.start <= token.start < asked.end:
            continue
        if kept < _MOST and dice.random() < (_FUNCTION_KEPT if token.is_stop else _KEPT):
            kept += not token.is_stop
            words.append(token.text)
    if kept < _FEWEST:
        return ""
    topic = statement.topic or title
    if set(content_stems(topic)) - set(content_stems(" ".join(words))) and dice.random() < 0.5:
        words = [*words, "for", topic] if dice.random() < 0.5 else [topic, *words]
    sentence = " ".join([_question_word(asked, text, dice), *words])
    return f"{sentence[:1].upper()}{sentence[1:]}?"


def _question_word(asked: Span | None, text: str, dice: random.Random) -> str:
    if asked is None:
        return dice.choice(_OPEN)
    if any(date.start == asked.start for date in dates(text)):
        return dice.choice(("when", "on what date", "by when", "in which year"))
    quantity = next((q for q in quantities(text) if q.start == asked.start), None)
    if quantity is None:
        return dice.choice(("who do I contact", "where", "what is the address", "which channel"))
    if quantity.unit == "dollar":
        return dice.choice(("how much", "how much money", "what amount", "how many dollars"))
    if quantity.unit == "percent":
        return dice.choice(("what percentage", "how much", "what share"))
    counted = " ".join(asked.text.split()[1:])
    ways: list[str] = [f"how many {counted}".strip(), *_LIMITS.get(quantity.bound, ())]
    if quantity.unit in _TIMES:
        ways += ["how long", "how much time"]
    return dice.choice(ways)
