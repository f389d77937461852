"""Sizing for a plan's model: the model's own files, the documents, and what was measured here."""

from __future__ import annotations

from collections.abc import Mapping

from foretune.errors import InputError
from foretune.plan.advice import CorpusFacts
from foretune.plan.config import Config
from foretune.plan.sizing import HARDWARE, Hardware, Sizing, named_hardware, size, this_machine
from foretune.plan.suitability import read_model

__all__ = ["hardware_named", "size_of"]


def hardware_named(
    name: str,
    known: Mapping[str, Hardware] = HARDWARE,
    *,
    facts: CorpusFacts | None = None,
    parameters: int | None = None,
) -> Hardware:
    """This machine, as far as it was measured, or one of the ``known``.

    Raises:
        InputError: there is none of that name.
    """
    if name.casefold() != "this machine":
        return named_hardware(name, known)
    speed = facts.training_tokens_per_second if facts else None
    return this_machine(tokens_per_second=speed, parameters=parameters if speed else None)


def size_of(
    config: Config,
    facts: CorpusFacts,
    *,
    model: str = "",
    hardware: str = "this machine",
    known: Mapping[str, Hardware] = HARDWARE,
) -> Sizing:
    """Size the plan's model, or another.

    Raises:
        InputError: the hardware is not known, or the model does not say how large it is.
        ModelError: the model cannot be read.
    """
    if not model and config.engine.kind != "llama":
        raise InputError(
            "The plan's model runs elsewhere, and what it takes there is not yours to size: name one with --model."
        )
    found = read_model(model or config.engine.model)
    if found.shape is None:
        raise InputError(f"{found.name} does not say how many layers and parameters it has: size another model.")
    machine = hardware_named(hardware, known, facts=facts, parameters=found.parameters)
    return size(config, facts, found.shape, machine, name=found.name, weights=found.weight_bytes)
