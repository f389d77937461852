"""Prompt frameworks: data files that say how a prompt is to be written, with examples.

Packaged are RACE (Role, Action, Context, Execute), RAPPEL and CO-STAR. A framework has two
styles: ``question`` for documents that hold facts, ``instruction`` for pieces
somebody wrote in their own voice.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from foretune.errors import ConfigError
from foretune.types import digest

__all__ = ["Example", "Framework", "Style", "load_framework"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(_Strict):
    """A text and the prompt for which it is the answer."""

    title: str
    text: str
    prompt: str


class Style(_Strict):
    """How prompts of one kind are written."""

    instruction: str
    template: str
    """The stand-in where the engine's prompt fails the checks; ``{role} {topic} {words}`` are filled in."""
    examples: tuple[Example, ...] = Field(min_length=1)

    @field_validator("template")
    @classmethod
    def _can_be_filled_in(cls, template: str) -> str:
        known = {"role", "topic", "words"}
        unknown = [name for _, name, _, _ in Formatter().parse(template) if name is not None and name not in known]
        if unknown:
            raise ValueError(f"the template may hold {{role}}, {{topic}} and {{words}}, not {{{unknown[0]}}}")
        return template


class Framework(_Strict):
    """A prompt framework."""

    name: str
    parts: tuple[str, ...]
    question: Style
    instruction: Style

    def style(self, name: Literal["question", "instruction"]) -> Style:
        return self.question if name == "question" else self.instruction

    @property
    def hash(self) -> str:
        """Changes when anything in the file changes."""
        return digest(self.model_dump())[:16]


def _packaged() -> list[str]:
    return sorted(each.name.removesuffix(".toml") for each in (files("foretune.pairs") / "frameworks").iterdir())


def load_framework(name: str, *, folder: Path) -> Framework:
    """The packaged framework ``name``, or the file of that name relative to ``folder``.

    Raises:
        ConfigError: no such framework, or a file that cannot be used.
    """
    packaged = files("foretune.pairs") / "frameworks" / f"{name}.toml"
    path = packaged if "/" not in name and not name.endswith(".toml") else folder / name
    if not path.is_file():
        raise ConfigError(
            f"There is no prompt framework {name!r}: set pairs.framework in foretune.toml to "
            f"{', '.join(_packaged())}, or to the path of a TOML file."
        )
    try:
        return Framework.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"The prompt framework {path} is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"The prompt framework {path} cannot be used: {where}: {first['msg']}.") from None
