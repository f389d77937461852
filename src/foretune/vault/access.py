"""Who may do and see what: the one place every reader of documents passes.

A :class:`Principal` has a role, which says what it may do, and sees documents up to
its label; where it has grants, only those that one of them covers. The rule is a SQL
condition, so that it holds before anything is ranked, counted or cut to the first k.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from foretune.types import Label, Role
from foretune.vault.tables import document

__all__ = [
    "ASKING_AS",
    "OWNER_ROLES",
    "Grant",
    "GrantKind",
    "Principal",
    "Role",
    "local_owner",
    "local_user",
    "readable",
]


OWNER_ROLES = (Role.OWNER, Role.STEWARD)
"""Roles that may change what is in the vault."""

ASKING_AS: ContextVar[str] = ContextVar("asking_as", default="")
"""Whose view a command takes (``foretune --as``); empty for that of whoever runs it."""


class GrantKind(StrEnum):
    """What a grant covers."""

    LABEL = "label"
    """Documents up to this label."""
    SOURCE = "source"
    """Documents of the source with this id."""
    TAG = "tag"
    """Documents that carry this tag."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to read some documents."""

    kind: GrantKind
    value: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody, or something, that uses the vault."""

    name: str
    role: str = Role.OWNER
    label: Label = Label.RESTRICTED
    """The most sensitive label it may read, whatever it was granted."""
    grants: frozenset[Grant] | None = None
    """It reads what any of them covers; None for everything up to the label."""
    by: str = ""
    """Who takes this principal's view, where that is somebody else; it may then read only."""

    @property
    def sees_everything(self) -> bool:
        """Whether no document can be hidden from it."""
        return self.role != Role.AUDITOR and self.label is Label.RESTRICTED and self.grants is None

    def covers(self, label: Label) -> bool:
        """Whether it may see every document up to ``label``."""
        if self.role == Role.AUDITOR or label.rank > self.label.rank:
            return False
        of_labels = (Label(each.value).rank for each in self.grants or () if each.kind is GrantKind.LABEL)
        return self.grants is None or max(of_labels, default=-1) >= label.rank

    @property
    def actor(self) -> str:
        """Its name in the audit log."""
        return f"{self.by} as {self.name}" if self.by else self.name


def local_user() -> str:
    """The operating system's name for whoever runs the process; not from variables, which anybody can set."""
    try:
        import pwd
    except ImportError:  # Windows
        import getpass

        return getpass.getuser()
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without a name
        return f"user {os.getuid()}"


def local_owner() -> Principal:
    """Whoever runs the command holds the key, and so owns the vault."""
    return Principal(local_user())


def readable(
    principal: Principal, label_column: ColumnElement[Any], document_column: ColumnElement[Any]
) -> ColumnElement[bool]:
    """The condition under which ``principal`` may see a row with this label and this document's id.

    Auditors see events and hashes, never text.
    """
    if principal.role == Role.AUDITOR:
        return false()
    cleared = label_column.in_(_up_to(principal.label))
    if principal.grants is None:
        return cleared
    return and_(cleared, or_(false(), *(_covers(grant, label_column, document_column) for grant in _sorted(principal))))


def _sorted(principal: Principal) -> list[Grant]:
    return sorted(principal.grants or (), key=lambda grant: (grant.kind, grant.value))


def _up_to(highest: Label) -> list[str]:
    return [label.value for label in Label if label.rank <= highest.rank]


def _covers(grant: Grant, label_column: ColumnElement[Any], document_column: ColumnElement[Any]) -> ColumnElement[bool]:
    if grant.kind is GrantKind.LABEL:
        return label_column.in_(_up_to(Label(grant.value)))
    granted = document.alias("granted")
    if grant.kind is GrantKind.SOURCE:
        return document_column.in_(select(granted.c.id).where(granted.c.source_id == grant.value))
    tag = func.json_each(granted.c.tags).table_valued("value")
    tagged = select(tag.c.value).where(tag.c.value == grant.value).correlate(granted).exists()
    return document_column.in_(select(granted.c.id).where(tagged))
