"""Yes and no: negation in a sentence, and which of the two a response says.

>>> answers_yes("Do credit hours expire?", "They roll over, and credit hours never expire.")
False
>>> answers_yes("Is approval needed?", "You may simply go ahead.") is None
True
"""

from __future__ import annotations

import re

from foretune.evidence.text import Span, clauses, content_stems, fold, sentences, tokens, word_list

__all__ = ["answers_yes", "leading_yes_no", "negated", "negations"]

_CUES = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|nowhere|neither|nor|without|cannot|can't|cant|n't|unable|hardly"
    r"|ineligible|impossible|prohibit\w*|forb[ia]d\w*|banned|disallow\w*|denied|lacks?|lacking|refus\w+"
    r"|fail(?:s|ed)? to|unnecessary)\b|n't\b"
)
_NO_NEGATION = re.compile(
    r"\b(?:not only|not just|not merely|whether or not|or not\b|not necessarily|if not|no doubt|no\. ?\d"
    r"|no (?:more|less|fewer|later|longer|earlier|greater|sooner) than|not (?:more|less|fewer|later|longer) than"
    r"|(?:not|never) (?:to )?exceed\w*)"
)
_DUTY = frozenset(word_list("need requir must mandatori oblig necessari have"))
_OPTIONAL = re.compile(r"\b(?:optional|voluntary|free to|up to you)\b")

_YES = (
    "(?:yes|yeah|yep|yup|correct|true|indeed|absolutely|certainly|definitely|of course|sure|affirmative"
    "|that is (?:correct|right|true))"
)
_NO = (
    "(?:no|nope|nay|false|incorrect|negative|certainly not|definitely not|absolutely not|of course not|not at all"
    "|never|that is (?:incorrect|not|false|wrong))"
)
_LEAD = re.compile(
    r"^[\W_]*(?:(?:short |final )?answer(?: is)?[\W_]*)?(?:the answer(?: to [^.]{1,200}?)? is[\W_]*)?"
    rf"(?:(?P<no>{_NO})|(?P<yes>{_YES}))(?![\w'-])(?P<rest>[\W_]*)"
)
_NOT_INTERJECTION = re.compile(
    r"(?:information|mention|data|details?|answer|idea|evidence|record|one|need|approval|limit|more|less|later|longer|fewer)\b"
)
_ENOUGH_OVERLAP = 0.5


def negations(text: str) -> list[Span]:
    """Words that turn a statement round; limits (``not to exceed``) and ``not only`` do not.

    >>> [n.text for n in negations("No more than 5 may go; it isn't paid.")]
    ["n't"]
    """
    folded = _same_length_fold(text)
    exempt = [match.span() for match in _NO_NEGATION.finditer(folded)]
    return [
        Span(text[m.start() : m.end()], m.start(), m.end())
        for m in _CUES.finditer(folded)
        if not any(start <= m.start() < end for start, end in exempt)
    ]


def _same_length_fold(text: str) -> str:
    """Lower case with offsets kept (full folding may change the length)."""
    return "".join(low if len(low := c.lower()) == 1 else c for c in text).replace("’", "'")


def negated(text: str) -> bool:
    """True where an odd number of negations leaves the statement negative."""
    return len(negations(text)) % 2 == 1


def leading_yes_no(response: str) -> bool | None:
    """The yes or no a response opens with, None where it opens otherwise.

    >>> leading_yes_no("**No**, it is not."), leading_yes_no("No information is given."), leading_yes_no("Answer: yes")
    (False, None, True)
    """
    match = _LEAD.match(fold(response[:400]))
    if not match:
        return None
    if match["yes"]:
        return True
    rest = fold(response[:400])[match.end() :]
    said_no_thing = match["no"] in ("no", "never") and match["rest"] == " "
    return None if said_no_thing and _NOT_INTERJECTION.match(rest) else False


def answers_yes(question: str, response: str) -> bool | None:
    """What ``response`` answers to a yes/no question: True, False, or None where it says neither.

    An opening *yes* or *no* counts first. Otherwise the sentence that repeats most of
    the question is read: it says no where it is negated and the question is not (or
    the other way round). Fewer than half of the question's words repeated is no answer.
    A response that opens with one and then states the other answers neither.
    """
    stated = _stated(question, response)
    opening = leading_yes_no(response)
    if opening is None:
        return stated
    if opening and stated is False:
        return None
    return opening


def _stated(question: str, response: str) -> bool | None:
    asked = set(content_stems(question))
    if not asked:
        return None
    best, best_overlap = "", 0.0
    for sentence in sentences(response):
        stems = set(content_stems(sentence.text))
        overlap = len(asked & stems) / len(asked)
        if overlap > best_overlap:
            best, best_overlap = sentence.text, overlap
    if best_overlap < _ENOUGH_OVERLAP:
        return None
    relevant = _relevant_clauses(asked, best)
    says_no = negated(relevant) != negated(question)
    if not says_no and _OPTIONAL.search(fold(relevant)) and _DUTY & {t.stem for t in tokens(question)}:
        return False
    return not says_no


def _relevant_clauses(asked: set[str], sentence: str) -> str:
    """The clauses of ``sentence`` that speak of what was asked; a leading yes or no left out."""
    body = sentence
    lead = _LEAD.match(_same_length_fold(sentence))
    if lead and lead["rest"].strip():
        body = sentence[lead.end() :]
    parts = [part for part in clauses(Span(body, 0, len(body))) if asked & set(content_stems(part.text))]
    return " ; ".join(part.text for part in parts) or body
