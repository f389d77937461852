"""Pairs by rule in a vault: what the tests of curation, review and leaks start from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert
from tests.helpers import ROOT

from foretune.engines import Completion, EngineInfo, Request
from foretune.pairs import PairsSummary, choices, load_framework, stored_pairs, write_pairs
from foretune.plan.config import PairsSettings, Story
from foretune.types import GovernedDocument, Pair
from foretune.vault import Vault
from foretune.vault import tables as t

FRAMEWORK = load_framework("race", folder=ROOT)
RULES = ("question_answer", "paraphrases")


class Silent:
    """An engine that is known and never asked, unless it was given something to say."""

    def __init__(self, says: Sequence[str] = (), *, stop_after: int = 10**9) -> None:
        self.says, self.stop_after, self.asked = list(says), stop_after, list[Request]()

    def info(self) -> EngineInfo:
        return EngineInfo("scripted", "scripted", "0" * 64, context=2048, remote=False)

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        for position, request in enumerate(requests):
            if len(self.asked) >= self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(request)
            yield position, Completion(self.says[(len(self.asked) - 1) % len(self.says)], 1, 1, 0.0)


def settings(**values: Any) -> PairsSettings:
    return PairsSettings(**{"writer": "rules", "evaluation_fraction": 0.0, **values})


def put(vault: Vault, documents: Sequence[GovernedDocument]) -> None:
    """Exactly these documents; what is made from others goes with them."""
    source = {"id": "s", "location": "/pages", "kind": "folder", "label": "internal", "added_at": ""}
    with vault.writing() as connection:
        connection.execute(insert(t.source).values(source).on_conflict_do_nothing())
        connection.execute(delete(t.document).where(t.document.c.id.not_in([each.id for each in documents])))
        for each in documents:
            row = {name: getattr(each, name) for name in ("id", "path", "media_type", "title", "text")}
            rest = {"source_id": "s", "content_hash": "", "size": 0, "mtime_ns": 0, "label": each.label.value}
            values = {**row, **rest, "tags": [], "keywords": [], "added_at": "", "changed_at": ""}
            statement = insert(t.document).values(values)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"text": each.text}))


def write(
    vault: Vault,
    documents: Sequence[GovernedDocument],
    *,
    recipes: Sequence[str] = RULES,
    bench: Sequence[str] = (),
    engine: Silent | None = None,
    **values: Any,
) -> PairsSummary:
    put(vault, documents)
    return write_pairs(
        vault,
        documents,
        engine or Silent(),  # type: ignore[arg-type]
        FRAMEWORK,
        settings(**values),
        story=Story(persona="an HR manager"),
        style_name="question",
        bench_questions=bench,
        recipes=choices(recipes, voice=False, pilot=False),
    )


def by_prompt(vault: Vault) -> dict[str, Pair]:
    return {pair.prompt: pair for pair in stored_pairs(vault)}
