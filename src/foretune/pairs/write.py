"""From governed documents to pairs in the vault: only what changed is written again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from foretune.engines import Engine
from foretune.pairs.checks import AskedBefore, bench_leak
from foretune.pairs.framework import Framework
from foretune.pairs.imported import imported_pairs, is_conversation
from foretune.pairs.splits import assign
from foretune.pairs.units import Unit, spread, units
from foretune.pairs.writer import Written, write_prompts
from foretune.plan.config import PairsSettings, Story
from foretune.progress import Progress, silent
from foretune.types import GovernedDocument, Pair, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t

__all__ = [
    "PairsSummary",
    "pairs_digest",
    "store_imported",
    "stored_pairs",
    "withdraw_pairs",
    "write_pairs",
]

_BATCH = 8
"""Units asked for together; what a kill can cost is at most the engine's work on one batch."""

_REPEATED = 0.9
"""Jaccard overlap of the content words from which one prompt repeats another; stricter than for bench questions,
where a doubtful one had better go."""


@dataclass(frozen=True, slots=True)
class PairsSummary:
    """What the stage came to; ``kept + dropped`` are all pairs."""

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
    progress: Progress = silent,
) -> PairsSummary:
    """Write a prompt for each unit of ``documents`` that has none yet, and forget the pairs of all others.

    Args:
        style_name: ``question`` or ``instruction``.
        bench_questions: the bench's questions and their paraphrases; none may be learned from.
    """
    style = framework.style("question" if style_name == "question" else "instruction")
    governed = list(documents)
    everything = [
        unit
        for document in governed
        if not is_conversation(document)
        for unit in units(document, max_words=settings.max_words, min_characters=settings.min_characters)
    ]
    engine_hash = engine.info().hash
    wanted = {
        _pair_id(unit, engine_hash, framework, style_name, settings, story.persona): unit
        for unit in spread(everything, settings.limit, seed=settings.seed)
    }
    imported = imported_pairs(governed)
    existing = _forget_all_but(vault, wanted, imported)
    todo = {pair_id: unit for pair_id, unit in wanted.items() if pair_id not in existing}
    with progress.step("pairs", total=len(todo), unit="pairs") as step:
        ids = list(todo)
        for start in range(0, len(ids), _BATCH):
            batch = [todo[pair_id] for pair_id in ids[start : start + _BATCH]]
            by_unit = {todo[pair_id].id: pair_id for pair_id in ids[start : start + _BATCH]}
            for written in write_prompts(
                batch, engine, framework, style, settings, role=story.persona, bench_questions=bench_questions
            ):
                _keep(vault, by_unit[written.unit.id], written, engine, framework, style_name)
                step.advance()
    clusters = {document.id: document.cluster or document.id for document in governed}
    _store(vault, imported.values())
    _curate(vault, clusters, settings, bench_questions)
    return _summary(vault, written=len(todo))


def store_imported(
    vault: Vault, documents: Iterable[GovernedDocument], settings: PairsSettings, *, bench_questions: Sequence[str]
) -> PairsSummary:
    """Make pairs of the conversations among ``documents`` and curate all pairs; no engine is asked.

    Pairs of documents that are not among ``documents`` have to be gone (:func:`withdraw_pairs`).
    """
    governed = list(documents)
    _store(vault, imported_pairs(governed).values())
    clusters = {document.id: document.cluster or document.id for document in governed}
    _curate(vault, clusters, settings, bench_questions)
    return _summary(vault, written=0)


def _store(vault: Vault, rows: Iterable[Mapping[str, Any]]) -> None:
    """Pairs that are written already; those that are there stay as they are."""
    with vault.writing() as connection:
        for row in rows:
            connection.execute(insert(t.pair).values({**row, "at": now()}).on_conflict_do_nothing())


def _pair_id(unit: Unit, engine_hash: str, framework: Framework, style: str, settings: PairsSettings, role: str) -> str:
    return digest(unit.id, engine_hash, framework.hash, style, settings.attempts, settings.seed, role)[:16]


def _forget_all_but(vault: Vault, wanted: Mapping[str, Unit], imported: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Remove pairs of units and conversations that are no more; returns the ids of those that stay."""
    with vault.writing() as connection:
        there = {row.id: row.provenance for row in connection.execute(select(t.pair.c.id, t.pair.c.provenance))}
        gone = sorted(there.keys() - wanted.keys() - imported.keys())
        for pair_id in gone:
            connection.execute(delete(t.pair).where(t.pair.c.id == pair_id))
        if gone:
            vault.record(connection, "pairs.remove", "pairs", {"count": len(gone)})
        for pair_id in sorted(there.keys() & wanted.keys()):
            unit = wanted[pair_id]
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


def _keep(vault: Vault, pair_id: str, written: Written, engine: Engine, framework: Framework, style: str) -> None:
    unit, info = written.unit, engine.info()
    provenance = {
        "engine": info.name,
        "engine_hash": info.hash,
        "framework": framework.name,
        "framework_hash": framework.hash,
        "style": style,
        "attempts": written.attempts,
        "raw": list(written.raw) if written.writer == "template" else [],
        "start": unit.start,
        "end": unit.end,
        "headings": list(unit.headings),
        "written_because": written.reason,
    }
    row = {
        "id": pair_id,
        "document_id": unit.document.id,
        "document_hash": unit.document.hash,
        "recipe": unit.recipe,
        "prompt": written.prompt,
        "response": unit.text,
        "writer": written.writer,
        "state": "kept",
        "reason": written.reason,
        "split": "",
        "provenance": provenance,
        "at": now(),
    }
    with vault.writing() as connection:
        connection.execute(insert(t.pair).values(row).on_conflict_do_nothing())


def _curate(vault: Vault, clusters: Mapping[str, str], settings: PairsSettings, bench_questions: Sequence[str]) -> None:
    """Drop repeated and leaking prompts, and put each kept pair on its side; the same whatever was there before."""
    pairs = stored_pairs(vault)
    sides = assign(
        [clusters[pair.document_id] for pair in pairs], fraction=settings.evaluation_fraction, seed=settings.seed
    )
    kept: list[Pair] = []
    bench, asked = AskedBefore(bench_questions), AskedBefore(at_least=_REPEATED)
    with vault.writing() as connection:
        for pair in pairs:
            state, reason = "kept", str(pair.provenance.get("written_because", ""))
            if leak := bench_leak(pair.prompt, bench_questions, bench):
                state, reason = "dropped", f"asks a question of the bench: {leak}"
            elif (twin := asked.find(pair.prompt)) is not None:
                state, reason = "dropped", f"asks the same as the pair for {kept[twin].path}"
            else:
                kept.append(pair)
                asked.add(pair.prompt)
            side = sides[clusters[pair.document_id]] if state == "kept" else ""
            if (pair.state, pair.reason, pair.split) != (state, reason, side):
                connection.execute(
                    update(t.pair).where(t.pair.c.id == pair.id).values(state=state, reason=reason, split=side)
                )


def _summary(vault: Vault, *, written: int) -> PairsSummary:
    pairs = stored_pairs(vault)
    kept = [pair for pair in pairs if pair.state == "kept"]
    reasons = Counter(pair.reason.split(":")[0] for pair in pairs if pair.state == "dropped")
    summary = PairsSummary(
        len(kept),
        len(pairs) - len(kept),
        written,
        sum(pair.writer == "template" for pair in kept),
        sum(pair.split == "train" for pair in kept),
        sum(pair.split == "evaluation" for pair in kept),
        dict(reasons),
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
