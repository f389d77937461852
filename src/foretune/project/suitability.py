"""A model held against the plan of the folder people work in, or against a plan with every default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from foretune.errors import ConfigError, InputError
from foretune.plan import Config, find, load
from foretune.plan.sizing import HARDWARE, Hardware
from foretune.plan.suitability import NO_STORY, Suitability, read_model, suitability
from foretune.project.sizing import hardware_named

__all__ = ["check_model", "plan_here"]


def plan_here() -> Config:
    """The plan of this folder or of one above it; where there is none, the defaults, and no story.

    Raises:
        ConfigError: there is a plan, and it cannot be used.
    """
    try:
        path = find(Path.cwd())
    except ConfigError:
        return Config(story=NO_STORY)
    return load(path)


def check_model(
    model: str, *, hardware: str = "this machine", known: Mapping[str, Hardware] = HARDWARE, key_variable: str = ""
) -> Suitability:
    """Read a model and hold it against the plan.

    Args:
        hardware: this machine, or the name of one of the ``known``.
        key_variable: names the environment variable with the key of an address.

    Raises:
        InputError: the hardware is not known, or the variable is not set.
        ModelError: the model cannot be read.
    """
    key = os.environ.get(key_variable, "") if key_variable else ""
    if key_variable and not key:
        raise InputError(f"The environment variable {key_variable} is not set: put the address's key into it.")
    machine = hardware_named(hardware, known)
    return suitability(read_model(model, key=key), plan_here(), machine, today=datetime.now(UTC).date())
