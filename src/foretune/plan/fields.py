"""What the classes in :mod:`foretune.plan.config` say about a key: its type, its bounds, its comment."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import date
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from foretune.plan.config import Config
from foretune.plan.locate import Location

__all__ = ["allowed", "choices", "comment", "field_at", "item_type", "keys", "section_at"]


def keys() -> list[str]:
    """Every key of the file as ``section.key``, in its order."""
    return [".".join(path) for path in _paths(Config, ())]


def _paths(model: type[BaseModel], prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        if nested := as_section(info.annotation):
            yield from _paths(nested, (*prefix, name))
        else:
            yield (*prefix, name)


def field_at(location: Location) -> FieldInfo | None:
    """The field at ``location``; None for an unknown one and for an element of a list."""
    section = section_at(location[:-1])
    return section.model_fields.get(str(location[-1])) if section and location else None


def section_at(location: Location) -> type[BaseModel] | None:
    """The class of the table at ``location``; positions in arrays are passed over."""
    model: type[BaseModel] = Config
    annotation: Any = Config
    for part in location:
        if isinstance(part, int):
            annotation = item_type(annotation)
        else:
            info = model.model_fields.get(part)
            annotation = info.annotation if info else None
        if nested := as_section(annotation):
            model = nested
    return as_section(annotation)


def as_section(annotation: Any) -> type[BaseModel] | None:
    """The annotation, where it is the class of a table."""
    return annotation if inspect.isclass(annotation) and issubclass(annotation, BaseModel) else None


def item_type(annotation: Any) -> Any:
    """What a list holds; None for anything but a list."""
    return get_args(annotation)[0] if get_origin(annotation) in (list, tuple) else None


def choices(annotation: Any) -> tuple[str, ...]:
    """The values of an enumeration or a Literal; empty for other types."""
    if get_origin(annotation) is Literal:
        return tuple(str(getattr(value, "value", value)) for value in get_args(annotation))
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return tuple(str(member.value) for member in annotation)
    return ()


def comment(info: FieldInfo) -> str:
    """The key's comment, one line."""
    return " ".join((info.description or "").split())


def allowed(info: FieldInfo | None, annotation: Any = None) -> str:
    """What a value must be, to follow "must be": ``a whole number from 1 to 50``."""
    annotation = annotation if annotation is not None else (info.annotation if info else None)
    if get_origin(annotation) in (Union, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if values := choices(annotation):
        return f"{', '.join(values[:-1])} or {values[-1]}"
    if get_origin(annotation) in (list, tuple):
        return f"a list in square brackets, each item {allowed(None, item_type(annotation))}"
    if as_section(annotation):
        return "a section"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text in quotes"}
    names |= {date: "a date like 2026-12-31"}
    return names.get(annotation, "a value of another kind") + _bounds(info)


def _bounds(info: FieldInfo | None) -> str:
    low = high = ""
    for rule in info.metadata if info else ():
        match rule:
            case Ge(ge=value):
                low = f"of at least {value}"
            case Gt(gt=value):
                low = f"above {value}"
            case Le(le=value):
                high = f"of at most {value}"
            case Lt(lt=value):
                high = f"below {value}"
    return (f" {low} and {high}" if low and high else f" {low}{high}") if low or high else ""
