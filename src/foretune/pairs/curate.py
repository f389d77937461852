"""Which of the written pairs are kept, and on which side: the same whatever was there before.

Nothing goes without a reason, and what goes stays in the vault with it. A person's verdict is heard first; it
overrules every check but a leak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update

from foretune.pairs.checks import AskedBefore
from foretune.pairs.framework import Framework
from foretune.pairs.leaks import BenchMatcher, Embed, nearly_same, shown_examples
from foretune.pairs.pair_checks import Subject, findings, reasons_against
from foretune.pairs.splits import assign, split_groups
from foretune.pairs.store import stored_pairs
from foretune.pairs.verdicts import PairDecisionKind, Standing, pair_hash, place_of, standing
from foretune.plan.config import PairsSettings
from foretune.types import GovernedDocument, Pair
from foretune.vault import Vault
from foretune.vault import tables as t

__all__ = ["curate"]

_REPEATED = 0.9
"""Jaccard overlap of the content words from which one prompt repeats another; stricter than for bench questions,
where a doubtful one had better go."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is to become of a pair."""

    pair: Pair
    state: str
    reason: str


def curate(
    vault: Vault,
    documents: Sequence[GovernedDocument],
    framework: Framework,
    settings: PairsSettings,
    bench_questions: Sequence[str],
    *,
    similarity: Embed | None = None,
) -> None:
    """Take in what people decided, drop what is unfit, repeated or leaking, and put each kept pair on its side."""
    by_id = {document.id: document for document in documents}
    stored = [pair for pair in stored_pairs(vault) if pair.document_id in by_id and pair.state != "set_aside"]
    decided = standing(vault)
    pairs = [_rewritten(pair, decided.get(place_of(pair), Standing())) for pair in stored]
    leaks = BenchMatcher(bench_questions, similarity).matches([pair.prompt for pair in pairs])
    examples = {pair.id: text for pair, text, _ in shown_examples(framework, pairs)}
    kept = _Kept()
    outcomes: list[_Outcome] = []
    for pair, leak in zip(pairs, leaks, strict=True):
        verdict = decided.get(place_of(pair), Standing()).verdict
        subject = Subject(pair, by_id[pair.document_id])
        reason = _against(pair, leak, examples.get(pair.id, ""), verdict, subject, kept)
        state = "dropped" if reason else "kept"
        if state == "kept":
            kept.add(pair)
        because = reason or str(pair.provenance.get("written_because", ""))
        outcomes.append(_Outcome(_with(pair, findings=findings(subject)), state, because))
    groups = split_groups(documents, settings.split_by)
    sides = assign(
        [groups[pair.document_id] for pair in pairs], fraction=settings.evaluation_fraction, seed=settings.seed
    )
    _store(vault, {pair.id: pair for pair in stored}, _apart(outcomes, groups, sides), groups, sides)


def _against(pair: Pair, leak: Any, example: str, verdict: Any, subject: Subject, kept: _Kept) -> str:
    """Why the pair is not kept; empty where it is."""
    if leak is not None:
        return f"asks a question of the bench: {leak[1]}"
    if verdict is not None and verdict.kind is PairDecisionKind.REJECT:
        return f"rejected by {verdict.actor}: {verdict.reason}"
    if verdict is not None:
        return ""
    if example:
        return f"repeats an example of the framework: {example}"
    if reasons := reasons_against(subject):
        return "; ".join(reasons)
    if (twin := kept.like(pair)) is not None:
        return f"asks the same as another pair: {twin.path}"
    return ""


def _rewritten(pair: Pair, held: Standing) -> Pair:
    """The pair as a person wrote it, or as it was written where none did; with the rating, if it was given for this."""
    written = pair.provenance.get("written", {})
    original = replace(pair, **written) if written else pair
    provenance = {k: v for k, v in pair.provenance.items() if k not in ("written", "rating", "rewritten_by")}
    if (change := held.rewriting) is not None:
        before = {"prompt": original.prompt, "response": original.response, "writer": original.writer}
        provenance |= {"written": before, "rewritten_by": change.actor}
        original = replace(original, prompt=change.prompt, response=change.response, writer="person")
    if held.rating is not None and held.rating.pair_hash == pair_hash(original.prompt, original.response):
        provenance["rating"] = held.rating.rating
    return replace(original, provenance=provenance)


def _with(pair: Pair, **more: Any) -> Pair:
    kept = {name: value for name, value in more.items() if value}
    rest = {name: value for name, value in pair.provenance.items() if name not in more}
    return replace(pair, provenance={**rest, **kept})


def _apart(outcomes: Sequence[_Outcome], groups: Mapping[str, str], sides: Mapping[str, str]) -> list[_Outcome]:
    """Drop training pairs whose response is nearly one of the evaluation side's."""

    def of(side: str) -> list[Pair]:
        return [o.pair for o in outcomes if o.state == "kept" and sides[groups[o.pair.document_id]] == side]

    near = {pair.id: other.path for pair, other, _ in nearly_same(of("train"), of("evaluation"))}
    return [
        replace(o, state="dropped", reason=f"its response is nearly that of an evaluation pair: {near[o.pair.id]}")
        if o.pair.id in near
        else o
        for o in outcomes
    ]


def _store(
    vault: Vault,
    before: Mapping[str, Pair],
    outcomes: Sequence[_Outcome],
    groups: Mapping[str, str],
    sides: Mapping[str, str],
) -> None:
    with vault.writing() as connection:
        for outcome in outcomes:
            side = sides[groups[outcome.pair.document_id]] if outcome.state == "kept" else ""
            after = replace(outcome.pair, state=outcome.state, reason=outcome.reason, split=side)
            if after != before[after.id]:
                values = {
                    name: getattr(after, name)
                    for name in ("prompt", "response", "writer", "state", "reason", "split", "provenance")
                }
                connection.execute(update(t.pair).where(t.pair.c.id == after.id).values(values))


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
