"""The one way to score: look the kind up, let its scorer judge, always return a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from foretune.evidence.dates import dates
from foretune.evidence.polarity import leading_yes_no
from foretune.evidence.quantity import quantities
from foretune.evidence.questions import AnswerType, asked
from foretune.evidence.text import tokens
from foretune.types import Outcome, Question

__all__ = ["KINDS", "Scorer", "Verdict", "infer_kind", "score", "scorer"]

NOT_IN_CORPUS = "NOT_IN_CORPUS"
"""The answer that an unanswerable question carries in a questions file."""
_LONG_ANSWER = 8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a response came to."""

    outcome: Outcome
    why: str
    """One sentence."""
    scorer: str
    """Kind of question it was judged as."""


class Scorer(Protocol):
    """Judges a response that is not blank to a question that has an answer."""

    def __call__(self, question: Question, response: str) -> tuple[Outcome, str]: ...


KINDS: dict[str, Scorer] = {}
"""Kind of question → its scorer, in the order they were registered."""


def scorer(kind: str) -> Callable[[Scorer], Scorer]:
    """Register a scorer for a kind of question."""

    def register(function: Scorer) -> Scorer:
        KINDS[kind] = function
        return function

    return register


def score(question: Question, response: str) -> Verdict:
    """Judge ``response``; never raises on any text.

    - ``correct``: says what the answer (or an alias) says;
    - ``incorrect``: says something else;
    - ``not_attempted``: is blank or declines (to an unanswerable question declining is correct);
    - ``not_scored``: the question cannot be judged (unknown kind, no known answer).

    >>> q = Question("1", "How long is the cap?", "240 hours", "number", aliases=("240",))
    >>> score(q, "It is 240 hours.").outcome, score(q, "I don't know.").outcome
    (<Outcome.CORRECT: 'correct'>, <Outcome.NOT_ATTEMPTED: 'not_attempted'>)
    """
    judge = KINDS.get(question.kind)
    if judge is None:
        known = ", ".join(KINDS)
        return Verdict(Outcome.NOT_SCORED, f"The kind '{question.kind}' is unknown; use one of {known}.", "")
    if question.kind != "unanswerable" and not any(map(str.strip, (question.answer, *question.aliases))):
        return Verdict(Outcome.NOT_SCORED, "The question has no known answer to compare with.", question.kind)
    if not response.strip():
        return Verdict(Outcome.NOT_ATTEMPTED, "The response is empty.", question.kind)
    outcome, why = judge(question, response)
    return Verdict(outcome, why, question.kind)


def infer_kind(question: str, answer: str) -> str:
    """The kind of a question whose file does not say: from its answer, then from its wording.

    >>> infer_kind("Do they expire?", "No, never"), infer_kind("Who signs?", "the supervisor")
    ('yesno', 'name')
    """
    if not answer.strip() or answer.strip().upper() == NOT_IN_CORPUS:
        return "unanswerable"
    wanted = asked(question).type
    if wanted is AnswerType.YES_NO and leading_yes_no(answer) is not None:
        return "yesno"
    if answer.count(";") > 0 or answer.strip().count("\n") > 0:
        return "list"
    words = len(tokens(answer))
    if wanted is AnswerType.NUMBER and words <= _LONG_ANSWER and any(not q.weak for q in quantities(answer)):
        return "number"
    if dates(answer) and words <= _LONG_ANSWER:
        return "name"
    return "name" if words <= _LONG_ANSWER and wanted is not AnswerType.REASON else "free"
