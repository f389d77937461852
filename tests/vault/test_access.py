"""Who may do what, and that nobody can tell what they may not see from anything they are shown."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import insert, select
from tests.retrieval.corpus import written

from foretune.errors import InputError, VaultError
from foretune.governance import count_by_document, findings, review
from foretune.governance.findings import count_findings
from foretune.plan.config import Config, GovernanceSettings, RetrievalSettings
from foretune.project import Project
from foretune.retrieval import Hit, Searcher, build_index, read_filters
from foretune.retrieval.words import shared_words
from foretune.types import GovernedDocument, Label, digest
from foretune.vault import Grant, GrantKind, Principal, Role, Vault
from foretune.vault import tables as t
from foretune.vault.access import ASKING_AS
from foretune.vault.log import checkpoints
from foretune.vault.principals import (
    add_principal,
    by_key,
    find_principal,
    give,
    issue_key,
    principals,
    remove_principal,
    source_grant,
    take_back,
)

WORDS = [
    "leave",
    "travel",
    "budget",
    "salary",
    "merger",
    "laptop",
    "doctor",
    "bonus",
    "holiday",
    "audit",
    "client",
    "lawsuit",
    "harbour",
    "quartz",
]
SOURCES, TAGS = ("hr", "sales", "board"), ("draft", "policy", "minutes")
SETTINGS = RetrievalSettings(passage_words=32)


class WordEmbedder:
    """Vectors from which words stand in a text: as deterministic as a model, and a thousand times as fast."""

    name, hash, dimensions = "words", "words", 16

    def embed(self, texts: Any) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[int(digest(word)[:4], 16) % self.dimensions] += 1
            row[0] += 0.5
            row /= np.linalg.norm(row)
        return rows

    def count_tokens(self, texts: Any) -> list[int]:
        return [len(text.split()) for text in texts]


def corpus(count: int = 40) -> list[tuple[str, GovernedDocument]]:
    """Source and document: words in all proportions, so that hidden ones would move every statistic."""
    chance = random.Random(5)
    made = []
    for number in range(count):
        text = " ".join(chance.choices(WORDS, weights=[1 + (number * 7 + i) % 5 for i in range(len(WORDS))], k=24))
        tags = tuple(chance.sample(TAGS, chance.randint(0, 2)))
        label = chance.choice(list(Label))
        source = chance.choice(SOURCES)
        path = f"{source}-{number:02}.txt"
        title = chance.choice(WORDS)
        made.append((source, written(f"{text} call 555-01{number:02}", path=path, title=title, tags=tags, label=label)))
    return made


def filled(folder: Path, documents: list[tuple[str, GovernedDocument]]) -> Vault:
    """A vault with these documents, reviewed and indexed."""
    vault = Vault.create(folder)
    with vault.writing() as connection:
        for source in SOURCES:
            connection.execute(
                insert(t.source).values(id=source, location=f"/{source}", kind="folder", label="internal", added_at="")
            )
        for source, each in documents:
            connection.execute(
                insert(t.document).values(
                    id=each.id,
                    source_id=source,
                    path=each.path,
                    content_hash=each.hash,
                    size=0,
                    mtime_ns=0,
                    media_type="text/plain",
                    title=each.title,
                    author="A",
                    tags=list(each.tags),
                    label=each.label.value,
                    text=each.text,
                    date="2024-01-01",
                    added_at="2024-01-01T00:00:00",
                    changed_at="2024-01-01T00:00:00",
                )
            )
    build_index(vault, [each for _, each in documents], embedder=WordEmbedder(), settings=SETTINGS)  # type: ignore[arg-type]
    review(vault, GovernanceSettings(), checks=["personal", "duplicate", "short", "labels"])
    return vault


def may_see(principal: Principal, source: str, each: GovernedDocument) -> bool:
    """The rule, said once more in Python."""
    if principal.role == Role.AUDITOR or each.label.rank > principal.label.rank:
        return False
    return principal.grants is None or any(
        (grant.kind is GrantKind.LABEL and each.label.rank <= Label(grant.value).rank)
        or (grant.kind is GrantKind.SOURCE and grant.value == source)
        or (grant.kind is GrantKind.TAG and grant.value in each.tags)
        for grant in principal.grants
    )


def anybody(chance: random.Random) -> Principal:
    """A random reader, now and then an auditor."""
    every = [
        *(Grant(GrantKind.LABEL, label.value) for label in Label),
        *(Grant(GrantKind.SOURCE, source) for source in SOURCES),
        *(Grant(GrantKind.TAG, tag) for tag in TAGS),
    ]
    role = Role.AUDITOR if chance.random() < 0.05 else Role.READER
    return Principal("r", role, chance.choice(list(Label)), frozenset(chance.sample(every, chance.randint(0, 3))))


def query(chance: random.Random) -> str:
    return " ".join(chance.sample(WORDS, chance.randint(1, 4)))


def shown(hits: list[Hit]) -> list[Any]:
    """All that a hit says but the passage's id, which is random to whoever may not see everything."""
    return [replace(hit, passage=replace(hit.passage, id=0)) for hit in hits]


