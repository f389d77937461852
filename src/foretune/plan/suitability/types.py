"""What a model's files say, and what follows for a plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from foretune.plan.sizing.shape import ModelShape

__all__ = ["Grade", "ModelFacts", "Remark", "Suitability"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Read from the files (or the address), never from the weights; empty, 0 or None is unknown."""

    name: str
    kind: str
    """``gguf``, ``safetensors``, ``hub``, ``ollama`` or ``openai``."""
    architecture: str = ""
    parameters: int = 0
    context: int = 0
    """Tokens."""
    quantisation: str = ""
    bits: float = 0.0
    """A weight."""
    weight_bytes: int = 0
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    licence: str = ""
    base_models: tuple[str, ...] = ()
    """The nearest first."""
    chat_template: str = ""
    end_token: str = ""
    begin_token: str = ""
    stop_tokens: tuple[str, ...] = ()
    """Others at which an engine stops (end of turn)."""
    shape: ModelShape | None = None
    pickled: tuple[str, ...] = ()
    """Files that run code when they are loaded."""
    code: tuple[str, ...] = ()
    """Code that comes with the model and would have to be trusted."""
    has_safe_weights: bool = True
    missing: tuple[str, ...] = ()
    """Files that should be there; a phrase each."""
    odd: tuple[str, ...] = ()
    """Metadata that cannot be; a sentence each."""


class Grade(StrEnum):
    """What a remark means for the plan; the order is the order of weight."""

    REFUSED = "refused"
    WARNING = "warning"
    UNKNOWN = "unknown"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that was looked at."""

    about: str
    grade: Grade
    sentence: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Suitability:
    """The verdict on one model for one plan."""

    model: ModelFacts
    remarks: tuple[Remark, ...]
    """The weightiest first."""
    root: str = ""
    """Foundation model it goes back to."""
    root_released: str = ""
    """ISO date."""
    domain: str = ""
    runs_at: str = ""
    """Finest quantisation that fits the hardware."""
    trains: tuple[str, ...] = field(default=())
    """Ways of training that fit the hardware."""

    @property
    def verdict(self) -> str:
        """``suitable``, ``with reservations`` or ``unsuitable``."""
        grades = {remark.grade for remark in self.remarks}
        if Grade.REFUSED in grades:
            return "unsuitable"
        return "with reservations" if grades & {Grade.WARNING, Grade.UNKNOWN} else "suitable"

    def as_json(self) -> dict[str, Any]:
        """Plain values; the template, which is long, is left out."""
        values = asdict(self)
        template = values["model"].pop("chat_template")
        return {"verdict": self.verdict, **values, "has_chat_template": bool(template)}
