"""JSON schemas: refused before they are used, and checked after."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from foretune.errors import EngineError

__all__ = ["check_schema", "follows", "in_words", "without_fence"]

_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse what is no JSON schema; llama.cpp would silently write free text instead.

    Raises:
        EngineError: with the place in the schema.
    """
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise EngineError(
            f"The JSON schema that the answer is to follow is wrong at {error.json_path}: correct it."
        ) from None


def follows(text: str, schema: Mapping[str, Any]) -> bool:
    """True where ``text`` is JSON and valid against ``schema`` (draft 2020-12)."""
    from jsonschema import Draft202012Validator

    try:
        value = json.loads(text)
    except ValueError:
        return False
    return bool(Draft202012Validator(schema).is_valid(value))


def in_words(schema: Mapping[str, Any]) -> str:
    """What to tell a model that cannot be constrained."""
    return "Answer with one JSON value that follows this JSON schema, and with nothing else:\n" + json.dumps(
        schema, ensure_ascii=False
    )


def without_fence(text: str) -> str:
    """JSON out of the Markdown code fence that chat models like to put around it."""
    match = _FENCE.match(text)
    return match.group(1) if match else text.strip()
