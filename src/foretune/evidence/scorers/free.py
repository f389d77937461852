"""``free``: reasons and instructions, judged by content, value and polarity."""

from __future__ import annotations

from foretune.evidence.equivalence import best_likeness, forms_of, read_response
from foretune.evidence.polarity import negated
from foretune.evidence.quantity import Quantity, equal, quantities
from foretune.evidence.refusals import refusal
from foretune.evidence.scorers.registry import scorer
from foretune.evidence.text import Span, clauses, content_stems, sentences, word_list
from foretune.types import Outcome, Question

__all__ = ["score_free"]

_ACCEPTED = 0.5
_QUOTED = 0.8
"""Share of the evidence's content words from which a response counts as quoting it."""
_LONG_FORM = 4
"""Content words from which a form is an explanation rather than a name or value."""
_HALF = 0.5
_SLACK = 4


@scorer("free")
def score_free(question: Question, response: str) -> tuple[Outcome, str]:
    """The response has to say what the answer says, in whichever words people would accept.

    - Likeness to the answer or an alias is weighed as people weigh it
      (:mod:`foretune.evidence.equivalence`); quoting the evidence is as good.
    - Where every form of the answer gives a number and is more than that (*27 pay periods
      rather than 26*), a response has to give one of them.
    - Of a form of four or more content words, half have to be there, those of the question
      included: passages of one handbook share too many words for less to mean anything.
    - *You can use it* is wrong where the answer says *do not use it*.
    """
    forms = forms_of(question.answer, question.aliases)
    nearest = best_likeness(read_response(question.question, response), _full_enough(forms, response))
    quoted = _quotes(question.evidence, response)
    if nearest.probability < _ACCEPTED and not quoted:
        if refusal(response) is not None:
            return Outcome.NOT_ATTEMPTED, "Declines to answer."
        share = round(100 * nearest.probability)
        return Outcome.INCORRECT, f"Says too little of the answer; {share} % of people would accept that."
    wrong = _wrong_number(forms, response)
    if wrong:
        return Outcome.INCORRECT, f"Says {wrong} where the answer is {question.answer}."
    turned = _turned_round(question.answer, response)
    if turned:
        return Outcome.INCORRECT, f"Turns the answer round: {turned!r}."
    if quoted:
        return Outcome.CORRECT, "Quotes the passage that holds the answer."
    share = round(100 * nearest.probability)
    return (
        Outcome.CORRECT,
        f"Says what the answer says ({', '.join(nearest.found)}); {share} % of people would accept that.",
    )


def _full_enough(forms: list[str], response: str) -> list[str]:
    said = set(content_stems(response))
    kept = []
    for form in forms:
        wanted = set(content_stems(form))
        if len(wanted) < _LONG_FORM or len(wanted & said) / len(wanted) >= _HALF:
            kept.append(form)
    return kept


def _quotes(evidence: str, response: str) -> bool:
    wanted = set(content_stems(evidence))
    return len(wanted) > 3 and len(wanted & set(content_stems(response))) / len(wanted) >= _QUOTED


def _wrong_number(forms: list[str], response: str) -> str:
    """What the response says instead of the answer's numbers; empty where it gives one, or there are none."""
    expected: list[Quantity] = []
    for form in forms:
        firm = [q for q in quantities(form) if not q.weak and not q.denied]
        if not firm or len(set(content_stems(form))) < _LONG_FORM:
            return ""
        expected.extend(firm)
    given = [q for q in quantities(response) if not q.weak and not q.denied]
    if any(equal(q, right) for q in given for right in expected):
        return ""
    return given[0].text if given else "no number"


def _turned_round(answer: str, response: str) -> str:
    """A short clause of the response that denies what a clause of the answer says, or the reverse."""
    said = [part for sentence in sentences(response) for part in clauses(sentence)]
    for sentence in sentences(answer):
        for part in clauses(sentence):
            stems = set(content_stems(part.text)) - _CUES
            near = [other for other in said if _about(stems, other)]
            if near and all(negated(other.text) != negated(part.text) for other in near):
                return near[0].text
    return ""


def _about(stems: set[str], clause: Span) -> bool:
    mine = set(content_stems(clause.text)) - _CUES
    return bool(stems) and stems <= mine and len(mine) <= len(stems) + _SLACK


_CUES = frozenset(word_list("no not never cannot without none neither nor avoid"))
