"""From governed documents to pairs in the vault: only what changed is written again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from foretune.engines import Engine, EngineInfo
from foretune.pairs.curate import curate
from foretune.pairs.framework import Framework
from foretune.pairs.recipes import Choice, choices, chosen
from foretune.pairs.slots import Making, Slot
from foretune.pairs.splits import assign
from foretune.pairs.writer import Written, write_drafts, written_by_rule
from foretune.plan.config import PairsSettings, Story
from foretune.progress import Progress, silent
from foretune.types import GovernedDocument, Pair, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t

__all__ = ["PairsSummary", "pairs_digest", "stored_pairs", "withdraw_pairs", "write_pairs"]

_LOT = 256
"""Pairs put to the engine together; each is kept as soon as it is written: a kill costs the one in the making."""


@dataclass(frozen=True, slots=True)
class PairsSummary:
    """What the stage came to; ``kept + dropped + set_aside`` are all pairs."""

    kept: int
    dropped: int
    written: int
    """By this run; the others were there."""
    templates: int
    """Kept pairs whose prompt is the stand-in."""
    train: int
    evaluation: int
    reasons: Mapping[str, int]
    """Dropped pairs by reason."""
    set_aside: int = 0
    """Pairs that the engine could not write and no rule could."""
    recipes: Mapping[str, int] = field(default_factory=dict)
    """Kept pairs by recipe."""

    @property
    def template_share(self) -> float:
        return self.templates / self.kept if self.kept else 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def write_pairs(
    vault: Vault,
    documents: Iterable[GovernedDocument],
    engine: Engine,
    framework: Framework,
    settings: PairsSettings,
    *,
    story: Story,
    style_name: str,
    bench_questions: Sequence[str],
    recipes: Sequence[Choice] = (),
    progress: Progress = silent,
) -> PairsSummary:
    """Write each pair that the recipes make of ``documents`` and that is not there yet, and forget all others.

    Args:
        style_name: ``question`` or ``instruction``.
        bench_questions: the bench's questions and their paraphrases; none may be learned from.
        recipes: which, and how much of each; documents and sections where there are none.
    """
    governed = list(documents)
    style = framework.style("question" if style_name == "question" else "instruction")
    clusters = {document.id: document.cluster or document.id for document in governed}
    sides = assign(list(clusters.values()), fraction=settings.evaluation_fraction, seed=settings.seed)
    making = Making(settings, framework, style, story.persona, lambda document: sides[clusters[document.id]])
    choice = list(recipes) or choices(("document", "section"), voice=False, pilot=False)
    made = {each.recipe.name: list(each.recipe.make(governed, making)) for each in choice}
    slots = chosen(made, choice, limit=settings.limit, seed=settings.seed)
    asker = (engine.info().hash, framework.hash, style_name, settings.attempts, settings.seed, story.persona)
    wanted = {_pair_id(slot, asker): slot for slot in slots}
    existing = _forget_all_but(vault, wanted)
    todo = {pair_id: slot for pair_id, slot in wanted.items() if pair_id not in existing}
    with progress.step("pairs", total=len(todo), unit="pairs") as step:
        for written in _written(list(todo.values()), engine, settings, bench_questions):
            _keep(vault, [(_pair_id(each.slot, asker), each) for each in written], engine, framework, style_name)
            step.advance(len(written))
    curate(vault, stored_pairs(vault), clusters, settings, bench_questions)
    return _summary(vault, written=len(todo))


def _written(
    todo: Sequence[Slot], engine: Engine, settings: PairsSettings, bench_questions: Sequence[str]
) -> Iterator[list[Written]]:
    """What becomes of each slot, in lots that are kept together: those of rules at once, those of the engine singly."""
    by_rule = [written_by_rule(slot) for slot in todo if slot.ask is None]
    yield from (by_rule[start : start + _LOT] for start in range(0, len(by_rule), _LOT))
    asking = [slot for slot in todo if slot.ask is not None]
    for start in range(0, len(asking), _LOT):
        lot = asking[start : start + _LOT]
        yield from ([each] for each in write_drafts(lot, engine, settings, bench_questions=bench_questions))


def _pair_id(slot: Slot, asker: tuple[object, ...]) -> str:
    if slot.ask is not None:
        return digest(slot.place, *asker)[:16]
    assert slot.rule is not None
    return digest(slot.place, slot.rule.prompt, slot.rule.response, slot.rule.system)[:16]


def _forget_all_but(vault: Vault, wanted: Mapping[str, Slot]) -> set[str]:
    """Remove pairs of slots that are no more; returns the ids of those that stay."""
    with vault.writing() as connection:
        there = {row.id: row.provenance for row in connection.execute(select(t.pair.c.id, t.pair.c.provenance))}
        gone = sorted(there.keys() - wanted.keys())
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
    rows = connection.execute(select(t.pair.c.id, t.pair.c.document_id, t.pair.c.document_hash)).all()
    gone = sorted(row.id for row in rows if standing.get(row.document_id) != row.document_hash)
    for pair_id in gone:
        connection.execute(delete(t.pair).where(t.pair.c.id == pair_id))
    if gone:
        vault.record(connection, "pairs.withdraw", "pairs", {"count": len(gone)})
    return len(gone)


def _keep(vault: Vault, lot: Sequence[tuple[str, Written]], engine: Engine, framework: Framework, style: str) -> None:
    at = now()
    rows = [_row(pair_id, written, engine.info(), framework, style, at) for pair_id, written in lot]
    with vault.writing() as connection:
        connection.execute(insert(t.pair).on_conflict_do_nothing(), rows)


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


def _summary(vault: Vault, *, written: int) -> PairsSummary:
    pairs = stored_pairs(vault)
    kept = [pair for pair in pairs if pair.state == "kept"]
    reasons = Counter(pair.reason.split(":")[0] for pair in pairs if pair.state == "dropped")
    summary = PairsSummary(
        len(kept),
        sum(pair.state == "dropped" for pair in pairs),
        written,
        sum(pair.writer == "template" for pair in kept),
        sum(pair.split == "train" for pair in kept),
        sum(pair.split == "evaluation" for pair in kept),
        dict(reasons),
        sum(pair.state == "set_aside" for pair in pairs),
        dict(Counter(pair.recipe for pair in kept)),
    )
    if written:
        with vault.writing() as connection:
            vault.record(connection, "pairs.write", "pairs", {"written": written, "kept": len(kept)})
    return summary


def stored_pairs(vault: Vault, *, split: str = "", kept_only: bool = False) -> list[Pair]:
    """The pairs this principal may see, by path and place in the document."""
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
    return sorted(pairs, key=lambda pair: (pair.path, pair.document_id, pair.provenance.get("start", 0), pair.id))


def pairs_digest(pairs: Sequence[Pair]) -> str:
    """Identity of what would be learned."""
    return digest([(pair.id, pair.prompt, pair.response, pair.system, pair.split) for pair in pairs])
