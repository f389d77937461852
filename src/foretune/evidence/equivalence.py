"""Would a person accept this response where that answer is expected? Measured on words.

The likeness of a response to an answer is described by a few dozen counts (which of
the answer's words occur, how its dates and numbers relate, how much else is said),
weighed by a logistic regression fitted on people's verdicts. The idea and most of
the features follow PEDANTS (Li et al. 2024, arXiv 2402.11161); how it compares with
exact match, token F1 and inclusion is printed by ``benchmarks/scorers.py``, which also
writes the weights (``equivalence.json`` beside this file).

>>> likeness("who found X-rays", "Wilhelm Conrad Röntgen", "Wilhelm Röntgen did, in 1895.").probability > 0.5
True
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from foretune.evidence.dates import Precision, dates, relate
from foretune.evidence.quantity import Quantity, equal, quantities
from foretune.evidence.questions import AnswerType, asked
from foretune.evidence.refusals import refusal, refuses
from foretune.evidence.text import Token, locate, squash, tokens
from foretune.evidence.units import UNITS

__all__ = [
    "Likeness",
    "Reading",
    "best_likeness",
    "features",
    "forms_of",
    "likeness",
    "read_response",
    "spelling_likeness",
]

_FUZZY = 0.6
"""Least bigram overlap (Dice) at which two words count as spellings of one (``mitochondrion``/``mitochondria``)."""
_SHORT = 5
_ACRONYM = 3
"""Letters an abbreviation needs to be told from chance."""
_CLOSE = 0.05
_LONGEST = 20_000
"""Characters of a response that are compared."""
_ROMAN = re.compile(r"(?=[IVX]{2,})X{0,3}(?:IX|IV|V?I{0,3})\Z")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like the expected answer a response is."""

    form: str
    """The form of the answer that came nearest."""
    probability: float
    """0 to 1: share of people who would call it right, as far as words tell."""
    found: tuple[str, ...]
    """Words of the form that the response has, in its spelling."""
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """A question and a response, read once and compared with many forms of the answer."""

    question: str
    response: str
    asks: AnswerType
    question_stems: frozenset[str]
    words: tuple[Token, ...]
    stems: tuple[str, ...]
    content: tuple[str, ...]
    vocabulary: frozenset[str]
    """All words, function words too."""
    telling: frozenset[str]
    """Words that are no function words: *IT* is among them, *it* is not."""
    squashed: str
    declines: bool
    declines_at_once: bool

    def comparable(self, wanted: Sequence[Token]) -> frozenset[str]:
        """What words of a form are looked for in: all words only where the form is nothing but function words."""
        return self.vocabulary if all(word.is_stop for word in wanted) else self.telling


def read_response(question: str, response: str) -> Reading:
    """Read ``response`` as an answer to ``question``."""
    response = response[:_LONGEST]
    words = tuple(tokens(response))
    stems = tuple(_key(word) for word in words)
    content = tuple(key for key, word in zip(stems, words, strict=True) if not word.is_stop)
    return Reading(
        question=question,
        response=response,
        asks=asked(question).type,
        question_stems=frozenset(_key(word) for word in tokens(question)),
        words=words,
        stems=stems,
        content=content,
        vocabulary=frozenset(stems),
        telling=frozenset(content),
        squashed=squash(response),
        declines=refusal(response) is not None,
        declines_at_once=refuses(response),
    )


def likeness(question: str, form: str, response: str) -> Likeness:
    """Compare ``response`` with one form of the answer."""
    return best_likeness(read_response(question, response), [form])


def best_likeness(reading: Reading, forms: Iterable[str]) -> Likeness:
    """The form of the answer that the response is most like; nothing to compare gives probability 0."""
    forms = list(forms)
    needed = _needed(forms, reading.question_stems)
    best = Likeness("", 0.0, (), ())
    for form in forms:
        if form in needed and not any(spelling_likeness(word, reading.vocabulary) for word in needed[form]):
            continue
        probability = _weigh(features(reading, form), _weights())
        if probability > best.probability:
            found, missing = _found(reading, form)
            best = Likeness(form, probability, found, missing)
    return best


