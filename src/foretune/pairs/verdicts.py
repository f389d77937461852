"""What people decided on pairs: kept by place, so that it holds when the pair is written again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import insert, select

from foretune.types import Pair, digest
from foretune.vault import Vault, now
from foretune.vault import tables as t

__all__ = ["PairDecision", "PairDecisionKind", "Standing", "decide", "decisions", "pair_hash", "place_of", "standing"]


class PairDecisionKind(StrEnum):
    """What can be decided on a pair."""

    KEEP = "keep"
    """It is good, whatever a check says; never a leak of the bench."""
    REJECT = "reject"
    RATE = "rate"
    REWRITE = "rewrite"
    """A person's prompt and response stand in its place."""


@dataclass(frozen=True, slots=True)
class PairDecision:
    """One decision; the newest of a kind on a place holds (keep and reject are of one kind)."""

    document_id: str
    place: str
    kind: PairDecisionKind
    reason: str
    pair_hash: str
    """Of the prompt and response that were decided on."""
    prompt: str = ""
    response: str = ""
    rating: int | None = None
    actor: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds on one place."""

    verdict: PairDecision | None = None
    rewriting: PairDecision | None = None
    rating: PairDecision | None = None


def pair_hash(prompt: str, response: str) -> str:
    """Identity of what a person looked at."""
    return digest(prompt, response)[:16]


def decide(vault: Vault, made: Sequence[PairDecision]) -> None:
    """Record decisions by whoever opened the vault; append-only."""
    if not made:
        return
    at, actor = now(), vault.principal.name
    rows = [
        {
            "document_id": each.document_id,
            "place": each.place,
            "kind": each.kind.value,
            "prompt": each.prompt,
            "response": each.response,
            "rating": each.rating,
            "reason": each.reason,
            "actor": actor,
            "pair_hash": each.pair_hash,
            "at": at,
        }
        for each in made
    ]
    with vault.writing() as connection:
        connection.execute(insert(t.pair_decision), rows)
        kinds = sorted({each.kind.value for each in made})
        vault.record(connection, "pairs.decide", "pairs", {"count": len(rows), "kinds": kinds})


def decisions(vault: Vault) -> list[PairDecision]:
    """All decisions on pairs of documents this principal may see, oldest first."""
    query = (
        select(t.pair_decision)
        .join(t.document, t.document.c.id == t.pair_decision.c.document_id)
        .where(vault.readable(t.document.c.label))
        .order_by(t.pair_decision.c.id)
    )
    with vault.reading() as connection:
        return [
            PairDecision(
                row.document_id,
                row.place,
                PairDecisionKind(row.kind),
                row.reason,
                row.pair_hash,
                row.prompt,
                row.response,
                row.rating,
                row.actor,
                row.at,
            )
            for row in connection.execute(query)
        ]


def standing(vault: Vault) -> Mapping[str, Standing]:
    """What holds now, by place."""
    found: dict[str, Standing] = {}
    for each in decisions(vault):
        before = found.get(each.place, Standing())
        match each.kind:
            case PairDecisionKind.RATE:
                found[each.place] = Standing(before.verdict, before.rewriting, each)
            case PairDecisionKind.REWRITE:
                found[each.place] = Standing(before.verdict, each, before.rating)
            case _:
                found[each.place] = Standing(each, before.rewriting, before.rating)
    return found


def place_of(pair: Pair) -> str:
    """Where decisions on this pair are kept."""
    return str(pair.provenance.get("place", pair.id))
