"""Health said of somebody: a condition, a pregnancy, a medicine beside a person, not health as a subject."""

from __future__ import annotations

import re

from foretune.governance.personal.pattern import Accept, Pattern
from foretune.governance.personal.windows import ORDINARY
from foretune.types import Severity

__all__ = ["PATTERNS"]

_CONDITION = (
    r"(?:(?:breast |lung |skin |prostate |colon |brain |blood )?cancers?|leuka?emia|lymphoma|melanoma|tumou?rs?"
    r"|(?:type [12] )?diabetes|HIV|AIDS|hepatitis(?: [A-E])?|tuberculosis|pneumonia|COVID(?:-19)?|long COVID"
    r"|(?:clinical |severe |postnatal |post-partum )?depression|bipolar(?: disorder)?|schizophrenia|psychosis"
    r"|anxiety(?: disorder)?|PTSD|autism|ADHD|dyslexia|anorexia|bulimia|eating disorder|addiction|alcoholism"
    r"|asthma|epilepsy|seizures|dementia|Alzheimer['’]?s?|Parkinson['’]?s?|multiple sclerosis|(?:a )?stroke"
    r"|heart (?:attack|failure|disease|condition)|high blood pressure|hypertension|kidney (?:failure|disease)"
    r"|arthritis|lupus|Crohn['’]?s|coeliac|celiac|migraines?|endometriosis|miscarriage|herpes|syphilis|chlamydia"
    r"|burn-?out|insomnia|sleep apn(?:o)?ea|anaemia|anemia)"
)
_MORE = "pregnancy|surgery|chemotherapy|diagnosis|disability|hospital stay"
_RELATIVE = (
    r"(?:wife|husband|son|daughter|mother|father|mum|mom|dad|brother|sister|partner|child|baby|colleague|manager|boss"
    r"|friend|patient|client|neighbou?r)"
)
_WHO = rf"\b((?:[Tt]he |[Mm]y |[Hh]is |[Hh]er |[Tt]heir )?{_RELATIVE}|I|[Hh]e|[Ss]he|[A-Z][a-z][\w'’-]{{0,30}})"
_STATE = (
    r"(?:has|had|have|['’]s got|['’]ve got|got|is|was|am|suffers? from|suffered from|suffering from|lives? with"
    r"|living with|struggle[sd]? with|recover(?:s|ed|ing) from|died of|died from|was hospitali[sz]ed (?:for|with)"
    r"|tested positive for|on (?:sick|medical) leave (?:for|with|because of|due to))"
)
_BETWEEN = (
    r"(?:(?:is|was|has|had|been|being|recently|just|also|now|still|treated for|diagnosed with|a|an|her|his|my|severe"
    r"|mild|chronic|stage \d) ){0,5}"
)
_PEOPLE = frozenset(("i", "he", "she"))


def _somebody(match: re.Match[str]) -> tuple[int, int] | None:
    """The whole statement, where it is about a person and not about "Anyone" or "This"."""
    who = match[1].split()[-1].lower()
    named = match[1][0].isupper() and " " not in match[1] and who not in _PEOPLE
    return None if named and (who in ORDINARY or who in _NOBODY) else match.span()


_NOBODY = frozenset(
    ("anyone", "nobody", "everybody", "somebody", "whoever", "each", "employee", "depression", "people")
)


def _pattern(regex: str, cues: tuple[str, ...], score: float, accept: Accept = _somebody, hint: str = "") -> Pattern:
    return Pattern("health", re.compile(regex), Severity.HIGH, "Somebody's health", accept, cues, score, False, hint)


PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        rf"{_WHO} {_BETWEEN}(?:{_STATE}|diagnosed with|treated for) {_BETWEEN}{_CONDITION}\b",
        (" ha", " is", " was", " got", " from", " with", " for", " of", " am", "’s", "'s", "’ve", "'ve"),
        0.85,
        hint=rf" {_CONDITION}\b",
    ),
    _pattern(
        rf"\b((?:[Mm]y|[Hh]is|[Hh]er)|[A-Z][a-z][\w-]{{1,30}}['’]s) (?:recent |chronic |severe )?"
        rf"(?:{_CONDITION}|{_MORE})\b",
        ("my ", "his ", "her ", "'s ", "’s "),
        0.7,
        lambda match: None if match[1][:-2].lower() in ORDINARY | _NOBODY else match.span(),
        rf" (?:{_CONDITION}|{_MORE})\b",
    ),
    _pattern(
        rf"{_WHO} (?:is|was|am|['’]s) (?:(?:now|\w{{3,10}} (?:weeks|months)) )?pregnant\b",
        ("pregnant",),
        0.85,
    ),
    _pattern(
        rf"{_WHO} (?:(?:is|was|has been|am) )?(?:on|taking|takes|takes?|prescribed|given) "
        r"(?:[a-z]{3,20} )?([A-Za-z]{4,25}) \d{1,4}(?:\.\d)? ?(?:mg|mcg|ml|units)\b",
        ("mg", "mcg", "ml", "units"),
        0.85,
        hint=r"\p{Nd} ?(?:mg|mcg|ml|units)\b",
    ),
)
