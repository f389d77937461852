"""Answers graded, each with its reason; a person's grade stands above what the words say.

What is read off the words is a first reading: it counts what good answers name
and what evasions sound like. It cannot know whether an answer is true: that is
what the bench and the probe are for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from foretune.plan.vendor.questionnaire import VendorQuestion
from foretune.plan.vendor.sheet import VendorAnswer

__all__ = ["BEST", "GradedAnswer", "VendorScore", "score_vendor"]

BEST = 3
"""3: names what a good answer names. 2: names some of it. 1: an answer without substance. 0: none, or a red flag."""
SHORT = 5
"""Words below which an answer says little, whatever it names."""


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """One question with its grade."""

    question: str
    area: str
    ask: str
    weight: int
    answer: str
    grade: int
    reason: str
    red_flag: bool
    unanswered: bool
    by_person: bool


@dataclass(frozen=True, slots=True)
class VendorScore:
    """One vendor."""

    vendor: str
    answers: tuple[GradedAnswer, ...]

    @property
    def share(self) -> float:
        """Weighted grades as a share of the best, 0 to 1; what is unanswered counts as 0."""
        return _share(self.answers)

    @property
    def areas(self) -> Mapping[str, float]:
        """The share in each area, in the questionnaire's order."""
        names = dict.fromkeys(each.area for each in self.answers)
        return {name: _share([each for each in self.answers if each.area == name]) for name in names}

    @property
    def red_flags(self) -> tuple[GradedAnswer, ...]:
        """The heaviest first."""
        return tuple(sorted((each for each in self.answers if each.red_flag), key=lambda each: -each.weight))

    @property
    def unanswered(self) -> tuple[GradedAnswer, ...]:
        return tuple(each for each in self.answers if each.unanswered)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "vendor": self.vendor,
            "share": self.share,
            "areas": dict(self.areas),
            "red_flags": [each.question for each in self.red_flags],
            "unanswered": [each.question for each in self.unanswered],
            "answers": [asdict(each) for each in self.answers],
        }


def _share(answers: Sequence[GradedAnswer]) -> float:
    most = BEST * sum(each.weight for each in answers)
    return sum(each.grade * each.weight for each in answers) / most if most else 0.0


def score_vendor(vendor: str, questions: Sequence[VendorQuestion], answers: Mapping[str, VendorAnswer]) -> VendorScore:
    """Grade every question, answered or not."""
    return VendorScore(vendor, tuple(_graded(question, answers.get(question.id)) for question in questions))


def _graded(question: VendorQuestion, answer: VendorAnswer | None) -> GradedAnswer:
    text = answer.text.strip() if answer else ""
    grade, reason, red_flag = _read(question, text)
    by_person = answer is not None and answer.grade is not None
    if answer is not None and answer.grade is not None:
        grade, red_flag = answer.grade, answer.grade == 0
        reason = f"Graded by a person{f': {answer.note}' if answer.note else '.'}"
    return GradedAnswer(
        question.id,
        question.area,
        question.ask,
        question.weight,
        text,
        grade,
        reason,
        red_flag,
        not text and not by_person,
        by_person,
    )


def _read(question: VendorQuestion, text: str) -> tuple[int, str, bool]:
    """Grade, why, and whether it is a red flag."""
    if not text:
        who = "The vendor has not answered." if question.by == "them" else "You have not answered this about them yet."
        return 0, who, False
    named = [match[0] for sign in question.good_signs if (match := sign.search(text))]
    evasive = [match[0] for sign in question.bad_signs if (match := sign.search(text))]
    # “We do not know it” to the trick question, “no, never” to a question about training: a denial named outweighs.
    if evasive and not named:
        return 0, f"“{_short(evasive[0])}” is a red flag: {question.red_flag}", True
    if evasive:
        return (
            1,
            f"It names “{_short(named[0])}”, and says “{_short(evasive[0])}” as well: ask again. {question.red_flag}",
            False,
        )
    if not named:
        return 1, f"It names nothing of what a good answer names: {question.good}", False
    if len(named) == len(question.good_signs) and (len(text.split()) >= SHORT or question.by == "us"):
        return BEST, f"It names “{'”, “'.join(map(_short, named))}”.", False
    if len(text.split()) >= SHORT:
        return 2, f"It names “{_short(named[0])}”; a good answer: {question.good}", False
    return 1, f"“{_short(text)}” is short; a good answer: {question.good}", False


def _short(text: str, length: int = 60) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"
