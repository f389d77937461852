"""What a question asks for: the type of its answer, the unit, and the words that identify the fact.

>>> asked("How many hours of leave can be carried over?").type, asked("How many hours of leave?").unit
(<AnswerType.NUMBER: 'number'>, 'hour')
>>> asked("On what date did GSA launch 18F?").type, asked("Which phone is issued?").type
(<AnswerType.DATE: 'date'>, <AnswerType.NAME: 'name'>)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from foretune.evidence.text import Token, any_of, content, fold, tokens, word_list
from foretune.evidence.units import UNITS

__all__ = ["AnswerType", "Asked", "asked"]


class AnswerType(StrEnum):
    """What an answer has to contain."""

    NUMBER = "number"
    DATE = "date"
    NAME = "name"
    YES_NO = "yesno"
    REASON = "reason"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart."""

    type: AnswerType
    unit: str
    """Canonical unit asked for (``hour`` in *how many hours*), or empty."""
    terms: tuple[Token, ...]
    """Its content words, question words left out."""

    @property
    def stems(self) -> tuple[str, ...]:
        """Stems of :attr:`terms`, each once, in order."""
        return tuple(dict.fromkeys(term.stem for term in self.terms))


_QUESTION_WORDS = frozenset(
    word_list(
        "many much long often soon far old big large tall high percentage percent proportion number amount total date "
        "year day kind type name maximum minimum most least go use take"
    )
)
_MEASURES = any_of(
    """number percentage percent proportion share amount price cost fee rate premium maximum minimum cap limit ceiling
    salary budget population length height distance age rating size temperature"""
)
_MANNERS = any_of(
    "many much long often soon far old big large tall high fast quickly frequently late early deep heavy wide"
)
_NUMBER = re.compile(
    rf"\bhow {_MANNERS}\b|\b(?:what|which) (?:is |are |was )?(?:the )?(?:\w+ ){{0,3}}{_MEASURES}\b"
    r"|\b(?:within|up to|at) how\b|\bat what (?:percentage|rate|age)\b"
    r"|\bis there a (?:ceiling|cap|limit|maximum|minimum)\b"
)
_DATE = re.compile(
    r"\bwhen\b|\b(?:what|which) (?:\w+ ){0,2}(?:date|day|year|month|deadline|century|decade)\b"
    r"|\bhow recently\b|\blast day\b"
)
_CALLED = any_of(
    "name title address code app tool building city country team company band song person author phone manager"
)
_NAME = re.compile(
    r"\b(?:who|whom|whose)\b|\bwhich\b|\bwhere\b"
    rf"|\bwhat(?: is|'s| was| are| were)? (?:the )?(?:\w+ ){{0,2}}{_CALLED}\b"
)
_AUXILIARIES = any_of(
    """is are was were do does did can could may might must shall should will would has have had am isn't aren't don't
    doesn't can't"""
)
_YES_NO = re.compile(rf"^\W*{_AUXILIARIES}\b")
_REASON = re.compile(r"\bwhy\b|\bwhat (?:is|was) the (?:reason|purpose)\b|\bhow come\b")


def asked(question: str) -> Asked:
    """Take ``question`` apart; the last sentence with a question mark decides, else the whole."""
    folded = fold(question)
    part = _core(folded)
    kind = _type(part)
    unit = _unit(part) if kind is AnswerType.NUMBER else ""
    return Asked(kind, unit, tuple(t for t in content(question) if t.norm not in _QUESTION_WORDS))


def _core(folded: str) -> str:
    asking = [part for part in re.split(r"(?<=[.?!])", folded) if part.endswith("?") and part.strip(" ?")]
    return asking[-1] if asking else folded


def _type(part: str) -> AnswerType:
    if _YES_NO.match(part) and not re.search(r"\bor (?:not )?(?:how|why|when)\b", part):
        return AnswerType.NUMBER if _NUMBER.search(part) and "is there" in part else AnswerType.YES_NO
    if _REASON.search(part):
        return AnswerType.REASON
    if _DATE.search(part):
        return AnswerType.DATE
    if _NUMBER.search(part):
        return AnswerType.NUMBER
    return AnswerType.NAME if _NAME.search(part) else AnswerType.OTHER


def _unit(part: str) -> str:
    if re.search(r"\b(?:percentage|percent|proportion|share)\b", part):
        return "percent"
    if re.search(r"\b(?:cost|price|fee|premium|salary|how much money|dollars?)\b", part):
        return "dollar"
    match = re.search(r"\b(?:how many|number of)\b", part)
    if not match:
        return ""
    for word in tokens(part[match.end() :])[:4]:
        if word.norm in UNITS and len(word.norm) > 1:
            return UNITS[word.norm]
        if word.is_stop and word.norm != "of":
            break
    return ""
