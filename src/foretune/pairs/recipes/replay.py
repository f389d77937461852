"""Replay: plain instructions and answers that have nothing to do with the documents, against forgetting.

A tuned model keeps what it could do where some general data is mixed in (Scialom et al. 2022, Fine-tuned Language
Models are Continual Learners, https://arxiv.org/abs/2205.12393: 1 % is enough for large models). The pairs are a data
file written for Foretune: arithmetic, units, language, formatting, rewriting, and general knowledge.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from foretune.pairs.recipes.registry import recipe
from foretune.pairs.slots import Making, Slot
from foretune.types import GovernedDocument, Pair, digest

__all__ = ["REPLAY_PATH", "replay", "replay_pairs"]

REPLAY_PATH = "written for Foretune"
"""Where these pairs say they come from, in place of a document's path."""


@recipe("replay")
def replay(_documents: Sequence[GovernedDocument], _making: Making) -> Iterator[Slot]:
    """General pairs against forgetting; they are of no document, so they are added when the others are known."""
    return iter(())


@cache
def _all() -> tuple[Pair, ...]:
    text = (files("foretune.pairs") / "recipes" / "data" / "replay.jsonl").read_text(encoding="utf-8")
    return tuple(_pair(json.loads(line)) for line in text.splitlines() if line.strip())


def _pair(row: dict[str, str]) -> Pair:
    identity = "replay-" + digest(row["prompt"], row["response"])[:9]
    return Pair(
        identity,
        "",
        REPLAY_PATH,
        "replay",
        row["prompt"],
        row["response"],
        "person",
        split="train",
        provenance={"kind": row["kind"], "source": REPLAY_PATH},
    )


def replay_pairs(count: int = 10**9, *, seed: int = 0) -> list[Pair]:
    """``count`` of the general pairs (all by default), of every kind, the same for the same seed."""

    def rank(pair: Pair) -> str:
        return hashlib.sha256(f"{seed}/{pair.id}".encode()).hexdigest()

    return sorted(_all(), key=rank)[:count]
