"""One clear sentence for whatever is wrong with a plan: where, which key, what is allowed, what it is."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from foretune.errors import ConfigError
from foretune.plan.config import Config
from foretune.plan.fields import allowed, field_at, item_type, keys, section_at
from foretune.plan.locate import Location

__all__ = ["Where", "key_name", "validated"]

Where = Callable[[Location], tuple[int, str]]
"""Sort key (the line, where there is one) and the words that say where a location was written."""

_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}


def validated(data: Mapping[str, Any], where: Where) -> Config:
    """The settings that ``data`` (tables as mappings, plain values) describes.

    Numbers in quotes, ``true`` for 1 and the like are refused: what a person
    wrote is what they meant.

    Raises:
        ConfigError: one sentence about the first thing that is wrong.
    """
    if (location := _not_text(data)) is not None:
        raise ConfigError(f"{where(location)[1]}{key_name(location)} holds characters that are not text (UTF-8).")
    try:
        # JSON is the form in which strict validation still takes "rag" for an enumeration.
        return Config.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False)
    # An unknown key often explains why another is missing, so it goes first.
    first = min(details, key=lambda detail: (where(detail["loc"])[0], detail["type"] != "extra_forbidden"))
    more = len(details) - 1
    also = f" ({more} more problem{'s' if more > 1 else ''} after this one)" if more else ""
    raise ConfigError(f"{where(first['loc'])[1]}{_sentence(first)}{also}.")


def key_name(location: Location) -> str:
    """``retrieval.passages``; elements of a list are counted from 1, as people do."""
    name = ""
    for part in location:
        if isinstance(part, int):
            name = f"number {part + 1} of {name}"
        elif " of " in name:
            name = f"{part} of {name}"
        else:
            name = f"{name}.{part}" if name else part
    return name


def _sentence(detail: ErrorDetails) -> str:
    location, kind, value = detail["loc"], detail["type"], detail["input"]
    name = key_name(location)
    if kind == "extra_forbidden":
        return _unknown(location, value)
    if kind == "missing":
        return f"{key_name(location[:-1])} lacks {location[-1]}, which must be {allowed(field_at(location))}"
    if kind == "model_type":
        section = location[-1]
        return f"{name} must be a section (a line [{section}] with its keys below), it is {_shown(value)}"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{name} must be {words} {_number(detail['ctx'][bound])}, it is {_shown(value)}"
    if kind == "value_error":
        return f"{name} {detail['ctx']['error']}, it is {_shown(value)}"
    if isinstance(location[-1], int):
        parent = field_at(location[:-1])
        return (
            f"{name} must be {allowed(None, item_type(parent.annotation if parent else None))}, it is {_shown(value)}"
        )
    return f"{name} must be {allowed(field_at(location))}, it is {_shown(value)}"


def _unknown(location: Location, value: Any) -> str:
    key, parent = str(location[-1]), location[:-1]
    section = section_at(parent)
    known = list((section or Config).model_fields)
    close = difflib.get_close_matches(key, known, n=1)
    if not parent:
        what = f"there is no section [{key}]" if isinstance(value, dict) else f"there is no setting {key} here"
        if close and isinstance(value, dict):
            return f"{what}, the nearest is [{close[0]}]"
        if home := _elsewhere(key):
            return f"{what}, it belongs under {home}"
        return f"{what}, the sections are {', '.join(known)}"
    what = f"there is no setting {key} in {_table(parent)}"
    if close:
        return f"{what}, the nearest is {close[0]}"
    if home := _elsewhere(key):
        return f"{what}, it belongs under {home}"
    return f"{what}, which knows {', '.join(known)}"


def _table(location: Location) -> str:
    return key_name(location) if isinstance(location[-1], int) else f"[{key_name(location)}]"


def _elsewhere(key: str) -> str:
    return next((f"[{full.rpartition('.')[0]}]" for full in keys() if full.rpartition(".")[2] == key), "")


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _shown(value: Any, width: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= width else text[: width - 1] + "…"


def _not_text(value: Any, location: Location = ()) -> Location | None:
    """Where the first string with a lone surrogate is; they come from odd bytes in arguments and from JSON."""
    if isinstance(value, str):
        return location if any("\ud800" <= character <= "\udfff" for character in value) else None
    items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        if (found := _not_text(key, (*location, key)) if isinstance(key, str) else None) is not None:
            return found
        if (found := _not_text(inner, (*location, key))) is not None:
            return found
    return None
