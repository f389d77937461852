"""Imported conversations are governed like documents and curated like pairs that were written here."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.pairs.conversations import HARD

from foretune.corpus.conversations import conversation_messages, conversation_text
from foretune.engines import Completion, Request
from foretune.errors import InputError
from foretune.governance import DecisionKind, governed
from foretune.pairs import load_framework, stored_pairs, write_pairs
from foretune.pairs.formats import FORMATS, export_format
from foretune.plan.config import Config, PairsSettings
from foretune.project import Project
from foretune.types import Message, Use
from foretune.vault import tables as t

LINES = st.lists(st.sampled_from(["[user]", "\\[system]", "[assistant] x", "", "שלום", "=1", "\r"]), max_size=5)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    (tmp_path / "work").mkdir()
    with Project.create(tmp_path / "work", Config()) as made:
        yield made


def _file(folder: Path, *exchanges: tuple[str, str], name: str = "old.jsonl") -> Path:
    rows = [{"messages": [{"role": "user", "content": a}, {"role": "assistant", "content": b}]} for a, b in exchanges]
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), LINES.map("\n".join)), min_size=1))
def test_a_conversation_is_read_back_from_its_text(turns: list[tuple[str, str]]) -> None:
    messages = tuple(Message(role, content) for role, content in turns)
    assert conversation_messages(conversation_text(messages)) == messages


def test_an_export_comes_back_as_it_went_with_file_hash_and_line(project: Project, tmp_path: Path) -> None:
    export = export_format(HARD, tmp_path, FORMATS["openai"])
    files, summary = project.import_pairs(export.folder)
    assert [(each.rows, each.added, each.set_aside) for each in files] == [(3, 3, ()), (2, 2, ())]
    assert summary.kept == summary.train + summary.evaluation == len(HARD)
    stored = {one.messages: one for one in stored_pairs(project.vault)}
    assert stored.keys() == {one.messages for one in HARD}
    known = stored[HARD[1].messages]
    assert (known.provenance["file"], known.provenance["line"]) == ("train.jsonl", 2)
    assert known.provenance["file_hash"] == sha256((export.folder / "train.jsonl").read_bytes()).hexdigest()


def test_rows_in_are_rows_out_and_rows_set_aside(project: Project, tmp_path: Path) -> None:
    path = _file(tmp_path, ("How much leave?", "24 days."), ("Who pays?", "We do."), ("How much leave?", "24 days."))
    path.write_text(path.read_text() + "{\n")
    [file], _ = project.import_pairs(path)
    assert file.rows == file.added + len(file.set_aside) == 4
    assert [(each.line, each.reason) for each in file.set_aside] == [
        (3, "it says the same as line 1"),
        (4, "it is not JSON"),
    ]
    [again], _ = project.import_pairs(path)
    assert (again.rows, again.added, again.unchanged) == (4, 0, 2)


def test_curation_drops_a_prompt_that_repeats_another(project: Project, tmp_path: Path) -> None:
    ask = "How many days of annual leave does the handbook grant?"
    _, summary = project.import_pairs(_file(tmp_path, (ask, "24 days of leave."), (ask, "Ask the office, please.")))
    assert (summary.kept, summary.dropped) == (1, 1)


def test_a_question_of_the_bench_is_not_learned(project: Project, tmp_path: Path) -> None:
    (project.folder / "questions.csv").write_text(
        "id,question,answer,kind\n1,How many days of annual leave are granted?,24,number\n", encoding="utf-8"
    )
    _, summary = project.import_pairs(
        _file(tmp_path, ("How many days of annual leave are granted?", "24."), ("Who signs the form?", "Your manager."))
    )
    assert list(summary.reasons) == ["asks a question of the bench"]


def test_a_row_that_is_gone_from_the_file_is_gone_from_the_pairs(project: Project, tmp_path: Path) -> None:
    project.import_pairs(_file(tmp_path, ("How much leave?", "24 days."), ("Who pays?", "We do.")))
    [file], _ = project.import_pairs(_file(tmp_path, ("Who pays?", "We do."), ("Who signs?", "Ann.")))
    assert (file.added, file.unchanged, file.removed) == (1, 1, 1)
    assert sorted(one.prompt for one in stored_pairs(project.vault)) == ["Who pays?", "Who signs?"]


def test_an_excluded_row_is_no_pair_wherever_it_stands_in_the_next_file(project: Project, tmp_path: Path) -> None:
    project.import_pairs(_file(tmp_path, ("How much leave?", "24 days."), ("Who pays?", "We do.")))
    [unwanted] = [one.path for one in stored_pairs(project.vault) if one.prompt == "Who pays?"]
    project.decide([unwanted], DecisionKind.EXCLUDE, reason="wrong")
    project.import_pairs(_file(tmp_path, ("New?", "Yes."), ("Who pays?", "We do."), ("How much leave?", "24 days.")))
    assert sorted(one.prompt for one in stored_pairs(project.vault)) == ["How much leave?", "New?"]


def test_conversations_are_learned_from_and_never_answered_from(project: Project, tmp_path: Path) -> None:
    project.import_pairs(_file(tmp_path, ("How much leave?", "24 days.")))
    settings = project.config.governance
    assert len(list(governed(project.vault, settings, use=Use.TUNING))) == 1
    assert list(governed(project.vault, settings, use=Use.RETRIEVAL)) == []


def test_an_erased_file_takes_its_pairs_and_exports_along(project: Project, tmp_path: Path) -> None:
    path = _file(tmp_path, ("How much leave?", "24 zorbleflux days."))
    project.import_pairs(path)
    export_format(stored_pairs(project.vault), project.folder / "reports", FORMATS["openai"])
    assert project.erase([str(path)]).clean
    assert stored_pairs(project.vault) == []
    assert not [file for file in (project.folder / "reports").rglob("*") if file.is_file()]
    [again], _ = project.import_pairs(path)
    assert [each.reason[:17] for each in again.set_aside] == ["it was erased on "]


def test_an_imported_file_is_not_read_as_a_document_too(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    path = _file(folder, ("How much leave?", "24 days."))
    (folder / "page.md").write_text("# Leave\n\nTwenty-four days a year.\n", encoding="utf-8")
    project.import_pairs(path)
    assert [each.path for each in project.add([folder])] == ["page.md"]
    assert [one.prompt for one in stored_pairs(project.vault)] == ["How much leave?"]
    with pytest.raises(InputError, match="was taken in as pairs: bring it up to date with `foretune pairs import`"):
        list(project.add([path]))


def test_what_is_redacted_in_the_conversation_is_redacted_in_the_pair(tmp_path: Path) -> None:
    config = Config.model_validate(
        {"governance": {"rules": [{"check": "personal", "type": "email", "action": "redact"}]}}
    )
    (tmp_path / "work").mkdir()
    with Project.create(tmp_path / "work", config) as project:
        project.import_pairs(_file(tmp_path, ("Who signs?", "Write to jane.doe@hr.agency.gov, she signs.")))
        [one] = stored_pairs(project.vault)
    assert "jane.doe" not in one.response
    assert one.response.startswith("Write to [")


def test_a_file_without_one_good_row_changes_nothing(project: Project, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"messages": []}\n')
    with pytest.raises(
        InputError, match=r"None of the 1 rows of .*bad\.jsonl can be learned from: line 1: 'messages' is"
    ):
        project.import_pairs(tmp_path / "bad.jsonl")
    with project.vault.reading() as connection:
        assert connection.execute(select(t.source.c.id)).all() == []


def test_a_file_that_was_moved_is_another_file(project: Project, tmp_path: Path) -> None:
    """Else one file called train.jsonl would take the place of the other."""
    path = _file(tmp_path, ("How much leave?", "24 days."), name="train.jsonl")
    (tmp_path / "other").mkdir()
    shutil.copy(path, tmp_path / "other" / "train.jsonl")
    project.import_pairs(path)
    [file], summary = project.import_pairs(tmp_path / "other" / "train.jsonl")
    assert (file.added, summary.dropped) == (1, 1)


class Engine:
    """Writes one prompt, and would fail at a second."""

    def __init__(self) -> None:
        self.says = ['{"prompt": "How many vacation days can be carried into January?"}']

    def info(self) -> SimpleNamespace:
        return SimpleNamespace(name="scripted", hash="0")

    def complete_many(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        for position, _ in enumerate(requests):
            yield position, Completion(self.says.pop(), 1, 1, 0.0)


def test_written_and_imported_pairs_stay_beside_each_other_and_no_engine_is_asked_for_the_latter(
    project: Project, tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    page = "# Vacation\n\nAt most ten vacation days can be carried over into January, and none into February.\n"
    (folder / "page.md").write_text(page, encoding="utf-8")
    list(project.add([folder]))
    exchange = ("Who approves travel?", "Your manager approves it.")
    project.import_pairs(_file(tmp_path, exchange))
    for _ in range(2):
        write_pairs(
            project.vault,
            governed(project.vault, project.config.governance, use=Use.TUNING),
            Engine(),  # type: ignore[arg-type]
            load_framework("race", folder=tmp_path),
            PairsSettings(min_characters=20),
            story=project.config.story,
            style_name="question",
            bench_questions=[],
        )
        assert {one.recipe: one.prompt for one in stored_pairs(project.vault)} == {
            "document": "How many vacation days can be carried into January?",
            "imported": exchange[0],
        }
        project.import_pairs(_file(tmp_path, exchange))
