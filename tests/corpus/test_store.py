from __future__ import annotations

from pathlib import Path

import pytest
from tests.corpus.files import write

from foretune.corpus import add, documents, find_document, set_aside_files, sources, summary
from foretune.plan.config import CorpusSettings
from foretune.types import Label
from foretune.vault import Principal, Vault


@pytest.fixture
def folder(vault: Vault, tmp_path: Path) -> Path:
    made = write(
        tmp_path / "docs",
        {
            "b.md": "---\ntitle: B\nauthor: Ann\ndate: 2020-01-02\ntags: [x, y]\nmood: calm\n---\nText of B.",
            "a/same.md": "---\nlabel: restricted\ndate: 2021-05-06\n---\nSecret.",
            "b/same.md": "Open.",
            "b/SAME.MD": "Loud.",
            "empty.md": "",
        },
    )
    list(add(vault, [made], settings=CorpusSettings(), base=tmp_path))
    return made


def test_documents_come_by_path_with_all_that_is_known(vault: Vault, folder: Path) -> None:
    found = list(documents(vault))
    assert [one.path for one in found] == ["a/same.md", "b.md", "b/SAME.MD", "b/same.md"]
    page = found[1]
    assert (page.title, page.author, page.date, page.tags, page.text) == (
        "B",
        "Ann",
        "2020-01-02",
        ("x", "y"),
        "Text of B.",
    )
    assert page.properties == {"mood": "calm"}
    assert page.label is Label.INTERNAL
    assert list(documents(vault, source="no such source")) == []
    assert list(documents(vault, source=sources(vault)[0].id)) == found


def test_a_reader_sees_only_what_its_label_allows(vault: Vault, folder: Path, tmp_path: Path) -> None:
    with Vault.open(tmp_path / "vault", principal=Principal("ann", "reader", Label.INTERNAL)) as limited:
        assert "a/same.md" not in [one.path for one in documents(limited)]
        assert find_document(limited, "a/same.md") == []
        assert summary(limited).documents == 3
    with Vault.open(tmp_path / "vault", principal=Principal("auditor", "auditor")) as blind:
        assert list(documents(blind)) == []


def test_documents_can_be_removed_while_they_are_listed(vault: Vault, folder: Path, tmp_path: Path) -> None:
    listed = documents(vault)
    next(listed)
    (folder / "b.md").unlink()
    list(add(vault, [folder], settings=CorpusSettings(), base=tmp_path))
    assert list(listed)


def test_a_document_is_found_by_its_path_by_the_end_of_it_and_on_disk(
    vault: Vault, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def paths(named: str | Path) -> list[str]:
        return [one.path for one in find_document(vault, named)]

    assert paths("b/same.md") == ["b/same.md"]
    assert paths("same.md") == ["a/same.md", "b/same.md"]
    assert paths(folder / "a/same.md") == ["a/same.md"]
    monkeypatch.chdir(folder / "a")
    assert paths("./same.md") == ["a/same.md"]
    assert paths("nothing.md") == []
    assert paths("_ame.md") == []


def test_the_summary_counts(vault: Vault, folder: Path) -> None:
    counts = summary(vault)
    assert (counts.documents, counts.sources, counts.set_aside) == (4, 1, 1)
    assert counts.characters == sum(len(one.text) for one in documents(vault))
    assert counts.labels == {"internal": 3, "restricted": 1}
    assert counts.media_types == {"text/markdown": 4}
    assert (counts.with_title, counts.with_author, counts.with_date) == (4, 1, 2)
    assert (counts.first_date, counts.last_date) == ("2020-01-02", "2021-05-06")


def test_an_empty_vault_has_an_empty_summary(vault: Vault) -> None:
    assert summary(vault).documents == 0
    assert set_aside_files(vault) == []
