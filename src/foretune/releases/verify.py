"""Whether what a release pins is still what it was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from foretune.errors import InputError
from foretune.files import file_sha256
from foretune.vault import Vault
from foretune.vault import tables as t
from foretune.vault.sealed import is_there, opened

if TYPE_CHECKING:
    from foretune.releases.releases import Specification

__all__ = ["verify"]


def verify(vault: Vault, specification: Specification) -> Path | None:
    """Make sure that a release would answer as it did when it was pinned; returns its adapter's file.

    A model elsewhere is known by address and name only, so that what is behind
    them cannot be verified.

    Raises:
        InputError: the adapter or model file is missing or another, or the prompts are another version's.
        ModelError: the model is not on this machine, or its file is damaged.
    """
    _check_prompt(specification)
    _check_model(specification)
    return _adapter(vault, specification)


def _check_prompt(specification: Specification) -> None:
    if not specification.arm.retrieves:
        return
    from foretune.retrieval import PROMPT

    if specification.prompt != PROMPT:
        raise InputError(
            "This release was made with the prompts of another version of Foretune, so its answers would not be what "
            "was tested: run `foretune bench` and create a new release with `foretune release create`."
        )


def _check_model(specification: Specification) -> None:
    if specification.engine["kind"] != "llama":
        return
    from foretune.models import locate

    model = locate(specification.engine["model"])
    if model.hash != specification.engine["hash"]:
        raise InputError(
            f"The file {model.weights} is not the model this release was made with: put that one back, "
            "or create a new release with `foretune release create`."
        )


def _adapter(vault: Vault, specification: Specification) -> Path | None:
    if not specification.adapter:
        if specification.arm.tuned:
            raise InputError(
                f"A release of the arm {specification.arm} needs an adapter: run `foretune tune` first, "
                "or choose the arm rag."
            )
        return None
    with vault.reading() as connection:
        query = select(t.adapter.c.path, t.adapter.c.barred).where(t.adapter.c.id == specification.adapter)
        row = connection.execute(query).one_or_none()
    path: Path = vault.folder / (row.path if row else "")
    if row is not None and row.barred:
        raise InputError(
            f"The adapter {specification.adapter[:8]} of this release learned from documents that were erased: "
            "run `foretune run` for another, and create a new release with `foretune release create`."
        )
    if row is None or not is_there(path):
        raise InputError(
            f"The adapter {specification.adapter[:8]} of this release is no longer there: put it back from a backup, "
            "or run `foretune tune` and create a new release with `foretune release create`."
        )
    path = opened(vault, path)
    if file_sha256(path) != specification.adapter_hash:
        raise InputError(
            f"The file {path} is not the adapter this release was made with: put that one back from a backup, "
            "or run `foretune tune` and create a new release with `foretune release create`."
        )
    return path
