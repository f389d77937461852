"""Facts about documents from a file: for advice before there is a project, and for worked examples."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from foretune.errors import InputError
from foretune.plan.advice.types import CorpusFacts

__all__ = ["read_facts"]

_SHARES = tuple(
    name for name in CorpusFacts.__dataclass_fields__ if name.endswith("_share") or name == "older_than_two_years"
)


def read_facts(path: Path) -> CorpusFacts:
    """The facts in a TOML or JSON file with the names of :class:`CorpusFacts`.

    Raises:
        InputError: no such file, neither TOML nor JSON, an unknown name, or a value that cannot be one.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is neither TOML nor JSON ({error}): mend it.") from None
    known = CorpusFacts.__dataclass_fields__
    if not isinstance(data, dict) or (unknown := next((name for name in data if name not in known), None)):
        what = f"there is no fact {unknown!r}" if isinstance(data, dict) else "it holds no names"
        raise InputError(f"{path}: {what}; the facts are {', '.join(known)}.")
    try:
        facts = TypeAdapter(CorpusFacts).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}.") from None
    for name in _SHARES:
        value = getattr(facts, name)
        if value is not None and not 0 <= value <= 1:
            raise InputError(f"{path}: {name} is a share, from 0 to 1, and not {value:g}.")
    return facts
