"""A list of tables (``[[story.more]]``) put into a TOML text without touching what stands around it.

tomlkit counts the comment above a header to the table before it, and drops or moves it when that table changes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from pydantic import BaseModel, ValidationError

from foretune.plan.locate import Location, locate
from foretune.plan.render import tables

__all__ = ["is_inline", "with_tables"]


def is_inline(text: str, path: Location) -> bool:
    """Whether the list is there as a value (``more = []``) and not as tables with headers of their own."""
    line = locate(text).get(path)
    return line is not None and not text.splitlines()[line - 1].lstrip().startswith("[[")


def with_tables(text: str, path: Location, elements: Sequence[BaseModel]) -> str:
    """The valid TOML ``text`` with these elements at ``path``; those that stay at its beginning are left alone."""
    lines, where, before = text.splitlines(keepends=True), locate(text), _tables_at(text, path)
    same = sum(1 for _ in takewhile(lambda pair: _says(*pair), zip(before, elements, strict=False)))
    end = _end(lines, where, path if before else path[:-1])
    start = where[(*path, same)] - 1 if same < len(before) else end
    head, tail = "".join(lines[:start]).rstrip("\n"), "".join(lines[end:]).lstrip("\n")
    added = "\n".join(tables(".".join(map(str, path)), elements[same:]))
    return "\n\n".join(filter(None, (head, added))) + (f"\n\n{tail}" if tail else "\n")


def _says(written: Mapping[str, Any], element: BaseModel) -> bool:
    try:
        return type(element).model_validate(written) == element
    except ValidationError:
        return False


def _tables_at(text: str, path: Location) -> Sequence[Mapping[str, Any]]:
    value: Any = tomllib.loads(text)
    for key in path:
        value = value.get(key, {})
    return list(value)


def _end(lines: Sequence[str], where: Mapping[Location, int], table: Location) -> int:
    """How many lines there are before what follows a table: the comment above the next header is that one's."""
    own = max((line for location, line in where.items() if location[: len(table)] == table), default=len(lines))
    end = min((line - 1 for line in where.values() if line > own), default=len(lines))
    while end > own and lines[end - 1].lstrip().startswith("#"):
        end -= 1
    return end
