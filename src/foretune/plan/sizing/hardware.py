"""Hardware and its prices: this machine, and what a file names.

The packaged file is ``hardware.toml`` beside this module: every figure with its
source, every price with its date.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foretune.errors import InputError
from foretune.plan.advice.tradeoffs import REFERENCE_PARAMETERS, TRAINED_TOKENS_PER_SECOND

__all__ = ["HARDWARE", "Hardware", "known_hardware", "named_hardware", "read_hardware", "this_machine"]

HERE = "this machine"
REFERENCE_TRAINING = (REFERENCE_PARAMETERS, TRAINED_TOKENS_PER_SECOND)
"""Parameters, and tokens trained a second. It stands in for this machine until something was trained here."""
REFERENCE_BANDWIDTH = 14.5e9
"""Bytes of weights read a second while writing, two cores (measured: a model of 1.1 GB writes 9 to 17 tokens)."""
REFERENCE_TOKEN_SECONDS = 0.0065
"""Seconds a token takes beside the reading of weights, two cores (measured: a model of 98 MB writes 70 to 80)."""
REFERENCE_READING = 7.8e10
"""Floating-point operations a second while reading a prompt, two cores (measured: 290 tokens of a 135M model)."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """One machine or accelerator. Bytes, bytes a second, operations a second; 0 is unknown."""

    name: str
    memory: float
    bandwidth: float = 0.0
    peak_flops: float = 0.0
    training_flops: float = 0.0
    """What training reached here (6 operations a token and parameter; a pilot's examples are too short for
    attention to count)."""
    source: str = ""
    read_at: str = ""
    """The page on which its figures were read; empty: nobody has checked them."""
    price_per_hour: float | None = None
    currency: str = ""
    price_source: str = ""
    price_date: date | None = None

    @property
    def cited(self) -> str:
        """Where its figures are from, and whether anybody has read them there."""
        if self.is_here or not self.source:
            return self.source
        return f"{self.source}, as read at {self.read_at}" if self.read_at else f"unverified; look it up: {self.source}"

    @property
    def is_here(self) -> bool:
        return self.name == HERE

    def money(self, seconds: float | None) -> float | None:
        """What that time costs; None where time or price is unknown."""
        return None if seconds is None or self.price_per_hour is None else seconds / 3600 * self.price_per_hour


def this_machine(*, tokens_per_second: float | None = None, parameters: int | None = None) -> Hardware:
    """The machine this runs on.

    Args:
        tokens_per_second: what the newest training here reached, what else the machine did meanwhile left out;
            None takes the reference measurement.
        parameters: of the model that was trained; None: of the packaged one.
    """
    reference, speed = REFERENCE_TRAINING
    measured = tokens_per_second is not None
    return Hardware(
        HERE,
        float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
        training_flops=6.0 * (parameters or reference) * (tokens_per_second or speed),
        source="measured by the newest training here" if measured else "measured once on two cores without a GPU",
    )


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    memory_gb: float = Field(gt=0)
    bandwidth_gb: float = Field(0, ge=0)
    peak_tflops: float = Field(0, ge=0)
    source: str = ""
    read_at: str = ""
    price_per_hour: float | None = Field(None, ge=0)
    currency: str = ""
    price_source: str = ""
    price_date: date | None = None
    price_read_at: str = ""


def read_hardware(path: Path) -> Mapping[str, Hardware]:
    """The hardware a file names, in its order.

    Raises:
        InputError: no such file, no TOML, or an entry that cannot be used; with its number.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} cannot be read as text: check the path.") from None
    return _parse(text, str(path))


def known_hardware(path: Path | None) -> Mapping[str, Hardware]:
    """The hardware of a file of one's own, as :func:`read_hardware`; without one that which comes along."""
    return read_hardware(path) if path else HARDWARE


def _parse(text: str, where: str) -> Mapping[str, Hardware]:
    try:
        entries = tomllib.loads(text).get("hardware", [])
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not TOML ({error}): mend it.") from None
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{where} names no hardware: it needs a [[hardware]] table for each.")
    found = [_hardware(entry, f"{where}, hardware {number}") for number, entry in enumerate(entries, start=1)]
    return {hardware.name: hardware for hardware in found}


def _hardware(values: Any, where: str) -> Hardware:
    try:
        entry = _Entry.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}.") from None
    if entry.price_per_hour is not None and not (entry.price_source and entry.price_date and entry.currency):
        raise InputError(f"{where}: a price needs its currency, price_source and price_date beside it.")
    return Hardware(
        entry.name,
        entry.memory_gb * 1e9,
        entry.bandwidth_gb * 1e9,
        entry.peak_tflops * 1e12,
        source=entry.source,
        read_at=entry.read_at,
        price_per_hour=entry.price_per_hour,
        currency=entry.currency,
        price_source=entry.price_source + _price_read(entry),
        price_date=entry.price_date,
    )


def _price_read(entry: _Entry) -> str:
    if entry.price_per_hour is None:
        return ""
    return f", as read at {entry.price_read_at}" if entry.price_read_at else " (unverified)"


HARDWARE: Mapping[str, Hardware] = _parse(
    resources.files(__package__).joinpath("hardware.toml").read_text(encoding="utf-8"), "hardware.toml"
)
"""What the packaged file names."""


def named_hardware(name: str, known: Mapping[str, Hardware] = HARDWARE) -> Hardware:
    """The hardware of that name, however it is capitalised.

    Raises:
        InputError: there is none; with the nearest name.
    """
    folded = {key.casefold(): value for key, value in known.items()}
    if (found := folded.get(name.casefold().strip())) is not None:
        return found
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    hint = f"the nearest is {folded[near[0]].name}" if near else f"there are {', '.join((HERE, *known))}"
    raise InputError(f"There is no hardware {name!r}; {hint}. Put your own into a file: --hardware-file FILE.")
