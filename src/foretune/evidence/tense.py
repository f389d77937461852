"""When a statement speaks of: by the first verb form that says so.

By form, not by grammar: enough to tell what is announced or asked for from what is
told. English.

>>> tense("By 2016 the team had grown."), tense("We will move by June 2021.")
(<Tense.PAST: 'past'>, <Tense.FUTURE: 'future'>)
>>> tense("Submit the form by March 2020."), tense("Deadline: March 2020")
(<Tense.PRESENT: 'present'>, <Tense.NONE: 'none'>)
"""

from __future__ import annotations

import re
from enum import StrEnum

from foretune.evidence.text import any_of

__all__ = ["Tense", "tense"]

_FUTURE = (
    r"(?:will|shall|won't|'ll|’ll)(?! (?:have been|come as))"
    r"|(?:is|are|am|be|'re|’re|'m|’m|'s|’s) (?:now |currently |all |still )?(?:going|set|scheduled|slated|due|planning"
    r"|planned|expected|anticipated|hoping|aiming) (?:to|for|in|on|by)"
    r"|plans? to|expects? to|aims? to|hopes? to|intends? to|upcoming|forthcoming"
)
_MODAL = r"must|should|shall|can|cannot|may|might|need(?:s)? to|ha(?:ve|s) to|please|let's|ought to"
_PRESENT = (
    r"(?:is|are|am|isn't|aren't|'re|’re|'m|’m|has|have|hasn't|haven't|does|do|doesn't|don't)"
    r"|(?:remain|require|include|apply|applie|continue|expire|end|begin|start|provide|offer|accept|consider|use|allow"
    r"|give|cover|mean|contain|run|lapse|become|need|want|work|support|operate|pay|charge|serve|close|open)s"
    r"|(?:we|you|they|i|employees|supervisors|managers|staff|teams|members|people|everyone|all)(?: \w+ly| all| now)? "
    r"(?:use|need|require|(?:expect|plan|want)(?! to)|have|work|offer|accept|consider|ask|run|provide|get"
    r"|receive|recommend)"
)
_IMPERATIVE = any_of(
    """submit complete apply register send sign use ensure make check contact ask email fill enroll enrol return review
    update provide follow visit read see add select choose schedule book request notify confirm finish include note
    remember take keep plan expect start begin stop continue download install join open close record report enter
    create set give get do go log try find pay move upload click"""
)
_PAST = (
    r"was|were|wasn't|weren't|had|did|didn't|became|began|came|went|got|made|took|held|gave|found|won|built|left|led"
    r"|met|ran|said|saw|grew|rose|wrote|brought|kept|spent|sought|sent|told|knew|got|used to"
    r"|(?<!be )(?<!to )(?<!is )(?<!are )(?<!been )(?<!being )(?<!the )(?<!an )(?<!a )(?<!and )\w{2,}(?:[^aeiou\W]|e)ed"
)
_VERB = re.compile(
    rf"(?<![\w-])(?:(?P<future>{_FUTURE})|(?P<present>{_MODAL}|{_PRESENT})|(?P<past>{_PAST}))(?![\w-])", re.IGNORECASE
)
_OPENING = re.compile(
    rf"[\W\d_]*(?:(?:also|then|next|first|finally|now|always),? )?(?P<verb>{_IMPERATIVE})\b(?!-)", re.I
)
_NO_VERB = frozenset({"need", "speed", "feed", "seed", "indeed", "proceed", "exceed", "red", "bed", "shed", "hundred"})


class Tense(StrEnum):
    """When what is said holds."""

    PAST = "past"
    PRESENT = "present"
    """Holds now, or is asked for."""
    FUTURE = "future"
    NONE = "none"
    """No verb form says: a heading, a cell, a date by itself."""


def tense(text: str) -> Tense:
    """Of the first verb in ``text``; a sentence that opens with an imperative is about the present."""
    if _OPENING.match(text):
        return Tense.PRESENT
    for match in _VERB.finditer(text):
        if match.group().lower() not in _NO_VERB and match.lastgroup:
            return Tense(match.lastgroup)
    return Tense.NONE