class Told:
    """Everything a principal can be told by one vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.searcher = Searcher(vault, WordEmbedder(), SETTINGS)  # type: ignore[arg-type]

    def answers(self, queries: list[str]) -> list[Any]:
        return [shown(hits) for hits in self.searcher.search_many(queries, k=5)]

    def filtered(self, asked: str, label: Label, tag: str) -> Any:
        typed = ([f"label={label}"], [f"tag={tag}"], ["source=a"], ["path=*1*", "date>=2000"])
        return [shown(self.searcher.search(asked, filters=read_filters(some))) for some in typed]

    def rarities(self) -> list[float]:
        return [self.searcher.idf(word) for word in WORDS]

    def reviewed(self) -> Any:
        listed = [(each.path, each.finding) for each in findings(self.vault)]
        return listed, count_findings(self.vault), count_by_document(self.vault)


def hold_to_it(tmp_path: Path, whole: Any, *, readers: int, queries: int) -> int:
    """Compare each random principal's view with a vault that never held the rest; returns how many views differed."""
    vault, documents = whole
    chance = random.Random(17)
    asked = [query(chance) for _ in range(queries)]
    never: dict[frozenset[str], tuple[Any, ...]] = {}
    for number in range(readers):
        principal = anybody(chance)
        mine = [(source, each) for source, each in documents if may_see(principal, source, each)]
        seen = frozenset(each.id for _, each in mine)
        if seen not in never:
            with filled(tmp_path / f"never-{number}", mine) as alone:
                reader = Told(alone.seen_by(Principal("r", Role.READER, Label.RESTRICTED, frozenset(ALL))))
                never[seen] = (reader.answers(asked), reader.filtered(asked[0], Label.PUBLIC, "draft"))
                never[seen] += (reader.rarities(), reader.reviewed())
        told = Told(vault.seen_by(principal))
        assert (
            told.answers(asked),
            told.filtered(asked[0], Label.PUBLIC, "draft"),
            told.rarities(),
            told.reviewed(),
        ) == never[seen]
    return len(never)


ALL = [Grant(GrantKind.LABEL, Label.RESTRICTED.value)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Vault, list[tuple[str, GovernedDocument]]]]:
    documents = corpus()
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("whole")
        patch.setenv("FORETUNE_KEY", "ab" * 32)
        with filled(folder / "vault", documents) as vault:
            yield vault, documents


def test_nothing_that_is_told_depends_on_what_a_principal_may_not_see(tmp_path: Path, whole: Any) -> None:
    assert hold_to_it(tmp_path, whole, readers=12, queries=40) > 5


@pytest.mark.slow
def test_many_principals_can_tell_nothing_from_many_queries(tmp_path: Path, whole: Any) -> None:
    assert hold_to_it(tmp_path, whole, readers=60, queries=40) > 15


