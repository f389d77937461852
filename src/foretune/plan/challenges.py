"""What a good consultant says to a weak answer: why it will not do, and what a better one looks like."""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["Challenge", "concrete", "counted", "named", "precise", "said"]

Challenge = Callable[[str], str | None]
"""An answer in, an objection (a sentence or two) or None out."""

_VAGUE = re.compile(
    r"\b(better|best|good|great|nice|nicer|improve\w*|more efficient|efficient\w*|optimi[sz]e\w*|quality|modern|smart"
    r"|useful|helpful|valuable|innovative|ai|chatbot|stuff|things|everything|anything|content|whatever)\b",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(
    r"^(?:tbd|tbc|todo|n/?a|none|no|yes|ok|don'?t know|do not know|dunno|unknown|unsure|not sure|later|\?+|\.+|-+|x+"
    r"|test|asdf\w*)\.?$",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"^(?:(?:the|a|an|my|our)\s+)?(?:everyone|everybody|anyone|someone|somebody|nobody|people|users?|person|us|we|me|i"
    r"|all|team|company|department|management|staff)$",
    re.IGNORECASE,
)


def said(example: str) -> Challenge:
    """Object to an answer that is none."""

    def challenge(answer: str) -> str | None:
        if _NO_ANSWER.match(answer):
            return f"“{answer}” leaves it open. An answer that can be worked with: {example}."
        return None

    return challenge


def precise(words: int, example: str) -> Challenge:
    """Object to fewer than ``words`` words."""

    def challenge(answer: str) -> str | None:
        if len(answer.split()) < words:
            return f"“{answer}” can be read in many ways. Say what happens, with what: {example}."
        return None

    return challenge


def concrete(example: str) -> Challenge:
    """Object to words that nobody can test, where little else is said."""

    def challenge(answer: str) -> str | None:
        vague = [match.group().lower() for match in _VAGUE.finditer(answer)]
        plain = [word for word in re.findall(r"\w+", _VAGUE.sub("", answer)) if len(word) > 3]
        if vague and len(plain) < 4:
            return f"“{answer}” can't be tested: two people would judge “{vague[0]}” differently. {example}"
        return None

    return challenge


def named(example: str) -> Challenge:
    """Object to a group where one name or role is needed."""

    def challenge(answer: str) -> str | None:
        if _NOBODY.match(answer.strip()):
            return f"“{answer}” is nobody one could call. Name one role or person: {example}."
        return None

    return challenge


def counted(example: str) -> Challenge:
    """Object to an answer without a number."""

    def challenge(answer: str) -> str | None:
        if not re.search(r"\d|\b(?:no|zero|nothing|free)\b", answer, re.IGNORECASE):
            return f"“{answer}” can't be compared with a bill. Put a number to it: {example}."
        return None

    return challenge
