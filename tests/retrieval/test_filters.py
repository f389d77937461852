"""Filters: what they let through, and that what says nothing is refused in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update
from tests.retrieval.corpus import put, written
from tests.vault.test_access import WordEmbedder

from foretune.errors import InputError
from foretune.plan.config import RetrievalSettings
from foretune.retrieval import FIELDS, Searcher, build_index, read_filters
from foretune.types import Label
from foretune.vault import Grant, GrantKind, Principal, Vault, tables

KNOWN: dict[str, dict[str, object]] = {
    "travel/rail.md": {"author": "Ada Byron", "date": "2020-05-03", "modified": "2024-01-01", "tags": ["rail", "hr"]},
    "travel/air_fare.md": {"author": "Ben Ode; Ada Byron", "date": "2021-03", "tags": ["hr"]},
    "travel/airXfare.md": {"author": "Cleo Ode", "date": "2021"},
    "leave.md": {},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filtered") / "vault"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORETUNE_KEY", "5e" * 32)
        with Vault.create(folder) as vault:
            documents = put(vault, [written(f"The fare is {path}.", path=path) for path in KNOWN])
            with vault.writing() as connection:
                other = {
                    "id": "crm",
                    "location": "/data/100%_crm",
                    "kind": "folder",
                    "label": "internal",
                    "added_at": "",
                }
                connection.execute(insert(tables.source).values(other))
                for path, known in KNOWN.items():
                    row = update(tables.document).where(tables.document.c.path == path)
                    connection.execute(row.values(known or {"source_id": "crm"}))
            build_index(vault, documents, embedder=WordEmbedder(), settings=RetrievalSettings())  # type: ignore[arg-type]
    return folder


@pytest.fixture
def vault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    monkeypatch.setenv("FORETUNE_KEY", "5e" * 32)
    with Vault.open(folder) as vault:
        yield vault


def found(vault: Vault, *filters: str) -> set[str]:
    hits = Searcher(vault, WordEmbedder(), RetrievalSettings()).search("fare", filters=read_filters(filters))  # type: ignore[arg-type]
    return {hit.passage.path for hit in hits}


RAIL, AIR, OTHER_AIR, LEAVE = KNOWN


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), {RAIL, AIR, OTHER_AIR, LEAVE}),
        (("author=ada",), {RAIL, AIR}),
        (("author=ada", "author=CLEO"), {RAIL, AIR, OTHER_AIR}),
        (("author = ada", "tag=rail"), {RAIL}),
        (("tag=hr",), {RAIL, AIR}),
        (("tag=h",), set()),
        (("date=2021",), {AIR, OTHER_AIR}),
        (("date=2021-03",), {AIR}),
        (("date>=2020-05-03", "date<2021"), {RAIL}),
        (("date>2020",), {AIR, OTHER_AIR}),
        (("date<=2020",), {RAIL}),
        (("date<=March 2021",), {RAIL, AIR, OTHER_AIR}),
        (("modified>2023",), {RAIL}),
        (("label=internal",), {RAIL, AIR, OTHER_AIR, LEAVE}),
        (("label=Public",), set()),
        (("path=travel",), {RAIL, AIR, OTHER_AIR}),
        (("path=travel/air_*",), {AIR}),
        (("path=travel/air?fare.md",), {AIR, OTHER_AIR}),
        (("path=leave.md",), {LEAVE}),
        (("path=%",), set()),
        (("source=100%_crm",), {LEAVE}),
        (("source=/data/100%_crm/",), {LEAVE}),
        (("source=nowhere",), set()),
    ],
)
def test_a_filter_lets_through_what_it_says(vault: Vault, filters: tuple[str, ...], expected: set[str]) -> None:
    assert found(vault, *filters) == expected


def test_a_filter_never_widens_what_somebody_may_see(vault: Vault) -> None:
    granted = Principal("ria", "reader", Label.INTERNAL, frozenset({Grant(GrantKind.TAG, "rail")}))
    assert found(vault.seen_by(granted), "tag=hr") == {RAIL}
    assert found(vault.seen_by(granted), "path=leave.md") == set()


@pytest.mark.parametrize(
    ("filter_", "sentence"),
    [
        ("colour=red", "There is no field 'colour' to filter by: the known ones are author, date, label, modified, "),
        ("red", "is not FIELD=VALUE"),
        ("=red", "is not FIELD=VALUE"),
        ("author=", "has no value"),
        ("author>b", "compares what has no order"),
        ("date=soon", "a date is a year, a month or a day"),
        ("date>=03/04/2021", "a date is a year, a month or a day"),
        ("label=secret", "a label is one of public, internal, confidential, restricted"),
    ],
)
def test_a_filter_that_says_nothing_is_refused_in_a_sentence(filter_: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        read_filters([filter_])
    assert sentence in str(error.value)
    assert str(error.value).endswith(".")


@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(["=", "<", ">="]), st.text())
def test_any_text_is_read_or_refused(name: str, operator: str, value: str) -> None:
    try:
        (read,) = read_filters([f"{name}{operator}{value}"])
    except InputError:
        return
    assert read.field == name
    assert read.value


def test_newer_documents_have_something_ahead_where_the_plan_asks_for_it(vault: Vault) -> None:
    def scores(months: int) -> dict[str, float]:
        settings = RetrievalSettings(recency_months=months)
        hits = Searcher(vault, WordEmbedder(), settings).search("fare")  # type: ignore[arg-type]
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        return {hit.passage.path: hit.score for hit in hits}

    plain, recent = scores(0), scores(12)
    ahead = {path: recent[path] - plain[path] for path in KNOWN}
    # Revised on the first of January 2024, written in March 2021, written in 2021, and without a date.
    assert ahead == pytest.approx({RAIL: 0.1, AIR: 0.1 / 2 ** (34 / 12), OTHER_AIR: 0.1 / 2**3, LEAVE: 0}, abs=1e-4)
