"""The questions, read from a file that people may change, and tied to the plan."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from foretune.errors import InputError
from foretune.plan.config import Config
from foretune.plan.topics import plan_topics
from foretune.types import digest

__all__ = ["VendorQuestion", "invented_model", "questionnaire"]


@dataclass(frozen=True, slots=True)
class VendorQuestion:
    """One question, worded for this plan."""

    id: str
    area: str
    by: Literal["them", "us"]
    """Who answers: the vendor, or the buyer about the vendor."""
    weight: int
    """1 to 3."""
    ask: str
    why: str
    good: str
    red_flag: str
    good_signs: tuple[re.Pattern[str], ...]
    bad_signs: tuple[re.Pattern[str], ...]
    besides: tuple[str, ...] = ()
    """What to ask besides, because of what the plan says."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    area: str = Field(min_length=1)
    by: Literal["them", "us"] = "them"
    weight: int = Field(1, ge=1, le=3)
    ask: str = Field(min_length=1)
    why: str = ""
    good: str = ""
    red_flag: str = ""
    good_signs: list[str] = []
    bad_signs: list[str] = []
    tie: dict[str, str] = {}

    @field_validator("good_signs", "bad_signs")
    @classmethod
    def _patterns(cls, signs: list[str]) -> list[str]:
        for sign in signs:
            try:
                re.compile(sign)
            except re.error as error:
                raise ValueError(f"{sign!r} is no regular expression: {error}") from None
        return signs


def questionnaire(config: Config, path: Path | None = None, *, invented: str = "") -> tuple[VendorQuestion, ...]:
    """Every question, worded for this plan.

    Args:
        path: a file of one's own; None takes the packaged one.
        invented: the name of a model that does not exist; empty: one made from the story.

    Raises:
        InputError: the file cannot be read, or a question in it cannot be used; with its number.
    """
    if path is None:
        text = resources.files(__package__).joinpath("questions.toml").read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise InputError(f"{path} cannot be read as text: check the path.") from None
    where = str(path or "questions.toml")
    try:
        entries = tomllib.loads(text).get("question")
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not TOML ({error}): mend it.") from None
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{where} holds no questions: it needs a [[question]] table for each.")
    topics = {**plan_topics(config), "invented_model": invented or invented_model(config)}
    seen = set[str]()
    questions = []
    for number, values in enumerate(entries, start=1):
        question = _question(values, topics, f"{where}, question {number}")
        if question.id in seen:
            raise InputError(f"{where}, question {number}: the id {question.id!r} is there twice.")
        seen.add(question.id)
        questions.append(question)
    return tuple(questions)


def _question(values: object, topics: Mapping[str, str], where: str) -> VendorQuestion:
    try:
        entry = _Entry.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    return VendorQuestion(
        entry.id,
        entry.area,
        entry.by,
        entry.weight,
        _filled(entry.ask, topics),
        entry.why,
        entry.good,
        entry.red_flag,
        tuple(re.compile(sign, re.IGNORECASE | re.DOTALL) for sign in entry.good_signs),
        tuple(re.compile(sign, re.IGNORECASE | re.DOTALL) for sign in entry.bad_signs),
        tuple(_filled(text, topics) for topic, text in entry.tie.items() if topic in topics),
    )


def _filled(text: str, topics: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: topics.get(match[1], match[0]), text)


_HEADS = ("Vor", "Kel", "Ambri", "Sten", "Orle", "Tav", "Quin", "Mera")
_TAILS = ("axis", "dune", "vane", "lith", "spar", "crest", "orin", "mont")


def invented_model(config: Config) -> str:
    """The name of a model that does not exist, made from the story: two buyers do not ask for the same one.

    Whoever sent it out keeps it, for a story may be edited between two vendors.
    """
    number = int(digest("invented model", config.story.model_dump())[:8], 16)
    head, tail = _HEADS[number % 8], _TAILS[number // 8 % 8]
    return f"{head}{tail}-{number // 64 % 4 + 3} {number // 256 % 9 * 10 + 20}B Instruct"
