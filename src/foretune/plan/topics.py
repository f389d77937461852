"""What a plan is about, by its own words: whose data, where it may run, in how much of a hurry.

Questions to vendors are tied to it, and settings that contradict it are found by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from foretune.plan.config import Config
from foretune.plan.intent import intent, stories
from foretune.types import Label

__all__ = ["plan_topics"]

_HEALTH = re.compile(r"\b(?:phi|health\w*|patients?|clinic\w*|medical|diagnos\w*|hospitals?|hipaa)\b", re.IGNORECASE)
_HR = re.compile(r"\b(?:hr|staff|employees?|applicants?|payroll|human resources|recruit\w*)\b", re.IGNORECASE)
_PERSONAL = re.compile(
    r"\b(?:patients?|clients?|customers?|employees?|personal|crm|salar(?:y|ies)|members?|citizens?|pii|phi)\b",
    re.IGNORECASE,
)
_OFFLINE = re.compile(
    r"\b(?:off-?line|air-?gapped|no (?:internet|network|cloud)|never the (?:internet|cloud)"
    r"|(?:not|never) leaves? (?:the|our|this|my) (?:building|house|network|machine|premises|company|hospital|clinic"
    r"|laptop|server|country)|(?:in|inside) our (?:own )?(?:building|network)|on[- ]prem\w*)\b",
    re.IGNORECASE,
)
_QUICK = 10
"""Seconds; whoever may wait longer is not in a hurry."""


def plan_topics(config: Config) -> Mapping[str, str]:
    """The topics that apply, each with the plan's words that say so.

    ``health``, ``hr``, ``personal``, ``offline``, ``voice``, ``restricted``, ``languages``, ``fast``, ``budget``.
    """
    purpose, platform = config.purpose, config.platform
    told = " ".join((*(part for story in stories(config) for part in story), purpose.must_answer, purpose.must_never))
    words = {
        "health": _first(_HEALTH, told),
        "hr": _first(_HR, told),
        "personal": _first(_PERSONAL, told),
        "offline": _first(_OFFLINE, f"{platform.where} {purpose.must_never}"),
        "voice": next(iter(intent(config).voice), ""),
        "restricted": config.corpus.label.value if config.corpus.label.rank >= Label.CONFIDENTIAL.rank else "",
        "languages": ", ".join(platform.languages) if len(platform.languages) > 1 else "",
        "fast": f"{platform.latency_seconds:g}" if platform.latency_seconds <= _QUICK else "",
        "budget": platform.budget,
    }
    return {topic: said for topic, said in words.items() if said}


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""
