"""``yesno``: does the response say yes where the answer is yes?"""

from __future__ import annotations

from foretune.evidence.polarity import answers_yes, leading_yes_no, negated
from foretune.evidence.refusals import refuses
from foretune.evidence.scorers.registry import scorer
from foretune.evidence.text import content_stems, locate
from foretune.types import Outcome, Question

__all__ = ["score_yesno"]


@scorer("yesno")
def score_yesno(question: Question, response: str) -> tuple[Outcome, str]:
    """The opening *yes* or *no* counts; without one, the sentence that restates the question.

    - *Do credit hours expire?* – No: met by *No.*, *No, they never expire*, *They never
      expire* (an alias), *Credit hours do not expire*.
    - *Yes, they never expire* says both and is wrong.
    - *No information is given* declines; it is no *no*.
    """
    right = _polarity(question.answer)
    if right is None:
        return Outcome.NOT_SCORED, f"The known answer '{question.answer}' says neither yes nor no."
    opening = leading_yes_no(response)
    if refuses(response) and (opening is None or not _states_alias(question, response)):
        return Outcome.NOT_ATTEMPTED, "Declines to answer."
    if opening is None and _states_alias(question, response):
        return Outcome.CORRECT, f"Says {_word(right)} in the words of the answer."
    said = answers_yes(question.question, response)
    if said is None:
        clash = opening is not None
        why = f"Opens with {_word(bool(opening))} and states the opposite." if clash else "Says neither yes nor no."
        return Outcome.INCORRECT, why
    if said == right:
        return Outcome.CORRECT, f"Says {_word(said)}, as the answer does."
    return Outcome.INCORRECT, f"Says {_word(said)} where the answer is {_word(right)}."


def _polarity(answer: str) -> bool | None:
    opening = leading_yes_no(answer)
    if opening is not None:
        return opening
    return False if negated(answer) else None


def _states_alias(question: Question, response: str) -> bool:
    said = content_stems(response)
    return any(len(stems := content_stems(alias)) > 1 and locate(stems, said) >= 0 for alias in question.aliases)


def _word(yes: bool) -> str:
    return "yes" if yes else "no"
