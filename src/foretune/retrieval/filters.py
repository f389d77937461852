"""Filters on what is known of documents: ``author=…``, ``date>=2021``, ``tag=leave``, ``path=travel/*``.

A filter is a condition on documents in the search's own query, beside what the principal may see: nothing is
ranked or cut to the first k before it holds. Several filters of one field and operator mean any of them, different
ones mean all.

A field is a function decorated with :func:`field`; it says which documents have a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select

from foretune.corpus.dates import iso_date
from foretune.errors import InputError
from foretune.types import Label
from foretune.vault.tables import document, passage, source

__all__ = ["FIELDS", "DocumentFilter", "condition", "filter_help", "read_filters"]

_FILTER = re.compile(r"\s*(?P<field>[^\s=<>!]*)\s*(?P<operator>[<>]=?|=)\s*(?P<value>.*?)\s*", re.DOTALL)
_AFTER_ANY = "~"
"""Sorts behind every character of an ISO date: ``2021~`` is after all days of 2021."""


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """One condition, read and checked."""

    field: str
    operator: str
    """``=``, ``<``, ``<=``, ``>`` or ``>=``."""
    value: str


@dataclass(frozen=True, slots=True)
class _Field:
    of: Callable[[str, str], ColumnElement[bool]]
    """Operator and value → which documents."""
    checked: Callable[[str], str]
    """A value as it is compared; raises ValueError with what is expected."""
    ordered: bool
    example: str


FIELDS: dict[str, _Field] = {}
"""By name, as typed."""


def field(
    name: str, *, example: str, checked: Callable[[str], str] = str, ordered: bool = False
) -> Callable[[Callable[[str, str], ColumnElement[bool]]], Callable[[str, str], ColumnElement[bool]]]:
    """Make documents filtered by ``name`` with the decorated function.

    Args:
        example: of its use, for help and errors.
        checked: turns a typed value into the one that is compared, or raises ValueError saying what is expected.
        ordered: whether ``<`` and ``>`` make sense.
    """

    def register(of: Callable[[str, str], ColumnElement[bool]]) -> Callable[[str, str], ColumnElement[bool]]:
        FIELDS[name] = _Field(of, checked, ordered, example)
        return of

    return register


def read_filters(texts: Iterable[str]) -> tuple[DocumentFilter, ...]:
    """Filters as people type them.

    >>> read_filters(["date >= March 2021"])
    (DocumentFilter(field='date', operator='>=', value='2021-03'),)

    Raises:
        InputError: a field is unknown, or its value or operator says nothing.
    """
    return tuple(_read(text) for text in texts)


def condition(filters: Sequence[DocumentFilter]) -> ColumnElement[bool] | None:
    """On passages joined to their documents: what every field lets through; None where there are no filters."""
    alike: dict[tuple[str, str], list[ColumnElement[bool]]] = {}
    for each in filters:
        alike.setdefault((each.field, each.operator), []).append(FIELDS[each.field].of(each.operator, each.value))
    return and_(*(or_(*some) for some in alike.values())) if alike else None


def filter_help() -> str:
    """The known fields, each by an example."""
    return ", ".join(known.example for known in FIELDS.values())


def _read(text: str) -> DocumentFilter:
    match = _FILTER.fullmatch(text)
    name = match["field"].lower() if match else ""
    if match is None or not name:
        raise InputError(f"The filter {text!r} is not FIELD=VALUE: write one like {filter_help()}.")
    known = FIELDS.get(name)
    if known is None:
        raise InputError(f"There is no field {name!r} to filter by: the known ones are {', '.join(sorted(FIELDS))}.")
    if match["operator"] != "=" and not known.ordered:
        raise InputError(f"The filter {text!r} compares what has no order: write {name}=…, like {known.example}.")
    try:
        value = known.checked(match["value"])
    except ValueError as error:
        raise InputError(f"The filter {text!r} says nothing: {error}.") from None
    if not value:
        raise InputError(f"The filter {text!r} has no value: write one like {known.example}.")
    return DocumentFilter(name, match["operator"], value)


def _day(value: str) -> str:
    day = iso_date(value)
    if value and not day:
        raise ValueError("a date is a year, a month or a day, such as 2021, 2021-03 or 2021-03-31")
    return day


def _label(value: str) -> str:
    try:
        return Label(value.lower()).value
    except ValueError:
        raise ValueError(f"a label is one of {', '.join(Label)}") from None


def _holds(column: ColumnElement[str], value: str) -> ColumnElement[bool]:
    return func.lower(column).contains(value.lower(), autoescape=True)


def _when(column: ColumnElement[str], operator: str, value: str) -> ColumnElement[bool]:
    """A document without a date is in no range; a year or month stands for all of its days."""
    compared = {
        "=": column.startswith(value, autoescape=True),
        ">=": column >= value,
        ">": column > value + _AFTER_ANY,
        "<": column < value,
        "<=": column <= value + _AFTER_ANY,
    }
    return and_(column != "", compared[operator])


@field("author", example="author=Lena")
def _author(_: str, value: str) -> ColumnElement[bool]:
    return _holds(document.c.author, value)


@field("date", example="date>=2021-03", checked=_day, ordered=True)
def _date(operator: str, value: str) -> ColumnElement[bool]:
    return _when(document.c.date, operator, value)


@field("modified", example="modified<2024", checked=_day, ordered=True)
def _modified(operator: str, value: str) -> ColumnElement[bool]:
    return _when(document.c.modified, operator, value)


@field("label", example="label=internal", checked=_label)
def _labelled(_: str, value: str) -> ColumnElement[bool]:
    return passage.c.label == value


@field("tag", example="tag=leave")
def _tagged(_: str, value: str) -> ColumnElement[bool]:
    tag = func.json_each(document.c.tags).table_valued("value")
    return select(tag.c.value).where(tag.c.value == value).correlate(document).exists()


@field("source", example="source=handbook")
def _of_source(_: str, value: str) -> ColumnElement[bool]:
    """By id, location, or the last part of the location."""
    place = value.rstrip("/")
    named = (source.c.id == value) | (source.c.location == place)
    return document.c.source_id.in_(
        select(source.c.id).where(named | source.c.location.endswith(f"/{place}", autoescape=True))
    )


@field("path", example="path=travel/*")
def _below(_: str, value: str) -> ColumnElement[bool]:
    """The document, all in a folder, or what fits a pattern of ``*`` and ``?``."""
    if not re.search(r"[*?]", value):
        folder = value.rstrip("/") + "/"
        return (document.c.path == value) | document.c.path.startswith(folder, autoescape=True)
    escaped = re.sub(r"([\\%_])", r"\\\1", value)
    return document.c.path.like(escaped.replace("*", "%").replace("?", "_"), escape="\\")
