"""A language model judges pairs by a written rubric, and how far it agrees with people says what that is worth.

The judge drops nothing: its word is a finding for whoever reviews. Language models prefer long answers and their own
(Zheng et al. 2023, https://arxiv.org/abs/2306.05685), so its agreement with a person's sample is shown beside it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from math import sqrt
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import update

from foretune.engines import Engine, Request
from foretune.errors import ConfigError
from foretune.governance.hostile import neutralise
from foretune.intervals import wilson
from foretune.pairs.store import stored_pairs
from foretune.pairs.verdicts import PairDecisionKind, Standing, pair_hash, place_of, standing
from foretune.progress import Progress, silent
from foretune.types import Message, Pair, digest
from foretune.vault import Vault
from foretune.vault import tables as t

__all__ = ["Agreement", "Judged", "Rubric", "agreement", "judge_pairs", "kappa", "load_rubric"]

_LEVEL = 1.959964
"""Standard normal quantile of a two-sided 95 % interval."""
_SHOWN_WORDS = 250
_SCHEMA = {
    "type": "object",
    "properties": {"why": {"type": "string", "maxLength": 200}, "fit": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["why", "fit"],
    "additionalProperties": False,
}


class Rubric(BaseModel):
    """What the judge reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    question: str
    criteria: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Judge and people on the pairs that both looked at."""

    both: int
    agree: int
    low: float
    high: float
    """Wilson interval of the share of agreement, 95 %."""
    kappa: float | None
    """Cohen's kappa; None where one of them always said the same."""
    kappa_low: float | None
    kappa_high: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the judge came to."""

    judged: int
    fit: int
    unreadable: int
    """Pairs of which the engine said nothing that could be read; judged + unreadable were asked about."""
    agreement: Agreement


def load_rubric(path: Path | None = None) -> Rubric:
    """The packaged rubric, or a file.

    Raises:
        ConfigError: a file that cannot be used.
    """
    source = path or files("foretune.pairs") / "rubrics" / "fit.toml"
    try:
        return Rubric.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except OSError:
        raise ConfigError(f"There is no rubric {path}: give the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"The rubric {path} cannot be used: {first}; it needs name, question and criteria.") from None


def judge_pairs(
    vault: Vault, engine: Engine, rubric: Rubric, *, sample: int = 0, seed: int = 0, progress: Progress = silent
) -> Judged:
    """Ask the judge about kept pairs (``sample`` of them, those that people looked at first; 0 for all).

    Its word is kept with the pair as a finding.
    """
    decided = standing(vault)
    pairs = [pair for pair in stored_pairs(vault) if pair.document_id and pair.state != "set_aside"]
    pairs.sort(key=lambda pair: (_said(pair, decided.get(place_of(pair))) is None, digest(seed, pair.id)))
    chosen = pairs[:sample] if sample else pairs
    verdicts: dict[str, bool] = {}
    with progress.step("judge", total=len(chosen), unit="pairs") as step:
        for position, completion in engine.complete_many([_request(pair, rubric, seed) for pair in chosen]):
            if (word := _read(completion.text)) is not None:
                verdicts[chosen[position].id] = word["fit"] == "yes"
                _keep(vault, chosen[position], word)
            step.advance()
    return Judged(len(verdicts), sum(verdicts.values()), len(chosen) - len(verdicts), agreement(vault))


def agreement(vault: Vault) -> Agreement:
    """How far the judge's words agree with what people decided on the same pairs."""
    decided = standing(vault)
    both = [
        (pair.provenance["judge"] == "yes", said)
        for pair in stored_pairs(vault)
        if "judge" in pair.provenance and (said := _said(pair, decided.get(place_of(pair)))) is not None
    ]
    agree = sum(judge == person for judge, person in both)
    low, high = wilson(agree, len(both))
    value, error = kappa(both)
    if value is None:
        return Agreement(len(both), agree, low, high, None, None, None)
    return Agreement(
        len(both), agree, low, high, value, max(-1.0, value - _LEVEL * error), min(1.0, value + _LEVEL * error)
    )


def kappa(both: Sequence[tuple[bool, bool]]) -> tuple[float | None, float]:
    """Cohen's kappa and its standard error, after Cohen 1960 (https://doi.org/10.1177/001316446002000104), eq. 1 and 7.

    None where chance alone explains all: one of the two always said the same.

    >>> kappa([(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15)[0]
    0.4
    """
    total = len(both)
    if not total:
        return None, 0.0
    observed = sum(a == b for a, b in both) / total
    first, second = sum(a for a, _ in both) / total, sum(b for _, b in both) / total
    chance = first * second + (1 - first) * (1 - second)
    if chance == 1.0 or first in (0.0, 1.0) or second in (0.0, 1.0):
        return None, 0.0
    error = sqrt(observed * (1 - observed) / (total * (1 - chance) ** 2))
    return round((observed - chance) / (1 - chance), 6), error


def _said(pair: Pair, held: Standing | None) -> bool | None:
    """What a person said of the pair as it is: fit or not; None where nobody did, or undecidedly (a rating of 3)."""
    if held is None:
        return None
    if held.verdict is not None:
        return held.verdict.kind is PairDecisionKind.KEEP
    rating = held.rating
    if rating is None or rating.rating in (None, 3) or rating.pair_hash != pair_hash(pair.prompt, pair.response):
        return None
    return int(rating.rating or 0) > 3


def _request(pair: Pair, rubric: Rubric, seed: int) -> Request:
    criteria = "\n".join(f"- {each}" for each in rubric.criteria)
    response = " ".join(neutralise(pair.response).split()[:_SHOWN_WORDS])
    return Request(
        messages=(
            Message("system", f"{rubric.question}\nIt is fit where all of this holds:\n{criteria}"),
            Message("user", f"Prompt: {neutralise(pair.prompt)}\nResponse: {response}"),
        ),
        max_tokens=100,
        seed=seed,
        schema=_SCHEMA,
    )


def _read(text: str) -> dict[str, str] | None:
    try:
        word = json.loads(text)
        return {"fit": str(word["fit"]), "why": str(word["why"])} if word["fit"] in ("yes", "no") else None
    except (ValueError, KeyError, TypeError):
        return None


def _keep(vault: Vault, pair: Pair, word: dict[str, str]) -> None:
    provenance = {**pair.provenance, "judge": word["fit"], "judge_why": word["why"]}
    after = replace(pair, provenance=provenance)
    with vault.writing() as connection:
        connection.execute(update(t.pair).where(t.pair.c.id == after.id).values(provenance=provenance))
