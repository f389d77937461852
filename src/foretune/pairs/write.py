"""From governed documents to pairs in the vault: only what changed is written again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from foretune.engines import Engine
from foretune.pairs.curate import curate
from foretune.pairs.framework import Framework
from foretune.pairs.imported import imported_pairs, is_conversation
from foretune.pairs.leaks import Embed
from foretune.pairs.recipes import Choice, choices, chosen
from foretune.pairs.recipes.choose import replay_count
from foretune.pairs.slots import Making, Slot
from foretune.pairs.splits import assign, split_groups
from foretune.pairs.store import forget_all_but, keep, keep_imported, keep_replay, stored_pairs
from foretune.pairs.writer import Written, write_drafts, written_by_rule
from foretune.plan.config import PairsSettings, Story
from foretune.progress import Progress, silent
from foretune.types import GovernedDocument, digest
from foretune.vault import Vault

__all__ = ["PairsSummary", "summarised", "write_pairs"]

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
    similarity: Embed | None = None,
    progress: Progress = silent,
) -> PairsSummary:
    """Write each pair that the recipes make of ``documents`` and that is not there yet, and forget all others.

    Conversations that were imported are pairs as they are.

    Args:
        style_name: ``question`` or ``instruction``.
        bench_questions: the bench's questions and their paraphrases; none may be learned from.
        recipes: which, and how much of each; documents and sections where there are none.
        similarity: texts to unit vectors, to find bench questions in other words.
    """
    governed = list(documents)
    style = framework.style("question" if style_name == "question" else "instruction")
    groups = split_groups(governed, settings.split_by)
    sides = assign(list(groups.values()), fraction=settings.evaluation_fraction, seed=settings.seed)
    making = Making(settings, framework, style, story.persona, lambda document: sides[groups[document.id]])
    choice = list(recipes) or choices(("document", "section"), voice=False, pilot=False)
    texts = [document for document in governed if not is_conversation(document)]
    made = {each.recipe.name: list(each.recipe.make(texts, making)) for each in choice}
    slots = chosen(made, choice, limit=settings.limit, seed=settings.seed)
    asker = (engine.info().hash, framework.hash, style_name, settings.attempts, settings.seed, story.persona)
    wanted = {_pair_id(slot, asker): slot for slot in slots}
    imported = imported_pairs(governed)
    existing = forget_all_but(vault, wanted, imported)
    todo = {pair_id: slot for pair_id, slot in wanted.items() if pair_id not in existing}
    with progress.step("pairs", total=len(todo), unit="pairs") as step:
        for written in _written(list(todo.values()), engine, settings, bench_questions):
            keep(vault, [(_pair_id(each.slot, asker), each) for each in written], engine, framework, style_name)
            step.advance(len(written))
    keep_imported(vault, imported.values())
    keep_replay(vault, replay_count(len(slots), choice), seed=settings.seed)
    curate(vault, governed, framework, settings, bench_questions, similarity=similarity)
    return summarised(vault, written=len(todo))


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


def summarised(vault: Vault, *, written: int = 0) -> PairsSummary:
    """What all pairs come to, of which this run wrote ``written``."""
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
