"""The plan: who wants what, why, under which rules, and which approach fits.

Hands on :class:`Config` (what ``foretune.toml`` says), the interview that makes
one, what is still undecided in one, and the advice (retrieval, tuning, both or
neither) drawn from it and from facts about the documents.
"""

from __future__ import annotations

from foretune.plan.answers import from_flags, read_answers, read_story, settle, write_answers
from foretune.plan.config import Config
from foretune.plan.interview import Interview, Prompt, conduct
from foretune.plan.toml import PLAN, find, load, render, update, write

__all__ = [
    "PLAN",
    "Config",
    "Interview",
    "Prompt",
    "conduct",
    "find",
    "from_flags",
    "load",
    "read_answers",
    "read_story",
    "render",
    "settle",
    "update",
    "write",
    "write_answers",
]