def test_the_comparison_sees_what_a_shared_index_gives_away(
    tmp_path: Path, whole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the tests above would prove nothing: the scores of one index for all do depend on hidden documents."""
    monkeypatch.setattr("foretune.retrieval.search.own_words", lambda _, *given: shared_words(*given))
    with pytest.raises((AssertionError, ValueError)):
        hold_to_it(tmp_path, whole, readers=4, queries=10)


def test_gaps_between_passage_ids_tell_a_reader_nothing(whole: Any) -> None:
    vault, _ = whole
    full, reader = Told(vault), Told(vault.seen_by(Principal("r", Role.READER, Label.PUBLIC, frozenset(ALL))))
    ids = {hit.passage.id for hit in reader.searcher.search("leave budget", k=50)}
    assert len(ids) > 5
    assert min(ids) > max(hit.passage.id for hit in full.searcher.search("leave budget", k=500))
    assert ids == {hit.passage.id for hit in reader.searcher.search("leave budget", k=50)}


def test_a_reader_sees_nothing_before_something_is_granted(vault: Vault) -> None:
    added = add_principal(vault, "ada", Role.READER, label=Label.CONFIDENTIAL)
    assert (added.grants, added.sees_everything) == (frozenset(), False)
    given = give(vault, "ada", [Grant(GrantKind.LABEL, "internal"), Grant(GrantKind.TAG, "policy")])
    assert given.covers(Label.INTERNAL)
    assert not given.covers(Label.CONFIDENTIAL)
    assert take_back(vault, "ada", [Grant(GrantKind.TAG, "policy")]).grants == frozenset(
        {Grant(GrantKind.LABEL, "internal")}
    )
    assert [each.name for each in principals(vault)] == ["ada"]
    remove_principal(vault, "ada")
    assert find_principal(vault, "ada") is None


def test_a_key_is_kept_only_as_a_hash_and_the_next_replaces_it(vault: Vault) -> None:
    add_principal(vault, "ada", Role.READER)
    first = issue_key(vault, "ada")
    second = issue_key(vault, "ada")
    found = by_key(vault, second)
    assert (by_key(vault, first), found and found.name) == (None, "ada")
    assert by_key(vault, "") is None
    assert not any(second.encode() in page for page in vault.pages())


def test_only_an_owner_gives_access_and_a_refusal_is_an_event(vault: Vault) -> None:
    add_principal(vault, "sam", Role.STEWARD)
    steward = vault.seen_by(find_principal(vault, "sam") or vault.principal)
    for deed in (
        lambda: add_principal(steward, "eve", Role.OWNER),
        lambda: give(steward, "sam", ALL),
        lambda: issue_key(steward, "sam"),
        lambda: source_grant(steward, "hr"),
    ):
        with pytest.raises(VaultError, match=r"^Only an owner may .*, and sam is steward\.$"):
            deed()
    with vault.reading() as connection:
        rows = connection.execute(select(t.event.c.actor, t.event.c.action).where(t.event.c.action.contains("refuse")))
        assert list(rows) == [("sam", "access.refuse")] * 4


def test_an_owner_does_not_lock_themselves_out(vault: Vault) -> None:
    with pytest.raises(InputError, match="is you"):
        add_principal(vault, vault.principal.name, Role.READER)
    add_principal(vault, "ada", Role.READER)
    with pytest.raises(InputError, match="already"):
        add_principal(vault, "ada", Role.OWNER)
    with pytest.raises(InputError, match="grants are for readers"):
        give(vault, add_principal(vault, "sam", Role.STEWARD).name, ALL)


def test_a_view_of_somebody_else_reads_and_changes_nothing(tmp_path: Path) -> None:
    project = Project.create(tmp_path, Config())
    add_principal(project.vault, "ada", Role.READER)
    project.close()
    token = ASKING_AS.set("ada")
    try:
        with Project.open(tmp_path) as viewed:
            assert viewed.vault.principal.actor.endswith(" as ada")
            for deed in (viewed.working, viewed.status, viewed.report, viewed.standing, viewed.advice):
                with pytest.raises(VaultError):
                    deed()
            with pytest.raises(VaultError, match="not for readers"):
                checkpoints(viewed.vault)
        ASKING_AS.set("nobody-we-know")
        with pytest.raises(VaultError, match="no principal nobody-we-know"):
            Project.open(tmp_path)
    finally:
        ASKING_AS.reset(token)


def test_an_event_costs_less_than_a_millisecond_of_work(vault: Vault) -> None:
    started = time.process_time()
    for number in range(200):
        vault.note("document.search", "index", {"passages": [f"{number:016x}:{each}" for each in range(10)]})
    assert (time.process_time() - started) / 200 < 0.001
