"""A release is what it was when it was pinned, or it is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from foretune.errors import InputError, ModelError, NothingToDoError
from foretune.releases import (
    Promotion,
    Specification,
    create,
    current,
    find,
    list_releases,
    promote,
    promotion,
    rollback,
    verify,
)
from foretune.retrieval import PROMPT
from foretune.types import Arm
from foretune.vault import Vault, now
from foretune.vault.tables import adapter, event

ELSEWHERE = {"kind": "openai", "url": "http://127.0.0.1:1/v1", "model": "m", "hash": "h"}
RAG = Specification(Arm.RAG, ELSEWHERE, "", "", {"passages": 5}, PROMPT)
OTHER = replace(RAG, retrieval={"passages": 4})


def with_adapter(vault: Vault) -> Specification:
    path = vault.folder / "adapters" / "a.gguf"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    with vault.writing() as connection:
        connection.execute(
            insert(adapter).values(
                id="a",
                name="pilot",
                kind="pilot",
                path="adapters/a.gguf",
                hash=digest,
                base_hash="h",
                label="internal",
                settings={},
                metrics={},
                at=now(),
            )
        )
    return replace(RAG, arm=Arm.TUNED, retrieval={}, prompt="", adapter="a", adapter_hash=digest)


def test_equal_specifications_are_one_release(vault: Vault) -> None:
    first, again = create(vault, RAG), create(vault, RAG, name="other")
    assert first == again
    assert [release.name for release in list_releases(vault)] == ["r1"]


def test_names_are_given_in_order_and_belong_to_one_release(vault: Vault) -> None:
    create(vault, RAG)
    assert create(vault, OTHER).name == "r2"
    with pytest.raises(InputError, match="There is a release called r2 already"):
        create(vault, replace(RAG, retrieval={"passages": 3}), name="r2")


def test_a_name_that_somebody_took_is_not_given(vault: Vault) -> None:
    create(vault, RAG, name="r2")
    assert create(vault, OTHER).name == "r3"


def test_promotion_and_rollback_go_back_and_forth(vault: Vault) -> None:
    create(vault, RAG, name="one")
    create(vault, OTHER, name="two")
    assert current(vault) is None
    promote(vault, "one")
    promote(vault, "two")
    assert current(vault) == promote(vault, "two")
    assert rollback(vault).name == "one"
    now_current = current(vault)
    assert now_current is not None
    assert now_current.name == "one"
    with pytest.raises(NothingToDoError, match="no earlier release"):
        rollback(vault)
    with vault.reading() as connection:
        actions = connection.execute(select(event.c.action)).scalars().all()
    assert [action for action in actions if action.startswith("release.")] == [
        "release.create",
        "release.create",
        "release.promote",
        "release.promote",
        "release.promote",
        "release.rollback",
    ]


def test_rolling_back_goes_the_way_that_was_come(vault: Vault) -> None:
    names = ["one", "two", "three"]
    for number, name in enumerate(names):
        create(vault, replace(RAG, retrieval={"passages": number}), name=name)
    for name in ("one", "two", "one", "three", "three"):
        promote(vault, name)
    assert [rollback(vault).name for _ in range(3)] == ["one", "two", "one"]
    promote(vault, "three")
    assert rollback(vault).name == "one"


def test_every_promotion_counts_also_of_the_current_release(vault: Vault) -> None:
    """A server that could not change over tries again when told to."""
    one, two = create(vault, RAG, name="one"), create(vault, OTHER, name="two")
    assert promotion(vault) is None
    seen = []
    for name in ("one", two.id, "two"):
        promote(vault, name)
        seen.append(promotion(vault))
    rollback(vault)
    seen.append(promotion(vault))
    assert seen == [Promotion(1, one.id), Promotion(2, two.id), Promotion(3, two.id), Promotion(4, one.id)]


def test_a_release_that_cannot_be_rolled_back_to_leaves_the_current_one(vault: Vault) -> None:
    create(vault, with_adapter(vault), name="tuned")
    create(vault, RAG, name="rag")
    promote(vault, "tuned")
    promote(vault, "rag")
    before = promotion(vault)
    (vault.folder / "adapters" / "a.gguf").unlink()
    with pytest.raises(InputError, match="no longer there"):
        rollback(vault)
    assert promotion(vault) == before
    assert find(vault, "rag").current


def test_an_unknown_name_lists_those_there_are(vault: Vault) -> None:
    create(vault, RAG, name="one")
    with pytest.raises(InputError, match="no release called two; there are: one"):
        promote(vault, "two")


def test_a_tuned_release_needs_its_adapter(vault: Vault) -> None:
    with pytest.raises(InputError, match="needs an adapter"):
        create(vault, replace(RAG, arm=Arm.TUNED))


def test_an_adapter_that_changed_is_refused(vault: Vault) -> None:
    create(vault, with_adapter(vault), name="tuned")
    (vault.folder / "adapters" / "a.gguf").write_bytes(b"other weights")
    with pytest.raises(InputError, match="is not the adapter this release was made with"):
        promote(vault, "tuned")
    (vault.folder / "adapters" / "a.gguf").unlink()
    with pytest.raises(InputError, match="no longer there"):
        promote(vault, "tuned")


def test_prompts_of_another_version_are_refused(vault: Vault) -> None:
    with pytest.raises(InputError, match=r"prompts of another version .* `foretune release create`"):
        create(vault, replace(RAG, prompt="p"))
    verify(vault, replace(RAG, arm=Arm.BASE, retrieval={}, prompt=""))


def test_another_model_file_is_refused(vault: Vault, tmp_path: Path) -> None:
    """A file of the user's own keeps its name and changes what is in it."""
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF one")
    engine = {"kind": "llama", "model": str(model), "hash": hashlib.sha256(b"GGUF one").hexdigest()}
    create(vault, replace(RAG, engine=engine), name="own")
    promote(vault, "own")
    model.write_bytes(b"GGUF other")
    with pytest.raises(InputError, match="is not the model this release was made with"):
        promote(vault, "own")
    model.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        promote(vault, "own")
