"""What a plan asks for, read from its own words: facts from documents, a way of writing, a fixed form, or several.

A list of phrases rather than a model: whoever disagrees with the advice can see
which of their words it rests on, and change them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from foretune.plan.config import Config

__all__ = ["Intent", "intent", "intent_of", "stories"]

_VOICE = re.compile(
    r"""
    \b(?: (?:(?:my|our|his|her|their|the|brand|house|author['’]s|company['’]s?)\s+)*
          (?: voice (?!\s*-?(?:mails?|calls?|assistants?|recognition|messages?|notes?|recordings?|actors?)\b)
            | tone  (?!\s*-?(?:s\b|deaf|dial))
            | (?:writing\s+)? style (?!\s*-?(?:guides?|sheets?|books?)\b) )
          (?:\s+of\s+voice)?
      | (?:sound|write|read|talk|speak)(?:s|ing|ten)? \s+ (?:just\s+)? (?:like|as\s+if)
      | write(?:s)? \s+ as \s+ (?:me|us|him|her|them|i|we|our|the)
      | like \s+ (?:me|us|i\s+(?:do|would|write)|we\s+(?:do|would|write))
      | in \s+ (?:my|our|his|her|their) \s+ (?:own\s+)? words
      | ghost-?\s?writ\w* | mimic\w* | imitat\w* | impersonat\w* | on-brand
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_FACTS = re.compile(
    r"""
    \b(?: answer(?:s|ed|ing)? | questions? | ask(?:s|ed|ing)? | look(?:s|ed|ing)?\s+up | lookups?
      | find(?:s|ing)? | found | search\w* | retriev\w* | cit(?:e|es|ed|ing|ations?) | facts? | factual\w*
      | know(?:s|ing)?\s+(?:what|when|where|which|who|whether|how|if) | explain(?:s|ed|ing)?
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_RECORDS = re.compile(
    r"""
    \b(?: handbooks? | manuals? | polic(?:y|ies) | contracts? | records? | documentation | knowledge\s+base
      | faqs? | wikis? | guidelines? | regulations? | minutes | transcripts?
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)


_FORM = re.compile(
    r"""
    \b(?: classif(?:y|ies|ied|ying|ication) | categori[sz](?:e|es|ed|ing|ation) | triag(?:e|es|ed|ing)
      | (?:labell?ed|tagged|sorted|routed|filed) \s+ (?:in|by|as|with|to|under)(?:to)?
      | as \s+ json
      | (?:in|into|to) \s+ (?:an?|the|our|one) \s+ (?:(?:fixed|house|same|standard)\s+)* (?:form|format|template|schema)
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_PERSON = re.compile(
    r"""
    \b(?: (?:my|his|her) \s+ (?:own\s+|writing\s+)* (?:voice|tone|style|words)
      | (?:like|as) \s+ (?:me|him|her|i\b)
      | (?!(?:compan(?:y|ies)|brand|house|firm|team|clinic|agency|business|organi[sz]ation|school|university|bank|shop
             |group|association|publisher|department|ministry|museum|hospital)['’]s?\b)
        \w+['’]s \s+ (?:own\s+|writing\s+)* (?:voice|tone|style|words)
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Intent:
    """The plan's own words that ask for one or the other; empty where none does."""

    facts: tuple[str, ...]
    voice: tuple[str, ...]
    form: tuple[str, ...] = ()
    """The same form of answer every time: a category, a template."""
    person: bool = False
    """The voice is one person's (“my voice”, “the founder's voice”), not a house's or a brand's."""


def intent(config: Config) -> Intent:
    """What the stories and the purpose ask for, together."""
    told = stories(config)
    return intent_of(
        "\n".join(want for _, want, _ in told), "\n".join(so_that for *_, so_that in told), config.purpose.must_answer
    )


def stories(config: Config) -> tuple[tuple[str, str, str], ...]:
    """Persona, want and so-that of every story of the plan, the first one first."""
    first, further = config.story, config.story.more
    return (
        (first.persona, first.want, first.so_that),
        *((each.persona, each.want, each.so_that) for each in further),
    )


def intent_of(want: str, so_that: str = "", must_answer: str = "") -> Intent:
    """What these parts of a plan ask for.

    Two weak words count only where no wish for a voice stands beside them: the
    name of a kind of record ("our handbook": a post *for* the handbook is
    writing), and talk of answers in *so that* ("… so that people get an answer").
    """
    asked = f"{want}\n{must_answer}"
    voice = _found(_VOICE, f"{asked}\n{so_that}")
    facts = _found(_FACTS, asked)
    form = _found(_FORM, asked)
    if not facts and not voice and not form:
        facts = _found(_FACTS, so_that) or _found(_RECORDS, f"{asked}\n{so_that}")
    person = bool(voice) and _PERSON.search(f"{asked}\n{so_that}") is not None
    return Intent(facts, voice, form, person)


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    """What matches, once each, in order."""
    return tuple(dict.fromkeys(" ".join(match.group().lower().split()) for match in pattern.finditer(text)))
