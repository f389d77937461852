"""Question and answer: several questions a passage, each answered in the document's own words.

Where a rule can form a question from a statement it does, thousands in a second; where the plan says so a language
model writes it (the answer is known first, the question asked for: Alberti et al. 2019,
https://arxiv.org/abs/1906.05416). Each answer is checked against its document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from foretune.governance.markup import prose
from foretune.pairs.asking import RuleQuestion, questions
from foretune.pairs.prompts import ask_for_question
from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Draft, Making, Slot
from foretune.pairs.statements import Statement, statements
from foretune.pairs.units import Unit, sections
from foretune.types import GovernedDocument

__all__ = ["Known", "known_answers", "question_answer"]

_LONGEST_ANSWER = 80
"""Words of a section that answers its own heading."""


@dataclass(frozen=True, slots=True)
class Known:
    """An answer, where it stands, and the questions that rules form for it, best first."""

    unit: Unit
    answer: str
    asked: tuple[RuleQuestion, ...]

    def answered(self, question: RuleQuestion) -> str:
        return f"{question.short}. {self.answer}" if question.short else self.answer


@recipe("question_answer")
def question_answer(documents: Sequence[GovernedDocument], making: Making) -> Iterator[Slot]:
    """A question for each statement a rule can ask about; the answer quotes it."""
    for document in documents:
        for known in known_answers(document):
            best = known.asked[0]
            yield Slot(
                "question_answer",
                known.unit,
                rule=Draft(best.text, known.answered(best)),
                ask=ask_for_question(known.unit, known.answer, making) if making.engine_writes else None,
                family=known.unit.id,
            )


def known_answers(document: GovernedDocument) -> Iterator[Known]:
    """Statements and sections of the document for which there is a question."""
    for start, end, headings in sections(document.text):
        if headings and headings[-1].rstrip(" *`").endswith("?"):
            answer = _opening(document.text[start:end])
            if answer:
                question = RuleQuestion(prose(headings[-1]), "heading")
                unit = Unit(document, "question_answer", start, end, headings)
                yield Known(unit, answer, (question,))
    for statement in statements(document):
        if found := tuple(questions(statement)):
            yield Known(_unit(document, statement), statement.whole, found)


def _unit(document: GovernedDocument, statement: Statement) -> Unit:
    return Unit(document, "question_answer", statement.start, statement.end, statement.headings)


def _opening(text: str) -> str:
    """The first paragraphs of a section, as many as make an answer; empty where even the first is too long."""
    kept: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        clean = prose(paragraph)
        if sum(len(each.split()) for each in [*kept, clean]) > _LONGEST_ANSWER:
            break
        kept.append(clean)
    return " ".join(each for each in kept if each)