def _needed(forms: Sequence[str], question: frozenset[str]) -> dict[str, set[str]]:
    """Words a longer form cannot do without, because a shorter form consists of them.

    With the alias *iPhone* beside *Apple iPhone*, *Apple* alone names nothing.
    """
    words = {form: {_key(word) for word in _telling(form, question)} for form in forms}
    needed: dict[str, set[str]] = {}
    for form, mine in words.items():
        shorter = [other for other in words.values() if other and other < mine]
        if shorter and not _dates(form):
            needed[form] = set.union(*shorter)
    return needed


def features(reading: Reading, form: str) -> dict[str, float]:
    """What the regression sees, each 0 to 1 unless said otherwise; an empty form gives no feature.

    ``words`` is the share of the form's telling words found, words of the question and
    units left out; ``spelled`` the same with near spellings counted by their similarity.
    """
    wanted = _telling(form, reading.question_stems)
    if not wanted:
        return {}
    gold = [_key(word) for word in wanted]
    have = reading.comparable(wanted)
    short = _initials(form, reading)
    near = [1.0 if short else spelling_likeness(word, have) for word in gold]
    whole = [_key(word) for word in tokens(form) if not word.is_stop] or gold
    spelled = sum(near) / len(near)
    others = [word for word in reading.content if word not in reading.question_stems]
    all_gold = {_key(word) for word in tokens(form)}
    if short:
        all_gold |= {_key(word) for word in reading.words if _is_acronym(word)}
    positions = [i for i, word in enumerate(reading.stems) if word in gold]
    brief = len(reading.words) <= _SHORT
    absent = sum(score == 0.0 for score in near) / len(near)
    precision = sum(word in all_gold for word in others) / max(1, len(others))
    values = {
        "bias": 1.0,
        "same": float(reading.squashed == squash(form)),
        "phrase": float(_as_phrase(form, reading)),
        "squashed": float(_as_letters(form, reading)),
        "words": sum(score == 1.0 for score in near) / len(near),
        "spelled": spelled,
        "spelled_squared": spelled * spelled,
        "all": float(min(near) == 1.0),
        "last": near[-1],
        "whole": 1.0 if short else sum(word in reading.vocabulary for word in whole) / len(whole),
        "initials": float(short),
        "precision": precision,
        "name_swapped": float(absent > 0 and _other_name(reading, set(gold), all_gold)),
        "length": math.log1p(len(reading.words)),
        "brief": float(brief),
        "nothing": float(spelled < 0.3),
        "brief_nothing": float(brief and spelled < 0.3),
        "one_word": float(len(gold) == 1),
        "early": 1 - positions[0] / len(reading.stems) if positions else 0.0,
        "declines": float(reading.declines),
        "declines_at_once": float(reading.declines_at_once),
        "asks_date": float(reading.asks is AnswerType.DATE),
        "asks_name": float(reading.asks is AnswerType.NAME),
        "asks_number": float(reading.asks is AnswerType.NUMBER),
    }
    return values | _value_features(reading.response, form)


def _value_features(response: str, form: str) -> dict[str, float]:
    """How the first date or number of the form fares in the response (one of them is 1)."""
    gold_dates = _dates(form)
    if gold_dates:
        relations = {relate(gold_dates[0], given) for given in _dates(response)}
        best = next((kind for kind in Precision if kind in relations), None)
        return {f"date_{best}" if best else "date_none": 1.0}
    gold = next((q for q in _quantities(form) if not q.weak), None)
    if gold is None:
        return {}
    given = [q for q in _quantities(response) if not q.weak]
    if any(equal(gold, q) for q in given):
        return {"number_same": 1.0}
    if any(_close(gold, q) for q in given):
        return {"number_close": 1.0}
    return {"number_conflict": 1.0} if given else {"number_none": 1.0}


def _close(gold: Quantity, given: Quantity) -> bool:
    return given.high is None and bool(gold.value) and abs(given.value - gold.value) / abs(gold.value) <= _CLOSE


_dates = lru_cache(maxsize=64)(dates)
_quantities = lru_cache(maxsize=64)(quantities)


def _key(word: Token) -> str:
    """What words are compared by: the stem, or the value of a roman numeral written as one."""
    if _ROMAN.match(word.text):
        values = [_ROMAN_VALUES[c] for c in word.text]
        pairs = zip(values, [*values[1:], 0], strict=True)
        return str(sum(-value if value < following else value for value, following in pairs))
    return word.stem


