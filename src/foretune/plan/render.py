"""``foretune.toml`` written out from its classes: every key with its default, its unit and its comment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from foretune.plan.config import Config
from foretune.plan.fields import as_section, choices, comment, item_type

__all__ = ["render", "tables", "toml_value"]

HEADER = """\
# foretune.toml: what this project is for, and the rules it is run by.
#
# Change it in any text editor and keep it in version control; every command reads
# it, and a key you take out has its default again. `foretune plan` says what is
# still undecided, `foretune status` what a change has made stale.
"""
_WIDTH = 120
"""Columns; a comment that would pass them goes on a line of its own, above its key."""


def render(config: Config) -> str:
    """The whole file; ``load`` gives ``config`` back."""
    sections = [
        "\n".join(_table(getattr(config, name), name)) for name in Config.model_fields
    ]  # a blank line between sections
    return HEADER + "\n" + "\n\n".join(sections) + "\n"


def _table(section: BaseModel, path: str) -> Iterator[str]:
    yield from _remark(type(section).__doc__ or "")
    yield f"[{path}]"
    yield from _keys(section)
    yield from _nested(section, path)


def _keys(section: BaseModel, *, commented_out: bool = False) -> Iterator[str]:
    """The plain keys of a table, equals signs and comments in line."""
    rows = [
        (name, toml_value(getattr(section, name)), info)
        for name, info in type(section).model_fields.items()
        if not _is_table(info, getattr(section, name))
    ]
    names = max((len(name) for name, _, _ in rows), default=0)
    mark = "# " if commented_out else ""
    lines = [
        (f"{name:<{names}} = {value}" if value is not None else f"# {name} =", comment(info))
        for name, value, info in rows
    ]
    column = _comment_column([(mark + line, remark) for line, remark in lines])
    for line, remark in lines:
        placed = f"{mark + line:<{column}}  # {remark}"
        if remark and len(placed) <= _WIDTH:
            yield placed
        else:
            yield from _remark(remark)
            yield mark + line


def _comment_column(lines: list[tuple[str, str]]) -> int:
    """Where the comments of a table stand best.

    First, none should have to go above its line; then, few should stand out of
    the column (each worth a gap of 20 blanks); then, the widest gap should be small.
    """

    def cost(column: int) -> tuple[int, int]:
        above = sum(max(len(line), column) + 4 + len(remark) > _WIDTH for line, remark in lines)
        outside = sum(len(line) > column for line, _ in lines)
        return above, 20 * outside + max(column - len(line) for line, _ in lines if len(line) <= column)

    return min({len(line) for line, _ in lines}, key=cost, default=0)


def _nested(section: BaseModel, path: str) -> Iterator[str]:
    """The tables inside a table, which TOML wants after its plain keys."""
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if not _is_table(info, value):
            continue
        yield ""
        if isinstance(value, BaseModel):
            yield from _table(value, f"{path}.{name}")
            continue
        yield from _remark(comment(info))
        yield from tables(f"{path}.{name}", value)
        if not value:
            yield from _example(item_type(info.annotation), f"{path}.{name}")


def tables(path: str, elements: Sequence[BaseModel]) -> Iterator[str]:
    """The lines of a list of tables, ``[[path]]`` above each."""
    for position, element in enumerate(elements):
        if position:
            yield ""
        yield f"[[{path}]]"
        yield from _keys(element)


def _example(model: type[BaseModel], path: str) -> Iterator[str]:
    """How a table of an array would look, commented out: an empty array says nothing to a reader."""
    yield f"# [[{path}]]"
    sample = {
        name: (info.examples or [*choices(info.annotation)] or [""])[0]
        for name, info in model.model_fields.items()
        if info.is_required() or info.examples
    }
    yield from _keys(model.model_validate(sample), commented_out=True)


def _is_table(info: FieldInfo, value: Any) -> bool:
    """Sections, and lists of sections; an empty list that is not the default is written as a plain value."""
    if isinstance(value, BaseModel):
        return True
    if as_section(item_type(info.annotation)) is None:
        return False
    return bool(value) or not info.get_default(call_default_factory=True)


def _remark(text: str) -> Iterator[str]:
    lines = [line.strip() for line in text.strip().splitlines()]
    return (f"# {line}".rstrip() for line in lines)


def toml_value(value: Any) -> str | None:
    """A value as TOML; None (which TOML cannot say) stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, date):
        return value.isoformat()  # TOML has dates of its own
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml_value(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(str(toml_value(item)) for item in value) + "]"
    if isinstance(value, int | float):
        return repr(value)
    raise TypeError(f"no TOML for {type(value).__name__}")
