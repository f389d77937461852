"""The pairs in the vault: kept, forgotten, withdrawn, read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from foretune.engines import Engine, EngineInfo
from foretune.pairs.framework import Framework
from foretune.pairs.recipes.replay import replay_pairs
from foretune.pairs.slots import Slot
from foretune.pairs.writer import Written
from foretune.types import Pair, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t

__all__ = ["forget_all_but", "keep", "keep_imported", "keep_replay", "pairs_digest", "stored_pairs", "withdraw_pairs"]

_REPLAY = "pairs.replay"
"""Setting: how many general pairs there are, and the seed they were chosen with; they are in the package."""


def forget_all_but(vault: Vault, wanted: Mapping[str, Slot], imported: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Remove pairs of slots and conversations that are no more; returns the ids of those of slots that stay."""
    with vault.writing() as connection:
        there = {row.id: row.provenance for row in connection.execute(select(t.pair.c.id, t.pair.c.provenance))}
        gone = sorted(there.keys() - wanted.keys() - imported.keys())
        for pair_id in gone:
            connection.execute(delete(t.pair).where(t.pair.c.id == pair_id))
        if gone:
            vault.record(connection, "pairs.remove", "pairs", {"count": len(gone)})
        for pair_id in sorted(there.keys() & wanted.keys()):
            unit = wanted[pair_id].unit
            # What stands around it may have moved it.
            provenance = {**there[pair_id], "start": unit.start, "end": unit.end}
            values = {"document_hash": unit.document.hash, "provenance": provenance}
            connection.execute(update(t.pair).where(t.pair.c.id == pair_id).values(values))
    return there.keys() & wanted.keys()


def withdraw_pairs(vault: Vault, connection: Connection, standing: Mapping[str, str]) -> int:
    """Remove the pairs of documents that are not in ``standing`` (id to hash) as they are; returns how many went.

    In the caller's transaction.
    """
    rows = list(connection.execute(select(t.pair.c.id, t.pair.c.document_id, t.pair.c.document_hash)))
    rows += connection.execute(
        select(t.pair_source.c.pair_id, t.pair_source.c.document_id, t.pair_source.c.document_hash)
    )
    gone = sorted({row[0] for row in rows if standing.get(row.document_id) != row.document_hash})
    for pair_id in gone:
        connection.execute(delete(t.pair).where(t.pair.c.id == pair_id))
    if gone:
        vault.record(connection, "pairs.withdraw", "pairs", {"count": len(gone)})
    return len(gone)


def keep(vault: Vault, lot: Sequence[tuple[str, Written]], engine: Engine, framework: Framework, style: str) -> None:
    """Store what became of some slots, in one transaction; what is there already stays."""
    at = now()
    rows = [_row(pair_id, written, engine.info(), framework, style, at) for pair_id, written in lot]
    with vault.writing() as connection:
        connection.execute(insert(t.pair).on_conflict_do_nothing(), rows)
        if sources := [
            {"pair_id": pair_id, "document_id": other.id, "document_hash": other.hash}
            for pair_id, written in lot
            for other in written.slot.others
        ]:
            connection.execute(insert(t.pair_source).on_conflict_do_nothing(), sources)


def keep_imported(vault: Vault, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store pairs that were written elsewhere; what is there already stays."""
    at = now()
    with vault.writing() as connection:
        for row in rows:
            connection.execute(insert(t.pair).values({**row, "at": at}).on_conflict_do_nothing())


def _row(pair_id: str, written: Written, info: EngineInfo, framework: Framework, style: str, at: str) -> dict[str, Any]:
    slot, unit, draft = written.slot, written.slot.unit, written.draft
    provenance: dict[str, Any] = {
        "place": slot.place,
        "family": slot.family,
        "start": unit.start,
        "end": unit.end,
        "headings": list(unit.headings),
    }
    if slot.ask is not None:
        provenance |= {
            "engine": info.name,
            "engine_hash": info.hash,
            "framework": framework.name,
            "framework_hash": framework.hash,
            "style": style,
            "attempts": written.attempts,
            "raw": list(written.raw) if written.writer == "template" or draft is None else [],
            "written_because": written.reason,
        }
    return {
        "id": pair_id,
        "document_id": unit.document.id,
        "document_hash": unit.document.hash,
        "recipe": slot.recipe,
        "system": draft.system if draft else "",
        "prompt": draft.prompt if draft else "",
        "response": draft.response if draft else "",
        "writer": written.writer,
        "state": "kept" if draft else "set_aside",
        "reason": written.reason,
        "split": "",
        "provenance": provenance,
        "at": at,
    }


def stored_pairs(vault: Vault, *, split: str = "", kept_only: bool = False) -> list[Pair]:
    """All pairs, by path and place in the document, and after them those of no document.

    Raises:
        VaultError: the principal may not see everything: which pairs are kept depends on documents it may not see.
    """
    vault.require_whole("read the pairs")
    query = (
        select(t.pair, t.document.c.path)
        .join(t.document, t.document.c.id == t.pair.c.document_id)
        .where(vault.readable(t.document.c.label))
        .order_by(t.document.c.path, t.document.c.id, t.pair.c.id)
    )
    if split:
        query = query.where(t.pair.c.split == split)
    if kept_only:
        query = query.where(t.pair.c.state == "kept")
    with vault.reading() as connection:
        rows = connection.execute(query).mappings().all()
    names = (
        "id",
        "document_id",
        "path",
        "recipe",
        "prompt",
        "response",
        "writer",
        "split",
        "state",
        "reason",
        "system",
    )
    pairs = [Pair(**{name: row[name] for name in names}, provenance=row["provenance"]) for row in rows]
    pairs.sort(key=lambda pair: (pair.path, pair.document_id, pair.provenance.get("start", 0), pair.id))
    general = _general(vault)
    return pairs if split == "evaluation" else pairs + general


def keep_replay(vault: Vault, count: int, *, seed: int) -> None:
    """Say how many general pairs go with those of the documents."""
    if tuple(vault.setting(_REPLAY, (0, 0))) != (count, seed):
        with vault.writing() as connection:
            vault.set_setting(connection, _REPLAY, [count, seed])


def pairs_digest(pairs: Sequence[Pair]) -> str:
    """Identity of what would be learned."""
    return digest([(pair.id, pair.prompt, pair.response, pair.system, pair.split) for pair in pairs])


def _general(vault: Vault) -> list[Pair]:
    count, seed = vault.setting(_REPLAY, (0, 0))
    return replay_pairs(count, seed=seed)
