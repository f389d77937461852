"""Pinning, promoting and rolling back.

A release is a specification and its digest: equal specifications are the same
release. The order of promotions is kept in the vault, so that rolling back is
going to the one before, as often as wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from sqlalchemy import Connection, insert, select

from foretune.errors import InputError, NothingToDoError
from foretune.releases.verify import verify
from foretune.types import Arm, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t

__all__ = [
    "Promotion",
    "Release",
    "Specification",
    "create",
    "current",
    "find",
    "list_releases",
    "promote",
    "promotion",
    "rollback",
]

_PROMOTIONS = "release.promotions"


@dataclass(frozen=True, slots=True)
class Specification:
    """All that decides what an answer looks like, but for the documents themselves."""

    arm: Arm
    """``base``, ``rag``, ``tuned`` or ``tuned+rag``."""
    engine: Mapping[str, Any]
    """The engine's settings, without secrets, and the hash of its model."""
    adapter: str
    """Id of the adapter, empty without."""
    adapter_hash: str
    """SHA-256 of its file."""
    retrieval: Mapping[str, Any]
    """Settings of passages, search and answering."""
    prompt: str
    """Digest of the prompts that are put to the engine."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Release:
    """A pinned specification with a name."""

    id: str
    name: str
    specification: Specification
    at: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Promotion:
    """Which release is the current one, and since which change."""

    turn: int
    """1, 2 … : raised by every promotion and rollback, also to the release that is current already."""
    release_id: str


def create(vault: Vault, specification: Specification, *, name: str = "") -> Release:
    """Pin ``specification``; an equal one that exists is returned as it is, under its own name.

    Args:
        name: what people call it; ``r1``, ``r2`` … when empty.

    Raises:
        InputError: the name belongs to another release, or the specification cannot be brought to life.
    """
    verify(vault, specification)
    release_id = digest(specification.as_json())[:16]
    with vault.writing() as connection:
        names = {row.id: row.name for row in connection.execute(select(t.release.c.id, t.release.c.name))}
        if release_id not in names:
            name = name or next(f"r{n}" for n in count(len(names) + 1) if f"r{n}" not in names.values())
            if name in names.values():
                raise InputError(f"There is a release called {name} already: choose another name.")
            connection.execute(
                insert(t.release).values(id=release_id, name=name, specification=specification.as_json(), at=now())
            )
            vault.record(connection, "release.create", release_id, {"name": name})
    return find(vault, release_id)


def list_releases(vault: Vault) -> list[Release]:
    """All releases, oldest first."""
    with vault.reading() as connection:
        _, history = _promotions(connection)
        rows = connection.execute(select(t.release).order_by(t.release.c.at, t.release.c.name)).mappings().all()
    return [
        Release(
            row["id"],
            row["name"],
            Specification(**{**row["specification"], "arm": Arm(row["specification"]["arm"])}),
            row["at"],
            history[-1:] == [row["id"]],
        )
        for row in rows
    ]


def find(vault: Vault, name: str) -> Release:
    """The release with this name or id.

    Raises:
        InputError: there is none.
    """
    releases = list_releases(vault)
    for release in releases:
        if name in (release.name, release.id):
            return release
    known = ", ".join(release.name for release in releases) or "none yet: `foretune release create` makes one"
    raise InputError(f"There is no release called {name}; there are: {known}.")


def current(vault: Vault) -> Release | None:
    """What is promoted, if anything."""
    return next((release for release in list_releases(vault) if release.current), None)


def promotion(vault: Vault) -> Promotion | None:
    """The last promotion or rollback, if there was one; reads one row."""
    with vault.reading() as connection:
        turn, history = _promotions(connection)
    return Promotion(turn, history[-1]) if history else None


def promote(vault: Vault, name: str) -> Release:
    """Make a release the current one; running servers change over by themselves.

    Promoting the current one again makes servers that could not change over try again.

    Raises:
        InputError: no such release, or what it pins is missing or changed.
    """
    release = find(vault, name)
    verify(vault, release.specification)
    with vault.writing() as connection:
        turn, history = _promotions(connection)
        if history[-1:] != [release.id]:
            history.append(release.id)
        _set_promotions(vault, connection, turn + 1, history)
        vault.record(connection, "release.promote", release.id, {"name": release.name})
    return find(vault, release.id)


def rollback(vault: Vault) -> Release:
    """Go back to the release that was current before.

    Raises:
        InputError: what that release pins is missing or changed; the current one stays.
        NothingToDoError: there was none.
    """
    with vault.writing() as connection:
        turn, history = _promotions(connection)
        if len(history) < 2:
            raise NothingToDoError(
                "There is no earlier release to roll back to: promote one with `foretune release promote NAME`."
            )
        given_up = history.pop()
        verify(vault, find(vault, history[-1]).specification)
        _set_promotions(vault, connection, turn + 1, history)
        vault.record(connection, "release.rollback", history[-1], {"from": given_up})
    return find(vault, history[-1])


def _promotions(connection: Connection) -> tuple[int, list[str]]:
    """The number of changes so far, and the releases in the order in which one followed another."""
    row = connection.execute(select(t.setting.c.value).where(t.setting.c.name == _PROMOTIONS)).scalar_one_or_none()
    return (row["turn"], row["history"]) if row else (0, [])


def _set_promotions(vault: Vault, connection: Connection, turn: int, history: list[str]) -> None:
    vault.set_setting(connection, _PROMOTIONS, {"turn": turn, "history": history})
