"""Where a model comes from: its foundation, the licences along the way, and what it was made for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from foretune.plan.suitability.types import ModelFacts

__all__ = ["Foundation", "Licence", "domain_of_model", "domain_of_plan", "foundation_of", "licence_named"]


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence of weights."""

    id: str
    kind: str
    """``permissive``, ``conditional`` or ``research``."""
    terms: str
    url: str


@dataclass(frozen=True, slots=True)
class Foundation:
    """A model that others are made from."""

    name: str
    licence: str
    released: date
    source: str
    domain: str = ""
    read_at: str = ""
    """The page on which the date was read; empty: nobody has checked it."""


def _table(name: str) -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def _licences() -> Mapping[str, Licence]:
    found: dict[str, Licence] = {}
    for identifier, entry in _table("licences.toml")["licence"].items():
        licence = Licence(identifier, entry["kind"], entry.get("terms", ""), entry["url"])
        found |= dict.fromkeys((identifier, *entry["names"]), licence)
    return found


@cache
def _foundations() -> tuple[tuple[re.Pattern[str], Foundation], ...]:
    return tuple(
        (
            re.compile(entry.pop("pattern"), re.IGNORECASE),
            Foundation(**entry),
        )
        for entry in _table("foundations.toml")["foundation"]
    )


def licence_named(name: str) -> Licence | None:
    """The licence of that identifier or name; None for one that nobody here knows."""
    return _licences().get(name.strip().casefold())


def foundation_of(facts: ModelFacts) -> tuple[Foundation | None, str]:
    """The foundation model and the name that told it: the furthest ancestor that is known, else the model's own."""
    for name in (*reversed(facts.base_models), facts.name):
        # A folder's path is not the model's name.
        last = "/".join(name.replace("\\", "/").split("/")[-2:])
        for pattern, foundation in _foundations():
            if pattern.search(last.replace(" ", "-")):
                return foundation, name
    return None, ""


_DOMAINS: Mapping[str, str] = {
    "code": r"cod(?:e|es|er|ing)|starcoder|programming|developers?|software|librar(?:y|ies)|apis?",
    "medical": r"med(?:ical|icine)?|bio(?:med\w*)?|clinic(?:al|s)?|health\w*|patients?|hospitals?",
    "legal": r"legal|law|contracts?|clauses?|counsel|attorneys?",
    "finance": r"financ\w*|banking|accounting|invoices?|audit\s+reports?",
    "HR": r"hr|human\s+resources|staff|employees?|leave|benefits|handbook|payroll|people\s+operations",
    "mathematics": r"math(?:s|ematics|ematical)?|theorems?",
}
_OF_MODELS = {"code", "medical", "legal", "finance", "mathematics"}


def domain_of_model(facts: ModelFacts, foundation: Foundation | None) -> str:
    """What it was made for; empty for a general one."""
    told = " ".join((*facts.base_models, facts.name.replace("\\", "/").rpartition("/")[2], *facts.tags))
    told = re.sub(r"(?<=[a-z])(?=[A-Z])|[-_./:]", " ", told)
    for domain in _OF_MODELS:
        if re.search(rf"\b(?:{_DOMAINS[domain]})\b", told, re.IGNORECASE):
            return domain
    return foundation.domain if foundation else ""


def domain_of_plan(*told: str) -> str:
    """What the plan is about, by the words of its story; empty where they do not say."""
    text = "\n".join(told)
    counts = {domain: len(re.findall(rf"\b(?:{words})\b", text, re.IGNORECASE)) for domain, words in _DOMAINS.items()}
    best = max(counts, key=lambda domain: counts[domain])
    return best if counts[best] else ""
