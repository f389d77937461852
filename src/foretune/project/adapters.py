"""Training an adapter from the vault's pairs, and finding the one to answer with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from foretune.errors import InputError, NothingToDoError
from foretune.governance.store import effective_label
from foretune.pairs import pairs_digest, stored_pairs
from foretune.progress import Progress
from foretune.tuning import AdapterResult, Example
from foretune.types import Label, Pair, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t
from foretune.vault.sealed import is_there, opened, seal

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = [
    "FEWEST",
    "StoredAdapter",
    "adapter_file_hash",
    "adapter_id",
    "adapter_label",
    "count_of",
    "current_adapter",
    "find_adapter",
    "require_adapter",
    "require_label",
    "train",
    "training_pairs",
]

FEWEST = 10
"""Pairs below which there is nothing to learn from: ten are a plumbing test, never evidence."""


@dataclass(frozen=True, slots=True)
class StoredAdapter:
    """A trained adapter; ``path`` is its GGUF file."""

    id: str
    name: str
    kind: str
    path: Path
    hash: str
    base_hash: str
    label: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any]
    at: str
    tainted: str
    """Receipt of the erasure of something it learned from; empty where there was none."""
    barred: bool
    """Tainted, and not to be used for it (``erasure.adapters``)."""


def count_of(count: int, noun: str) -> str:
    """``is 1 pair``, ``are 3 pairs``."""
    return f"is 1 {noun}" if count == 1 else f"are {count} {noun}s"


def training_pairs(project: Project) -> list[Pair]:
    """The kept pairs of the training side."""
    return stored_pairs(project.vault, split="train", kept_only=True)


def adapter_id(project: Project, *, pilot: bool) -> str:
    """Identity of the adapter that training now would make."""
    from foretune.models import locate

    evaluation = stored_pairs(project.vault, split="evaluation", kept_only=True)
    return digest(
        "pilot" if pilot else "full",
        pairs_digest(training_pairs(project)),
        pairs_digest(evaluation),
        project.config.tuning.model_dump(exclude={"run"}),
        locate(project.config.engine.model).hash,
    )[:16]


def train(project: Project, *, pilot: bool, progress: Progress) -> StoredAdapter:
    """Train and register an adapter; one that exists for the same inputs is returned as it is.

    Raises:
        NothingToDoError: fewer than ten pairs.
        InputError: the engine is not one whose weights are on this machine.
        ModelError: the model file is missing or damaged.
    """
    if project.config.engine.kind != "llama":
        raise InputError(
            "Tuning needs the model's weights on this machine: set engine.kind to llama and engine.model to a "
            "packaged model or a GGUF file in foretune.toml."
        )
    pairs = training_pairs(project)
    if len(pairs) < FEWEST:
        raise NothingToDoError(
            f"There {count_of(len(pairs), 'pair')} to learn from and tuning needs at least {FEWEST}: "
            "add documents, or include more of them, and run `foretune pairs`."
        )
    identity = adapter_id(project, pilot=pilot)
    if (existing := find_adapter(project, identity)) is not None:
        return existing
    from foretune import tuning
    from foretune.models import locate

    model = locate(project.config.engine.model)
    folder = project.vault.folder / "adapters" / identity
    evaluation = stored_pairs(project.vault, split="evaluation", kept_only=True)
    make = tuning.pilot if pilot else tuning.tune
    result = make(
        [_example(pair) for pair in pairs],
        base=model,
        folder=folder,
        settings=project.config.tuning,
        evaluation=[_example(pair) for pair in evaluation],
        progress=progress,
    )
    label = _trained_label(project, pairs)
    if label.rank >= Label.CONFIDENTIAL.rank:
        for weights in [*folder.rglob("*.gguf"), *folder.rglob("*.safetensors")]:
            seal(project.vault, weights)
    values = {
        "id": identity,
        "name": f"{'pilot' if pilot else 'full'}-{identity[:6]}",
        "kind": "pilot" if pilot else "full",
        "path": str(result.path.relative_to(project.vault.folder)),
        "hash": result.hash,
        "base_hash": result.base_hash,
        "label": label.value,
        "settings": project.config.tuning.model_dump(mode="json"),
        "metrics": _metrics(result),
        "at": now(),
    }
    with project.vault.writing() as connection:
        connection.execute(insert(t.adapter).values(values).on_conflict_do_nothing())
        project.vault.record(
            connection, "adapter.train", identity, {"pairs": len(result.trained), "kind": values["kind"]}
        )
    found = find_adapter(project, identity)
    assert found is not None
    return found


def _trained_label(project: Project, pairs: Sequence[Pair]) -> Label:
    """The highest label of the documents that pairs are from."""
    ids = sorted({pair.document_id for pair in pairs})
    highest = Label.PUBLIC
    with project.vault.reading() as connection:
        for start in range(0, len(ids), 500):
            query = select(effective_label()).where(t.document.c.id.in_(ids[start : start + 500])).distinct()
            labels = [Label(value) for value in connection.execute(query).scalars()]
            highest = max([highest, *labels], key=lambda label: label.rank)
    return highest


def _example(pair: Pair) -> Example:
    return Example(pair.id, pair.messages, pair.document_id)


def _metrics(result: AdapterResult) -> dict[str, Any]:
    """How training went, for reports: JSON values, no text."""
    return {
        "examples": len(result.trained),
        "epochs": result.epochs,
        "losses": list(result.losses),
        "evaluation_losses": list(result.evaluation_losses),
        "tokens": result.tokens,
        "seconds": result.seconds,
        "precision": result.precision,
        "dropped": [[item.id, item.reason] for item in result.dropped],
        "cut": [[item.id, item.reason] for item in result.cut],
    }


def _adapters(project: Project) -> list[StoredAdapter]:
    with project.vault.reading() as connection:
        rows = connection.execute(select(t.adapter).order_by(t.adapter.c.at)).mappings().all()
    return [StoredAdapter(**{**row, "path": project.vault.folder / row["path"]}) for row in rows]


def find_adapter(project: Project, identity: str) -> StoredAdapter | None:
    """The adapter with this id, if its file is still there and an erasure has not barred it."""
    found = next((a for a in _adapters(project) if a.id == identity and _usable(a)), None)
    return None if found is None else _opened(project, found)


def current_adapter(project: Project) -> StoredAdapter | None:
    """The adapter that tuned arms answer with; it was trained on the engine's own model.

    The one of all pairs as they are now, else the pilot's, else the newest: after a change was taken
    back, the adapter of the pairs that are back.
    """
    from foretune.models import locate

    if project.config.engine.kind != "llama":
        return None
    base = locate(project.config.engine.model).hash
    usable = {a.id: a for a in _adapters(project) if a.base_hash == base and _usable(a)}
    if not usable:
        return None
    for pilot in (False, True):
        if (found := usable.get(adapter_id(project, pilot=pilot))) is not None:
            return found
    return _opened(project, list(usable.values())[-1])


def _usable(adapter: StoredAdapter) -> bool:
    return is_there(adapter.path) and not adapter.barred


def _opened(project: Project, adapter: StoredAdapter) -> StoredAdapter:
    """With a path that can be read, where the file is encrypted."""
    return replace(adapter, path=opened(project.vault, adapter.path))


def adapter_label(project: Project, identity: str) -> Label:
    """The highest label an adapter was trained on; the highest there is where its record is gone."""
    with project.vault.reading() as connection:
        query = select(t.adapter.c.label).where(t.adapter.c.id == identity)
        found = connection.execute(query).scalar_one_or_none()
    return Label.RESTRICTED if found is None else Label(found)


def require_adapter(project: Project, path: Path) -> None:
    """Refuse an adapter that the project's principal may not use.

    Raises:
        VaultError: it learned from documents of a label above what the principal was granted.
    """
    found = next((each for each in _adapters(project) if path in (each.path, _opened(project, each).path)), None)
    require_label(project.vault, Label.RESTRICTED if found is None else Label(found.label))


def require_label(vault: Vault, label: Label) -> None:
    """Refuse, on the record, whoever was not granted every document up to ``label``.

    An adapter can repeat what it learned from, whichever source or tag that was of.

    Raises:
        VaultError: the principal was not.
    """
    if not vault.principal.covers(label):
        vault.refuse(
            "use the adapter",
            f"The adapter learned from {label.value} documents, and {vault.principal.name} has no grant of that label: "
            "ask an owner for `foretune access grant`.",
        )


def adapter_file_hash(project: Project, identity: str) -> str:
    """SHA-256 of an adapter's file as it is now; empty where it is gone."""
    from foretune.engines.adapters import file_hash

    found = find_adapter(project, identity)
    return "" if found is None else file_hash(found.path)
