"""Which of the written pairs are kept, and on which side: the same whatever was there before.

Nothing goes without a reason, and what goes stays in the vault with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import update

from foretune.pairs.checks import AskedBefore, bench_leak
from foretune.pairs.splits import assign
from foretune.plan.config import PairsSettings
from foretune.types import Pair
from foretune.vault import Vault
from foretune.vault import tables as t

__all__ = ["curate"]

_REPEATED = 0.9
"""Jaccard overlap of the content words from which one prompt repeats another; stricter than for bench questions,
where a doubtful one had better go."""


def curate(
    vault: Vault,
    pairs: Sequence[Pair],
    clusters: Mapping[str, str],
    settings: PairsSettings,
    bench_questions: Sequence[str],
) -> None:
    """Drop repeated and leaking prompts, and put each kept pair on its side.

    Args:
        clusters: the near-duplicate cluster of each document by its id.
    """
    sides = assign(
        [clusters[pair.document_id] for pair in pairs], fraction=settings.evaluation_fraction, seed=settings.seed
    )
    kept = _Kept()
    bench = AskedBefore(bench_questions)
    with vault.writing() as connection:
        for pair in pairs:
            if pair.state == "set_aside":
                continue
            state, reason = "kept", str(pair.provenance.get("written_because", ""))
            if leak := bench_leak(pair.prompt, bench_questions, bench):
                state, reason = "dropped", f"asks a question of the bench: {leak}"
            elif (twin := kept.like(pair)) is not None:
                state, reason = "dropped", f"asks the same as the pair for {twin.path}"
            else:
                kept.add(pair)
            side = sides[clusters[pair.document_id]] if state == "kept" else ""
            if (pair.state, pair.reason, pair.split) != (state, reason, side):
                connection.execute(
                    update(t.pair).where(t.pair.c.id == pair.id).values(state=state, reason=reason, split=side)
                )


class _Kept:
    """The pairs that are kept so far."""

    def __init__(self) -> None:
        self._pairs: list[Pair] = []
        self._asked = AskedBefore(at_least=_REPEATED)

    def add(self, pair: Pair) -> None:
        self._pairs.append(pair)
        self._asked.add(pair.prompt)

    def like(self, pair: Pair) -> Pair | None:
        """The first that asks the same and was not meant to: one of the same family only where it is word for word."""
        for position in self._asked.matches(pair.prompt):
            twin = self._pairs[position]
            if not _related(pair, twin) or pair.prompt.casefold() == twin.prompt.casefold():
                return twin
        return None


def _related(pair: Pair, twin: Pair) -> bool:
    family = pair.provenance.get("family")
    return bool(family) and family == twin.provenance.get("family")
