"""First drafts of the five Ps, taken from the user story; a person confirms or replaces them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from foretune.plan.config import Story
from foretune.plan.intent import Intent, intent_of
from foretune.types import Arm

__all__ = ["DRAFTS", "Answers", "draft"]

Answers = Mapping[str, Any]
"""``section.key`` to value."""

Draft = Callable[[Answers], Any]
DRAFTS: dict[str, Draft] = {}


def drafts(key: str) -> Callable[[Draft], Draft]:
    """Register what to suggest for a key from the answers so far; None suggests nothing."""

    def register(function: Draft) -> Draft:
        DRAFTS[key] = function
        return function

    return register


def draft(key: str, answers: Answers) -> Any:
    """The draft of ``key``; None where the story says nothing about it."""
    function = DRAFTS.get(key)
    return function(answers) if function and any(name.startswith("story.") for name in answers) else None


def _story(answers: Answers) -> str:
    return "\n".join(str(answers.get(f"story.{part}", "")) for part in ("want", "so_that")).strip()


def _intent(answers: Answers) -> Intent:
    keys = ("story.want", "story.so_that", "purpose.must_answer")
    return intent_of(*(str(answers.get(key) or "") for key in keys))


def _persona(answers: Answers) -> str:
    return re.sub(r"^(?:an?|the)\s+", "", str(answers.get("story.persona", "")), flags=re.IGNORECASE)


@drafts("story.persona")
@drafts("story.want")
@drafts("story.so_that")
def _no_part_of_another_story(answers: Answers) -> Any:
    """The defaults are one story: whoever told a part of another gets no part of it."""
    example = {f"story.{part}": default for part, default in Story()}
    return "" if any(answers.get(key, default) != default for key, default in example.items()) else None


@drafts("purpose.must_answer")
def _must_answer(answers: Answers) -> Any:
    return answers.get("story.want")


@drafts("purpose.must_never")
def _must_never(answers: Answers) -> Any:
    asked = _intent(answers)
    facts = "answer what the documents do not say" if asked.facts or not asked.voice else ""
    voice = "state as the author's opinion what the author never wrote" if asked.voice else ""
    return "; ".join(filter(None, (facts, voice)))


@drafts("people.owner")
def _owner(answers: Answers) -> Any:
    return _persona(answers) or None


@drafts("people.reviewers")
@drafts("people.signs_off")
def _same_as_owner(answers: Answers) -> Any:
    return answers.get("people.owner") or _owner(answers)


_GROUPS = re.compile(
    r"\b(staff|employees|colleagues|customers|clients|students|patients|members|readers|citizens|agents|developers)\b",
    re.IGNORECASE,
)


@drafts("people.users")
def _users(answers: Answers) -> Any:
    named = _GROUPS.search(_story(answers))
    return named[1].lower() if named else _persona(answers) or None


@drafts("process.cadence")
def _cadence(answers: Answers) -> Any:
    for cadence, words in (
        ("daily", r"daily|every day|each day"),
        ("weekly", r"weekly|every week|each week"),
        ("monthly", r"monthly|every month|each month"),
        ("yearly", r"yearly|annual\w*|every year|each year"),
    ):
        if re.search(rf"\b(?:{words})\b", _story(answers), re.IGNORECASE):
            return cadence
    return None


@drafts("process.approval")
def _approval(answers: Answers) -> Any:
    reviewers = answers.get("people.reviewers") or _same_as_owner(answers)
    return f"every finding of `foretune review` decided by {reviewers}" if reviewers else None


_LANGUAGES = {
    "arabic": "ar",
    "chinese": "zh",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "hindi": "hi",
    "italian": "it",
    "japanese": "ja",
    "korean": "ko",
    "norwegian": "no",
    "polish": "pl",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
    "ukrainian": "uk",
}


@drafts("platform.languages")
def _languages(answers: Answers) -> Any:
    named = [code for name, code in _LANGUAGES.items() if re.search(rf"\b{name}\b", _story(answers), re.IGNORECASE)]
    return named or None


@drafts("performance.arm")
def _arm(answers: Answers) -> Any:
    asked = _intent(answers)
    if asked.voice or asked.form:
        return Arm.TUNED_RAG if asked.facts else Arm.TUNED
    return Arm.RAG


@drafts("performance.min_correct")
def _min_correct(answers: Answers) -> Any:
    """Only a share that is plainly one of right answers: "20 % less work" says nothing about them."""
    told = re.search(
        r"(?:(\d+(?:\.\d+)?)\s*(?:%|percent|per cent)|(\d+)\s+(?:out\s+)?of\s+(\d+))"
        r"(?=[^.\n]{0,40}\b(?:right|correct\w*|accura\w*)\b)",
        _story(answers),
        re.IGNORECASE,
    )
    if not told:
        return None
    share = float(told[1]) / 100 if told[1] else int(told[2]) / max(int(told[3]), 1)
    return round(share, 4) if 0 < share <= 1 else None
