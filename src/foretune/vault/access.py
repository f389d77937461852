"""Who may see what: the one place every reader of documents passes.

A :class:`Principal` reads documents up to its label. The rule is a SQL condition,
so that it holds before anything is ranked, counted or cut to the first k.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from foretune.types import Label

__all__ = ["OWNER_ROLES", "Principal", "local_owner", "readable"]

OWNER_ROLES = ("owner", "steward")
"""Roles that may change what is in the vault."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, or something, that uses the vault."""

    name: str
    role: str = "owner"
    """``owner``, ``steward``, ``reader`` or ``auditor``."""
    label: Label = Label.RESTRICTED
    """The most sensitive label it may read."""


def local_owner() -> Principal:
    """Whoever runs the command holds the key, and so owns the vault."""
    return Principal(getpass.getuser())


def readable(principal: Principal, label_column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition under which ``principal`` may see a row with this label column.

    Auditors see events and hashes, never text.
    """
    allowed = (
        [] if principal.role == "auditor" else [label.value for label in Label if label.rank <= principal.label.rank]
    )
    return label_column.in_(allowed)