def _telling(form: str, question: frozenset[str]) -> list[Token]:
    """The words of ``form`` that decide: not function words, not the question's, not units."""
    words = tokens(form)
    content = [word for word in words if not word.is_stop] or words
    measured = any(c.isdigit() for c in form)
    named = [word for word in content if not (measured and word.norm in UNITS)] or content
    return [word for word in named if _key(word) not in question] or named


def spelling_likeness(word: str, have: AbstractSet[str]) -> float:
    """1 where ``word`` is among ``have``, the bigram overlap with the nearest spelling (0.6 to 1), or 0."""
    if word in have:
        return 1.0
    if any(c.isdigit() for c in word):
        return 0.0
    score = max((_dice(word, other) for other in have), default=0.0)
    return score if score >= _FUZZY else 0.0


@lru_cache(maxsize=100_000)
def _dice(one: str, other: str) -> float:
    """Sørensen–Dice coefficient of letter pairs, the start of the word counting as a letter."""
    mine, yours = _pairs(one), _pairs(other)
    return 2 * len(mine & yours) / (len(mine) + len(yours))


def _pairs(word: str) -> set[str]:
    word = "^" + word[:40]
    return {word[i : i + 2] for i in range(len(word) - 1)}


def _as_phrase(form: str, reading: Reading) -> bool:
    words = tokens(form)
    wanted = [_key(word) for word in words if not word.is_stop]
    if wanted:
        return locate(wanted, reading.content) >= 0
    return locate([_key(word) for word in words], reading.stems) >= 0


def _as_letters(form: str, reading: Reading) -> bool:
    letters = squash(form)
    return len(letters) > 3 and not letters.isdigit() and letters in reading.squashed


def _initials(form: str, reading: Reading) -> bool:
    """``GSA`` for *General Services Administration*, and the other way round."""
    wanted = tokens(form)
    return _abbreviated(wanted, reading.words) or _abbreviated(reading.words, wanted)


def _abbreviated(short: Sequence[Token], long: Sequence[Token]) -> bool:
    """True where ``short`` has the initials of a run of capitalised words in ``long``."""
    acronyms = {word.norm for word in short if _is_acronym(word)}
    if not acronyms:
        return False
    runs = "".join(word.norm[0] if word.text[0].isupper() else " " for word in long if not word.is_stop)
    return any(acronym in runs for acronym in acronyms)


def _is_acronym(word: Token) -> bool:
    return len(word.norm) >= _ACRONYM and word.text.isupper() and word.text.isalpha()


def _other_name(reading: Reading, gold: set[str], all_gold: set[str]) -> bool:
    """True where a word of the form stands next to a capitalised word that is not in it (*Alex* Drake)."""
    known = all_gold | reading.question_stems
    for i, word in enumerate(reading.words):
        if reading.stems[i] not in gold or not word.text[0].isupper():
            continue
        for j in (i - 1, i + 1):
            if 0 <= j < len(reading.words):
                other = reading.words[j]
                apart = reading.response[min(word.end, other.end) : max(word.start, other.start)]
                if (
                    apart == " "
                    and other.text[0].isupper()
                    and not other.is_stop
                    and not spelling_likeness(reading.stems[j], known)
                ):
                    return True
    return False


def _found(reading: Reading, form: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    wanted = _telling(form, reading.question_stems)
    have = reading.comparable(wanted)
    found = tuple(word.text for word in wanted if spelling_likeness(_key(word), have))
    return found, tuple(word.text for word in wanted if word.text not in found)


def _weigh(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    if not values:
        return 0.0
    return 1 / (1 + math.exp(-sum(weights.get(name, 0.0) * value for name, value in values.items())))


@cache
def _weights() -> Mapping[str, float]:
    text = files(__package__).joinpath("equivalence.json").read_text(encoding="utf-8")
    weights: Mapping[str, float] = json.loads(text)["weights"]
    return weights


def forms_of(answer: str, aliases: Sequence[str]) -> list[str]:
    """Answer and aliases, each once, without empty ones."""
    return [form for form in dict.fromkeys((answer, *aliases)) if form.strip()]
