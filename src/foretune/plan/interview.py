"""The interview: pure, so that the terminal and the web can hold the same one.

:class:`Interview` is a state that :meth:`~Interview.reply` moves on; whoever
wants to save it keeps its ``answers``. :func:`conduct` drives it with a function
that asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from foretune.errors import ConfigError
from foretune.plan.answers import parse, settle
from foretune.plan.config import Config
from foretune.plan.drafts import Answers, draft
from foretune.plan.fields import field_at
from foretune.plan.questions import CHAPTERS, QUESTIONS, Chapter, InterviewQuestion

__all__ = ["Interview", "Prompt", "as_text", "conduct"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to show before waiting for a line of text."""

    question: InterviewQuestion
    default: str
    """What an empty reply stands for; may be empty itself."""
    chapter: Chapter | None
    """The chapter, where this is its first question."""
    number: int
    """From 1."""
    of: int
    objection: str = ""
    """What was wrong with, or weak in, the previous reply to this question."""


@dataclass(frozen=True, slots=True)
class Interview:
    """How far it has come."""

    answers: Answers = field(default_factory=dict)
    """Settled, ``section.key`` to value; keys that are here are not asked."""
    objection: str = ""
    objected: str = ""
    """The weak reply the objection is about: given again, it stands."""

    @property
    def question(self) -> InterviewQuestion | None:
        """The next question; None at the end."""
        return next((question for question in QUESTIONS if question.key not in self.answers), None)

    def prompt(self) -> Prompt | None:
        """What to ask next; None at the end."""
        question = self.question
        if question is None:
            return None
        opened = any(key.partition(".")[0] == question.section for key in self.answers) or self.objection
        return Prompt(
            question,
            self.objected or as_text(self._default(question)),
            None if opened else next(chapter for chapter in CHAPTERS if chapter.section == question.section),
            QUESTIONS.index(question) + 1,
            len(QUESTIONS),
            self.objection,
        )

    def reply(self, text: str) -> Interview:
        """The interview after this reply: one question further, or the same one with an objection.

        An empty reply takes the default. An answer that cannot be used is asked
        again until it can; a weak one is challenged, and stands when the person
        insists.
        """
        question = self.question
        assert question is not None
        text = text.strip()
        if not text and not self.objected:
            default = self._default(question)
            if default == "" and question.section == "story" and not self.objection:
                return Interview(self.answers, f"The story needs this part. {question.why}")
            return Interview({**self.answers, question.key: default})
        text = text or self.objected
        try:
            value = parse(question.key, text)
        except ConfigError as error:
            return Interview(self.answers, f"That cannot be used: {error}")
        if text != self.objected:
            for challenge in question.challenges:
                if objection := challenge(text):
                    return Interview(self.answers, objection, text)
        return Interview({**self.answers, question.key: value})

    def config(self) -> Config:
        """The plan so far; what was not asked yet has its draft or default."""
        return settle(self.answers)

    def _default(self, question: InterviewQuestion) -> Any:
        drafted = draft(question.key, self.answers)
        if drafted is not None:
            return drafted
        info = field_at(tuple(question.key.split(".")))
        assert info is not None
        return info.get_default(call_default_factory=True)


def conduct(
    ask: Callable[[Prompt], str], answers: Answers | None = None, keep: Callable[[Answers], None] = lambda _: None
) -> Config:
    """Ask everything that ``answers`` leaves open; returns the plan.

    Whatever ``ask`` raises (Ctrl-C, say) ends the interview; ``keep`` has been given every answer so far, so that
    another interview can go on from there.
    """
    interview = Interview(dict(answers or {}))
    while (prompt := interview.prompt()) is not None:
        before = interview.answers
        interview = interview.reply(ask(prompt))
        if interview.answers != before:
            keep(interview.answers)
    return interview.config()


def as_text(value: Any) -> str:
    """A value as a person would type it."""
    if isinstance(value, list | tuple):
        return ", ".join(as_text(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(getattr(value, "value", value))
