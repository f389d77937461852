"""A pair that is to be written: what recipes hand to the writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from foretune.pairs.framework import Framework, Style
from foretune.pairs.units import Unit
from foretune.plan.config import PairsSettings
from foretune.types import GovernedDocument, Message, digest

__all__ = ["Ask", "Draft", "Making", "Slot"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A pair as it was written, before it is curated."""

    prompt: str
    response: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a language model is asked to write of a pair."""

    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    """JSON schema of what it says."""
    read: Callable[[Mapping[str, Any]], Draft]
    """From what it said to the pair."""
    faults: Callable[[Draft], list[str]]
    """All that is wrong with the pair, in words the model is told; empty where it is fit."""
    max_tokens: int = 64


@dataclass(frozen=True, slots=True)
class Slot:
    """A pair that is to be written: by a rule, by a model, or by a model with the rule standing in."""

    recipe: str
    unit: Unit
    """Where it comes from."""
    key: str = ""
    """Tells it from the unit's other pairs of the same recipe."""
    rule: Draft | None = None
    ask: Ask | None = None
    family: str = ""
    """Pairs with the same family ask the same thing on purpose: none of them is a duplicate of another."""
    others: tuple[GovernedDocument, ...] = ()
    """Further documents whose text is in it: it goes when one of them goes."""

    @property
    def place(self) -> str:
        """Stays the same whoever writes the pair, as long as its text does: what people's decisions hold on to."""
        return digest(self.unit.id, self.key)[:16] if self.key else self.unit.id


@dataclass(frozen=True, slots=True)
class Making:
    """What recipes are told."""

    settings: PairsSettings
    framework: Framework
    style: Style
    role: str
    """The story's persona."""
    side: Callable[[GovernedDocument], str]
    """``train`` or ``evaluation``: what a document's own pairs will be used for."""
    seed: int = 0

    @property
    def engine_writes(self) -> bool:
        """Whether a model is asked where a rule could do."""
        return self.settings.writer == "engine"

    @property
    def rules_only(self) -> bool:
        """Whether no model is asked."""
        return self.settings.writer == "rules"
