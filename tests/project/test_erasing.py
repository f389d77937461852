"""What is erased is nowhere any more: not in a table, not on a page, not in a file, and it does not come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.project.small import Small, done, foretune

from foretune.errors import InputError
from foretune.plan.config import Config
from foretune.project import Project
from foretune.project.erasing import receipts, residue
from foretune.vault import Vault, database
from foretune.vault import tables as t
from foretune.vault.signing import verify

SECRET = "Zephyranthe Quillfeather owes us 48151623 dollars for the zorbleflux contract."
PIECES, TERMS = [b"Quillfeather owes us", b"the zorbleflux"], [b"ephyranth", b"uillfeath", b"orbleflu"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "note.md").write_text(f"# Note\n\n{SECRET}\n", encoding="utf-8")
    for number in range(12):
        text = f"# Leave {number}\n\nYou may take {number} hours of leave for each month of service.\n"
        (folder / f"leave-{number}.md").write_text(text, encoding="utf-8")
    with Project.create(tmp_path, Config()) as made:
        list(made.add([folder]))
        made.index()
        yield made


def test_no_piece_is_left_on_any_page(project: Project) -> None:
    assert len(residue(project.vault, PIECES, TERMS)) == 0  # a document holds them: they may be there
    assert any(piece in page for page in project.vault.pages() for piece in PIECES)
    receipt = project.erase(["note.md"])
    assert receipt.clean
    assert receipt.statement["verified"]["pieces_looked_for"] > 3
    held = b"".join(project.vault.pages())
    assert [one for one in (*PIECES, *TERMS) if one in held] == []
    assert [hit.passage.path for hit in project.search("zorbleflux contract") if hit.passage.path == "note.md"] == []
    assert project.search("hours of leave")


def test_what_a_careless_deletion_leaves_is_found(project: Project) -> None:
    """Otherwise the search for residue would prove nothing."""
    raw = project.vault._database.raw()
    raw.execute("PRAGMA secure_delete = OFF")
    raw.execute("DELETE FROM document WHERE path = 'note.md'")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    assert residue(project.vault, PIECES, TERMS)


@pytest.mark.parametrize("overwriting", [True, False], ids=["as it is", "without overwriting"])
def test_no_embedding_is_left_on_any_page(overwriting: bool, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Free pages and the log included; without overwriting they are left, or this would prove nothing."""
    query = select(t.passage.c.vector).join(t.document, t.document.c.id == t.passage.c.document_id)
    with project.vault.reading() as connection:
        vector = connection.execute(query.where(t.document.c.path == "note.md")).scalars().first()
    assert vector is not None
    pieces = [vector[start : start + 32] for start in range(0, len(vector), 256)]
    assert any(piece in page for page in project.vault.pages() for piece in pieces)
    if not overwriting:
        project.vault._database.close()
        monkeypatch.setattr(database, "SECURE_DELETE", "OFF")
        monkeypatch.setattr(Vault, "scrub", lambda _: None)
        monkeypatch.setattr(Vault, "compact", lambda _: None)
    project.erase(["note.md"])
    left = [piece for page in project.vault.pages() for piece in pieces if piece in page]
    assert bool(left) is not overwriting


def test_erased_content_is_not_read_again_unless_asked_for(project: Project) -> None:
    folder = project.folder / "documents"
    project.erase(["note.md"])
    (folder / "copy.md").write_bytes((folder / "note.md").read_bytes())
    for _ in range(2):
        outcomes = {one.path: one for one in project.add([folder])}
        assert {outcomes[name].outcome for name in ("note.md", "copy.md")} == {"set_aside"}
        assert "was erased on" in outcomes["note.md"].reason
    assert {one.path: one.outcome for one in project.add([folder], again=True)}["note.md"] == "added"
    assert {one.path: one.outcome for one in project.add([folder])}["note.md"] == "unchanged"


def test_a_whole_folder_goes_by_the_path_it_was_added_from(project: Project) -> None:
    assert project.erase([str(project.folder / "documents")]).statement["removed"]["documents"] == 13
    with project.vault.reading() as connection:
        for table in (t.document, t.passage, t.finding):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_a_receipt_names_no_path_and_no_text_and_its_signature_holds(project: Project) -> None:
    statement = project.erase(["note.md"]).statement
    shown = json.dumps(statement)
    assert "note" not in shown.replace("nothing", "")
    assert "Quill" not in shown
    assert verify(statement)
    assert not verify({**statement, "by": "somebody else"})
    assert [one.statement for one in receipts(project.vault)] == [statement]


def test_a_name_that_fits_nothing_is_said_and_erases_nothing(project: Project) -> None:
    with pytest.raises(InputError, match=r"No document matches 'nowhere\.md'"):
        project.erase(["nowhere.md"])
    assert len(project.standing()) == 13


@pytest.mark.slow
def test_answers_adapters_releases_and_reports_go_too(finished: Path, small: Small) -> None:
    done("release", "create", "tuned-one", "--arm", "tuned", folder=finished, env=small.env)
    with Vault.open(finished / "vault") as vault, vault.reading() as connection:
        record = next((finished / "vault" / "adapters").glob("*/result.json"))
        trained = json.loads(record.read_text(encoding="utf-8"))["trained"]
        query = select(t.document.c.path).join(t.pair, t.pair.c.document_id == t.document.c.id)
        path = connection.execute(query.where(t.pair.c.id == trained[0])).scalar_one()
    assert foretune("erase", path, folder=finished, env=small.env).returncode == 2  # nobody was asked
    receipt = json.loads(done("erase", path, "--yes", "--json", folder=finished, env=small.env))
    assert receipt["verified"]["pieces_found"] == 0
    assert [one["id"] for one in receipt["adapters"]] == [record.parent.name]
    assert [one["name"] for one in receipt["releases"]] == ["tuned-one"]
    assert receipt["removed"]["bench_runs"] == 1
    assert receipt["removed"]["report_files"] >= 1
    assert not record.parent.exists()
    assert list((finished / "reports").glob("*")) == []
    refused = foretune("release", "promote", "tuned-one", folder=finished, env=small.env)
    assert refused.returncode == 2
    assert "adapter" in refused.stderr
    states = done("status", "--json", folder=finished, env=small.env).splitlines()
    assert {row["stage"]: row["state"] for row in map(json.loads, states)}["report"] != "done"
