"""An English statement taken apart as far as turning it into a question needs: condition, subject, auxiliary, rest.

No tagger: what is not recognised for certain is not taken apart, and whoever asks does without.
Word order of questions after Quirk et al., A Comprehensive Grammar of the English Language (1985), §2.49 ff.;
the approach (simplify, front the auxiliary, put the answer's place in front) is that of Heilman & Smith, Good
Question! Statistical Ranking for Question Generation (2010, https://aclanthology.org/N10-1086/).

>>> clause("If you leave TTS, award leave is not paid out.")
Clause(condition='if you leave TTS', subject='award leave', auxiliary='is', negative=True, rest='paid out')
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from foretune.evidence.text import word_list

__all__ = ["Clause", "clause", "condition_of", "for_me", "lowered"]

_CONDITION = re.compile(
    r"^(?:If|When|Whenever|For|To|After|Before|During|Once|Unless|While|As|Until|Since|In|On|At|With)\b[^.;:()]{3,140}$"
)
_STARTS_MAIN = re.compile(
    r"(?:then\s+)?(?:you|we|they|I|it|your|our|their|the|a|an|all|each|every|employees?|please|no|this)\b"
)
_AUXILIARY = r"can|could|may|might|must|shall|should|will|would|is|are|was|were"
_PARTS = re.compile(
    rf"^(?P<subject>\S+(?:\s+\S+){{0,7}}?)\s+(?P<auxiliary>{_AUXILIARY})(?P<not>n['’]t|not|\s+not)?\s+(?P<rest>.+)$",
    re.DOTALL,
)
_IN_A_SUBJECT_NEVER = re.compile(
    r"[,;:()\"“]|\b(?:who|which|that|where|when|if|because|what|how|why|there|to|please|not|so|and then)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"^(?P<subject>You|We|They|I)\s+(?P<adverb>(?:also|always|usually|often|typically|generally|normally|automatically)"
    r"\s+)?(?P<not>do not\s+|don['’]t\s+)?(?P<verb>[a-z]{2,})\s+(?P<rest>.+)$",
    re.DOTALL,
)
_NO_BASE_FORM = re.compile(r"(?:ed|ing)$|^(?:am|did|does|had|has|have|got|went|were|was|all|both|do|d|ll|ve|re)$")
_BASE_IN_ED = frozenset({"need", "feed", "proceed", "exceed", "embed", "shed", "speed", "succeed", "bed"})
_SINGULAR = re.compile(
    r"^(?P<subject>\S+(?:\s+\S+){0,4}?)\s+(?:(?:also|always|usually|often|typically|generally|only)\s+)?(?P<verb>"
    r"(?:offer|provide|require|use|include|manage|allow|support|recommend|pay|cover|help|make|send|receive|issue|"
    r"maintain|run|own|host|lead|report|need|give|determine|handle|contain|mean|follow|earn|accrue|start|end|"
    r"last|cost|depend|consist|occur|take|work|apply|expire|begin|happen|describe|list|set|keep|belong|cap)s|applies|carries)\s+(?P<rest>.+)$",
    re.DOTALL,
)
_PLURAL = re.compile(r"(?:many|all|most|some|both|several|few|two|three|four|five)\b", re.IGNORECASE)
_THIRD = {"applies": "apply", "carries": "carry"}
_LOWERED = frozenset(
    word_list(
        "a an the all any each every some no your our their its his her my you we they it there this these those most "
        "many both employees employee staff people supervisors managers"
    )
)
"""Words that are no names, however a sentence begins."""
_CONDITIONAL = frozenset(
    word_list("If When Whenever For To After Before During Once Unless While As Until Since In On At With")
)


@dataclass(frozen=True, slots=True)
class Clause:
    """``subject auxiliary rest``, without its full stop."""

    condition: str
    """The clause before it (``if you leave``), small at its beginning; empty where there is none."""
    subject: str
    auxiliary: str
    """``do`` or ``does`` where the statement has none."""
    negative: bool
    rest: str

    @property
    def supported(self) -> bool:
        """Whether the auxiliary is only there for the question."""
        return self.auxiliary in ("do", "does")


def condition_of(text: str) -> tuple[str, str]:
    """The leading condition and the main clause; the condition empty where there is none."""
    text = text.strip().rstrip(".!;: ")
    best: tuple[str, str] | None = None
    for match in re.finditer(r",\s+", text):
        if not _CONDITION.match(text[: match.start()]):
            break
        before, after = text[: match.start()], text[match.end() :]
        if _STARTS_MAIN.match(after):
            best = before, after
            break
        best = best or (before, after)
    if best is None:
        return "", text
    return lowered(best[0]), best[1]


def clause(text: str) -> Clause | None:
    """The statement taken apart, or None where its parts are not certain."""
    condition, main = condition_of(text)
    main = re.sub(r"^then\s+", "", main)
    if match := _PARTS.match(main):
        subject = match["subject"]
        if not _IN_A_SUBJECT_NEVER.search(subject):
            return Clause(condition, lowered(subject), match["auxiliary"], bool(match["not"]), match["rest"])
        return None
    main = main[:1].upper() + main[1:]
    if match := _PRONOUN.match(main):
        verb = match["verb"]
        if _NO_BASE_FORM.search(verb) and verb not in _BASE_IN_ED:
            return None
        return Clause(condition, _pronoun(match["subject"]), "do", bool(match["not"]), f"{verb} {match['rest']}")
    if (
        (match := _SINGULAR.match(main))
        and not _IN_A_SUBJECT_NEVER.search(match["subject"])
        and not _PLURAL.match(main)
    ):
        verb = _THIRD.get(match["verb"], match["verb"].removesuffix("s"))
        return Clause(condition, lowered(match["subject"]), "does", False, f"{verb} {match['rest']}")
    return None


def _pronoun(word: str) -> str:
    return word if word == "I" else word.lower()


def lowered(text: str) -> str:
    """Without the capital of a sentence's first word, where that word is no name."""
    first, _, rest = text.partition(" ")
    return f"{first.lower()} {rest}".strip() if first in _CONDITIONAL or first.lower() in _LOWERED else text


_ME = (
    (r"\bare you\b", "am I"),
    (r"\byou are\b", "I am"),
    (r"\byou['’]re\b", "I'm"),
    (r"\byou['’]ve\b", "I've"),
    (r"\byou['’]ll\b", "I'll"),
    (r"\bwere you\b", "was I"),
    (r"\byourself\b", "myself"),
    (r"\byours\b", "mine"),
    (r"\byour\b", "my"),
    (
        r"\b(with|for|to|from|of|by|on|at|about|gives?|sends?|tells?|helps?|lets?|allows?|notify|notifies|contacts?|"
        r"pays?|asks?) you\b",
        r"\1 me",
    ),
    (r"\byou\b", "I"),
)


def for_me(question: str) -> str:
    """The question as somebody asks it for themselves: ``you`` becomes ``I`` or ``me``."""
    for pattern, words in _ME:
        question = re.sub(pattern, words, question)
    return question
