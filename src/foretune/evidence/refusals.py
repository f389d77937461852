"""Does a response decline to answer? ("not in the documents", "I don't know", "N/A")

>>> refusal("The handbook does not mention a sabbatical.").text
'The handbook does not mention'
>>> refusal("Award leave is not paid out.") is None
True
"""

from __future__ import annotations

import re

from foretune.evidence.text import Span, any_of, sentences

__all__ = ["refusal", "refuses"]

_SOURCE = any_of(
    """documents? documentation context passages? text pages? handbook corpus sources? articles? materials?
    excerpts? files? records? information content search\\sresults? data"""
)
_SAY = any_of(
    """mention say state specify contain include provide give list discuss address cover indicate disclose describe
    answer explain tell offer have reveal name define detail note"""
)
_SAID = any_of(
    """mentioned said stated specified contained included provided given listed discussed addressed covered
    indicated disclosed described found available answered known present detailed documented clear"""
)
_NOT = r"(?:not|n't|never)"
_CANNOT = (
    r"(?:can(?:not| ?not|'t)|could(?: not|n't)|(?:am|was|are|is) not able to|(?:am|was|are|is|'m) unable to|unable to)"
)
_FIND = any_of(
    """find answer determine provide tell locate say access confirm give verify help browse assist
    be\\s(?:determined|answered|found)"""
)
_KNOWLEDGE = any_of("information mention data details? evidence record reference indication context answer")

_PATTERNS = (
    # the documents do not say
    rf"\b{_SOURCE}\b[^.!?]{{0,60}}?\b(?:do|does|did|is|are|was|has|have|can)\s?{_NOT}\b(?: \w+){{0,2}}? {_SAY}",
    rf"\b(?:do|does|did) ?{_NOT} (?:\w+ ){{0,2}}?(?:mention|specify|state|say|disclose)\b",
    # it is not said in the documents
    rf"\b(?:is|are|was|were|been|be)\s?{_NOT} (?:\w+ ){{0,2}}?{_SAID} (?:\w+ ){{0,3}}?"
    rf"(?:in|by|within|from|on|here|anywhere) (?:\w+ ){{0,4}}?{_SOURCE}\b",
    rf"\b(?:is|are|was|were)\s?{_NOT} (?:explicitly |directly |currently |publicly |specifically )?"
    r"(?:mentioned|specified|stated|disclosed|known|documented|answered)\b",
    r"\bnot (?:\w+ ){0,2}?(?:in|found in|mentioned in|part of|among|covered (?:in|by)) "
    rf"(?:the |our |your |these |any )?(?:\w+ ){{0,2}}?{_SOURCE}\b",
    rf"\bnone of the (?:\w+ ){{0,2}}?{_SOURCE}\b",
    r"\bnot_in_corpus\b|\bnot_found\b|\bnot_in_documents\b",
    # I do not know, it cannot be found
    rf"\bi (?:\w+ )?(?:do ?{_NOT}|don't|did ?{_NOT}|didn't) (?:\w+ )?(?:know|have|find|see|possess|understand)\b",
    rf"\b(?:i|we|it)(?:'m)? (?:\w+ )?{_CANNOT} (?:\w+ )?{_FIND}\b",
    rf"\b{_CANNOT} (?:be )?(?:determined?|answered?|found) ?(?:from|with|based|in|by|using|$|[.,])",
    r"\bas an ai\b[^.!?]{0,60}\bi (?:do not|don't|cannot|can't|am not|am unable)\b",
    # there is no information
    r"\b(?:there (?:is|was|are|were) |have |has |found |contains? |provides? |gives? )?"
    rf"(?:no|not any|not enough|insufficient) (?:\w+ ){{0,2}}?{_KNOWLEDGE}\b",
    r"\b(?:it is|it's|it remains|this is|that is|are|is) (?:unclear|unknown|uncertain|not clear|not known"
    r"|not possible to (?:say|tell|determine|answer|know))\b",
    # asking back
    r"\b(?:please|could you|can you) (?:\w+ )?(?:provide|give|clarify|specify)\b[^.!?]{0,60}"
    r"\b(?:context|information|details?|question|clarif\w+|specific)\b",
)
_REFUSAL = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))
_WHOLE = re.compile(
    r"[\W_]*(?:(?:the )?answer(?: is)?[\W_]*)?"
    r"(?:not[ _-](?:found|answerable|available|applicable|known|specified|stated|mentioned|given|in[ _-]corpus)"
    r"|n/?a|unknown|unanswerable|no[ _-]answer|none|nothing|no idea|no information|cannot answer|can't say|idk"
    r"|i'?m not sure|not sure|unclear|unsure)[\W_]*"
)
"""A response that consists of nothing else."""
_TURN = re.compile(r"\b(?:however|but|nevertheless|nonetheless|that said)\b(?=.{10})", re.IGNORECASE | re.DOTALL)
"""A response that declines may go on from here and answer."""
_LONGEST = 20_000
"""Characters looked at; a refusal comes early or is a sentence of its own."""


def refusal(text: str) -> Span | None:
    """The words that decline, or None. A response may decline and then answer all the same."""
    folded = "".join(low if len(low := c.lower()) == 1 else c for c in text[:_LONGEST]).replace("’", "'")
    folded = re.sub(r"\s", " ", folded)
    match = _WHOLE.fullmatch(folded) or _REFUSAL.search(folded)
    return Span(text[match.start() : match.end()], match.start(), match.end()) if match else None


def refuses(text: str) -> bool:
    """True where the response declines in its first sentence and does not answer after all.

    >>> refuses("Annual leave is capped at 240 hours. The text does not mention sick leave.")
    False
    >>> refuses("I don't have current data. However, the cap was 240 hours in 2019.")
    False
    """
    found = refusal(text)
    if found is None:
        return False
    first = next(iter(sentences(text)), None)
    if first is not None and found.start >= first.end:
        return False
    turn = _TURN.search(text, found.end)
    return turn is None or refusal(text[turn.end() :]) is not None
