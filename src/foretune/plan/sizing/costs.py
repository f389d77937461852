"""What a thousand answers cost, arm by arm: seconds here or elsewhere, and money where a price is known."""

from __future__ import annotations

from dataclasses import dataclass

from foretune.plan.config import EngineSettings
from foretune.plan.sizing.hardware import Hardware
from foretune.plan.sizing.inference import reading_speed, writing_speed
from foretune.types import Arm

__all__ = ["AnswerCost", "answer_costs"]

ANSWERS = 1000


@dataclass(frozen=True, slots=True)
class AnswerCost:
    """A thousand answers of one arm."""

    arm: str
    tokens_read: int
    tokens_written: int
    seconds: float | None
    """One after the other; None for a remote engine, and where the hardware's speed is unknown."""
    money: float | None
    """None where no price is known."""
    priced_by: str
    """Where the price is from; empty without one."""
    elsewhere: bool = False
    """By a service, whose speed is its own."""


def answer_costs(
    tokens: dict[Arm | str, tuple[int, int]],
    *,
    engine: EngineSettings,
    parameters: int,
    weights: float,
    hardware: Hardware,
) -> tuple[AnswerCost, ...]:
    """One row an arm.

    Args:
        tokens: tokens read and written by one answer of each arm.
        engine: a remote one is priced by the plan's own prices of a million tokens.
        parameters, weights: of the model, where it runs on ``hardware``; weights in bytes.
    """
    return tuple(
        _cost(str(arm), read, written, engine, parameters, weights, hardware) for arm, (read, written) in tokens.items()
    )


def _cost(
    arm: str, read: int, written: int, engine: EngineSettings, parameters: int, weights: float, hardware: Hardware
) -> AnswerCost:
    many = (read * ANSWERS, written * ANSWERS)
    if engine.kind != "llama":
        priced = bool(engine.price_in or engine.price_out)
        money = (many[0] * engine.price_in + many[1] * engine.price_out) / 1e6 if priced else None
        return AnswerCost(arm, *many, None, money, "engine.price_in and price_out in the plan" if priced else "", True)
    reading, writing = reading_speed(parameters, hardware), writing_speed(weights, hardware)
    seconds = many[0] / reading + many[1] / writing if reading and writing else None
    money = hardware.money(seconds)
    return AnswerCost(arm, *many, seconds, money, hardware.price_source if money is not None else "")
