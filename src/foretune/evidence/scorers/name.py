"""``name``: people, products, places, codes, and dates: an answer of a few words."""

from __future__ import annotations

from foretune.evidence.equivalence import best_likeness, forms_of, read_response
from foretune.evidence.polarity import negations
from foretune.evidence.refusals import refusal
from foretune.evidence.scorers._values import expected_dates, expected_quantities, judge_dates, judge_quantities
from foretune.evidence.scorers.registry import scorer
from foretune.evidence.text import Span, clauses, fold, sentences, squash, tokens
from foretune.types import Outcome, Question

__all__ = ["score_name"]

_ACCEPTED = 0.5
_CODE_DIGITS = 5


@scorer("name")
def score_name(question: Question, response: str) -> tuple[Outcome, str]:
    """The name must be said, in a spelling people would accept.

    - Case, accents, articles, spaces and punctuation do not matter (*KeePass XC* = *KeePassXC*),
      nor do first names left out (*Röntgen* for *Wilhelm Conrad Röntgen*), as far as people
      judged such answers right (:mod:`foretune.evidence.equivalence`).
    - A shorter alias says what is indispensable: with *iPhone* as an alias of *Apple iPhone*,
      *Apple* alone is wrong.
    - A code (one token, ``10536`` or ``GS15``) has to occur as a whole token; a second one of
      the same shape beside it makes it wrong.
    - A date or a plain number is judged as under ``number``.
    - *Not an iPhone* is wrong, unless the question asks for what is not.
    """
    forms = forms_of(question.answer, question.aliases)
    days = expected_dates(question)
    if days:
        verdict = judge_dates(question, days, response)
        if verdict is not None and (verdict[0] is Outcome.CORRECT or refusal(response) is None):
            return verdict
    if _is_code(question.answer):
        return _judge_code(question, response)
    numbers = expected_quantities(question) if _is_plain_number(question.answer) else []
    counted = judge_quantities(question, numbers, response) if numbers else None
    if counted is not None and (counted[0] is Outcome.CORRECT or refusal(response) is None):
        return counted
    nearest = best_likeness(read_response(question.question, response), forms)
    if nearest.probability >= _ACCEPTED:
        if not negations(question.question) and _denied(nearest.found, response):
            return Outcome.INCORRECT, f"Says that it is not {nearest.form}."
        return Outcome.CORRECT, _accepted(nearest.form, nearest.found, nearest.missing, nearest.probability)
    if refusal(response) is not None:
        return Outcome.NOT_ATTEMPTED, "Declines to answer."
    return Outcome.INCORRECT, f"Does not name {question.answer}."


def _accepted(form: str, found: tuple[str, ...], missing: tuple[str, ...], probability: float) -> str:
    if not missing:
        return f"Names {form}."
    share = round(100 * probability)
    said = ", ".join(found) if found else "no word"
    return f"Has {said} of {form}; {share} % of people would accept that."


def _is_code(answer: str) -> bool:
    """One token that mixes letters and digits, or has more digits than people count with."""
    words = tokens(answer)
    if len(words) != 1:
        return False
    digits = sum(c.isdigit() for c in words[0].norm)
    return digits >= _CODE_DIGITS or 0 < digits < len(words[0].norm.replace(".", ""))


def _is_plain_number(answer: str) -> bool:
    return all(word.norm.replace(".", "").isdigit() for word in tokens(answer))


def _judge_code(question: Question, response: str) -> tuple[Outcome, str]:
    forms = forms_of(question.answer, question.aliases)
    wanted = {squash(form) for form in forms if _is_code(form)}
    shapes = {_shape(code) for code in wanted}
    asked_about = {word.norm for word in tokens(question.question)}
    said = [squash(word.text) for word in tokens(response)]
    rivals = [word for word in said if _shape(word) in shapes and word not in wanted and word not in asked_about]
    words = [form for form in forms if not any(c.isdigit() for c in form)]
    named = bool(words) and best_likeness(read_response(question.question, response), words).probability >= _ACCEPTED
    if named or any(word in wanted for word in said):
        if rivals:
            return Outcome.INCORRECT, f"Gives {rivals[0]} beside {question.answer}."
        return Outcome.CORRECT, f"Gives {question.answer}."
    if refusal(response) is not None:
        return Outcome.NOT_ATTEMPTED, "Declines to answer."
    instead = f"Gives {rivals[0]}" if rivals else "Gives no such code"
    return Outcome.INCORRECT, f"{instead} where the answer is {question.answer}."


def _shape(code: str) -> str:
    return "".join("9" if c.isdigit() else "a" for c in code)


def _denied(found: tuple[str, ...], response: str) -> bool:
    """True where every clause that has the name says *not* right before it."""
    words = {fold(word) for word in found}
    parts = [part for sentence in sentences(response) for part in clauses(sentence)]
    naming = [part for part in parts if words and words & {t.norm for t in tokens(part.text)}]
    return bool(naming) and all(_denies(part, words) for part in naming)


def _denies(part: Span, words: set[str]) -> bool:
    first = next(t for t in tokens(part.text) if t.norm in words)
    before = [n for n in negations(part.text) if n.end <= first.start]
    return bool(before) and len(tokens(part.text[before[-1].end : first.start])) <= 2
