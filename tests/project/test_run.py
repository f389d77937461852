"""`foretune run` does what is stale and nothing else, and ends in the same state whatever happens on the way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select
from tests.project.plaintext import assert_no_plaintext
from tests.project.small import COMMAND, QUESTIONS, Small, done, dump, foretune, settings, write_questions

from foretune.embedding import Embedder
from foretune.errors import NothingToDoError
from foretune.governance import DecisionKind
from foretune.pairs import stored_pairs
from foretune.project import Project
from foretune.vault import Vault
from foretune.vault import tables as t

pytestmark = pytest.mark.slow


class CountingEmbedder:
    """The real one; remembers how many texts it was given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.texts: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        return self._embedder.embed(texts)


def stage_times(folder: Path) -> dict[str, str]:
    with Vault.open(folder / "vault") as vault, vault.reading() as connection:
        return {row.name: row.at for row in connection.execute(select(t.stage.c.name, t.stage.c.at))}


def stages(output: str) -> dict[str, tuple[str, str]]:
    rows = [json.loads(line) for line in output.splitlines()]
    return {row["stage"]: (row["state"], row["why"]) for row in rows}


def test_a_first_run_does_every_stage(finished: Path) -> None:
    assert set(stage_times(finished)) == {"review", "index", "pairs", "tune", "bench", "report"}
    assert {state for state, _ in stages(done("status", "--json", folder=finished)).values()} == {"done"}
    assert (finished / "reports" / "report.html").stat().st_size > 10_000


def test_a_second_run_does_nothing_and_starts_no_model(finished: Path) -> None:
    before = stage_times(finished)
    with Vault.open(finished / "vault") as vault:
        state = dump(vault)
    started = os.times()
    rows = stages(done("run", "--json", folder=finished))
    spent = os.times().children_user - started.children_user
    assert set(rows.values()) == {("done", "")}
    assert stage_times(finished) == before
    with Vault.open(finished / "vault") as vault:
        assert dump(vault) == state
    # Processor time, because the machine may be busy; 2 s is the promise.
    assert spent < 2


def test_an_adapter_older_than_documents_stay_the_same_is_stale_and_what_follows_is_not(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretune.project.stages.now", lambda: "2999-01-01T00:00:00.000+00:00")
    with Project.open(finished) as project:
        found = {each.name: each for each in project.status()}
    assert found["tune"].state == "stale"
    assert "the plan says that documents change monthly" in found["tune"].why
    assert {found[name].state for name in ("pairs", "index", "bench")} == {"done"}


def test_a_report_that_was_deleted_is_written_again_and_nothing_else(finished: Path) -> None:
    before = stage_times(finished)
    (finished / "reports" / "report.html").unlink()
    assert stages(done("status", "--json", folder=finished))["report"] == ("stale", "its file is gone")
    rows = stages(done("run", "--json", folder=finished))
    assert [name for name, (_, why) in rows.items() if why] == ["report"]
    after = stage_times(finished)
    assert [name for name in after if after[name] != before[name]] == ["report"]


def test_one_changed_document_is_embedded_and_asked_about_alone(finished: Path) -> None:
    page = finished / "documents" / "paid-parental-leave.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nAsk early.\n", encoding="utf-8")
    with Project.open(finished) as project:
        ids_before = {pair.id: pair.path for pair in stored_pairs(project.vault)}
        assert {one.path for one in project.add([finished / "documents"]) if one.outcome == "changed"} == {page.name}
        states = {state.name: (state.state, state.why) for state in project.status()}
        assert states["review"] == ("stale", "its inputs changed")
        assert states["index"] == ("stale", "follows review")
        assert states["bench"] == ("stale", "follows index and tune")
        counting = CountingEmbedder(project.embedder)
        project.__dict__["embedder"] = counting
        summary = project.index()
        assert (summary.indexed, summary.unchanged) == (1, 13)
        assert summary.embedded == 1
        *sentences, passage = counting.texts
        assert all(sentence in passage for sentence in sentences)
        pairs = project.write_pairs()
        assert pairs.written == 1
        ids_after = {pair.id: pair.path for pair in stored_pairs(project.vault)}
    assert {path for _, path in ids_before.items() ^ ids_after.items()} == {page.name}


def test_a_removed_document_leaves_nothing_behind(finished: Path) -> None:
    gone = "paid-parental-leave.md"
    (finished / "documents" / gone).unlink()
    with Project.open(finished) as project:
        outcomes = {one.path: one.outcome for one in project.add([finished / "documents"])}
        assert outcomes[gone] == "removed"
        project.index()
        project.write_pairs()
        state = dump(project.vault)
        assert gone not in {hit.passage.path for hit in project.search("paid parental leave", k=50)}
    for table in ("document", "finding", "passage", "pair"):
        assert "paid-parental-leave" not in repr(state[table]), table


def test_an_exclusion_holds_at_once_and_can_be_taken_back(finished: Path) -> None:
    name = "paid-parental-leave.md"
    with Vault.open(finished / "vault") as vault:
        before = dump(vault)
    with Project.open(finished) as project:
        assert name in {hit.passage.path for hit in project.search("paid parental leave", k=50)}
        project.decide([name], DecisionKind.EXCLUDE, reason="outdated")
        assert name not in {hit.passage.path for hit in project.search("paid parental leave", k=50)}
        assert name not in {pair.path for pair in stored_pairs(project.vault)}
        assert {state.name: state.state for state in project.status()}["index"] == "stale"
        project.decide([name], DecisionKind.INCLUDE, reason="it is not")
        project.index()
        project.write_pairs()
        after = dump(project.vault)
    assert after["passage"] == before["passage"]
    assert after["pair"] == before["pair"]


def test_a_change_taken_back_brings_back_adapter_and_answers_without_work(finished: Path) -> None:
    page = finished / "documents" / "paid-parental-leave.md"
    original = page.read_text(encoding="utf-8")
    with Vault.open(finished / "vault") as vault:
        before = dump(vault)
    page.write_text(original + "\nAsk early, and in writing.\n", encoding="utf-8")
    done("add", "documents", folder=finished)
    done("pairs", folder=finished)
    page.write_text(original, encoding="utf-8")
    done("add", "documents", folder=finished)
    done("run", folder=finished)
    with Vault.open(finished / "vault") as vault:
        after = dump(vault)
    for table in ("pair", "adapter", "bench_answer", "passage"):
        assert after[table] == [{**row, "mtime_ns": 0} if "mtime_ns" in row else row for row in before[table]], table


def test_a_question_added_to_the_bench_leaves_index_and_adapter_alone(finished: Path) -> None:
    before = stage_times(finished)
    write_questions(finished / "questions.csv", (*QUESTIONS, "dev-38"))
    rows = stages(done("run", "--json", folder=finished))
    after = stage_times(finished)
    # The review looks whether the documents can answer the bench's questions, so it is done again.
    assert {name for name in after if after[name] == before[name]} >= {"index", "tune"}
    assert rows["bench"] == rows["report"] == ("done", "just now")


def test_with_everything_excluded_there_is_nothing_to_index(added: Path) -> None:
    done("review", "exclude", "**/*.md", "--reason", "not ours", folder=added)
    for verb in (["index"], ["run"]):
        result = foretune(*verb, folder=added)
        assert result.returncode == 2
        assert [line for line in result.stderr.splitlines() if line.startswith("foretune: ")] == [
            "foretune: There is nothing to index: every document is excluded or waiting; see `foretune review`, "
            "and include some with `foretune review include PATH --reason …`."
        ]
        assert "Traceback" not in result.stderr
    with Vault.open(added / "vault") as vault:
        assert dump(vault)["passage"] == []


def test_pairs_of_documents_that_were_excluded_go(finished: Path) -> None:
    done("review", "exclude", "**/*.md", "--reason", "not ours", folder=finished)
    result = foretune("pairs", folder=finished)
    assert result.returncode == 2
    assert "There is nothing to write pairs from" in result.stderr
    with Vault.open(finished / "vault") as vault:
        assert dump(vault)["pair"] == []


def test_too_few_pairs_stop_tune_and_are_the_reason_why_run_skips_it(tmp_path: Path, added: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    for name in ("paid-parental-leave.md", "parental-bereavement-leave.md"):
        (documents / name).write_bytes((added / "documents" / name).read_bytes())
    done("new", "--yes", *settings(), folder=tmp_path)
    done("add", "documents", folder=tmp_path)
    rows = stages(done("run", "--json", folder=tmp_path))
    assert rows["tune"][0] == "skipped"
    assert rows["tune"][1] == "there is 1 pair to learn from and tuning needs at least 10"
    assert rows["bench"] == ("skipped", "there are no bench questions at questions.csv: write some to compare the arms")
    assert rows["report"] == ("done", "just now")
    result = foretune("tune", folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "foretune: There is 1 pair to learn from and tuning needs at least 10: add documents, or include more of "
        "them, and run `foretune pairs`."
    ]


def test_an_empty_project_says_how_to_fill_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORETUNE_KEY", "cd" * 32)
    from foretune.plan.config import Config

    with Project.create(tmp_path, Config()) as project:
        for verb in (project.run, project.index, project.write_pairs):
            with pytest.raises(NothingToDoError, match="foretune add PATH"):
                verb()


def test_work_done_while_the_questions_changed_is_stale_again(finished: Path) -> None:
    """Inputs are taken before the work: what changes meanwhile was not worked on."""
    write_questions(finished / "questions.csv", ("dev-04",))
    with Project.open(finished) as project:
        original = project.questions

        def read_then_changed() -> object:
            questions = original()
            if project.vault.stage("bench") is not None and len(calls := calls_seen) == 1:
                write_questions(finished / "questions.csv", ("dev-04", "dev-35"))
            calls.append(1)
            return questions

        calls_seen: list[int] = []
        project.__dict__["questions"] = read_then_changed
        from foretune.progress import silent
        from foretune.project.stages import run_stale

        assert run_stale(project, "bench", silent)
        del project.__dict__["questions"]
        assert {state.name: state.state for state in project.status()}["bench"] == "stale"


# -- interrupted ------------------------------------------------------------------------------------


def start(small: Small) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "run"],
        cwd=small.folder,
        env=small.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_killed_or_stopped_at_any_point_a_run_ends_as_an_undisturbed_one(small: Small) -> None:
    folder = small.put_back(small.finished)
    with Vault.open(folder / "vault") as vault:
        expected = dump(vault)
    small.put_back(small.added)
    chance = random.Random(20)
    survived = 0
    for number in range(4):
        child = start(small)
        try:
            child.wait(chance.uniform(0.05, 0.55) * small.seconds)
            survived += 1
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGINT if number == 2 else signal.SIGKILL)
            child.wait()
            assert_no_plaintext(small)
        assert child.stderr is not None
        child.stderr.close()
    assert survived < 4, "no run was killed"
    done("run", folder=folder)
    with Vault.open(folder / "vault") as vault:
        found = dump(vault)
    for table, rows in expected.items():
        assert found[table] == rows, table
    assert set(stages(done("run", "--json", folder=folder)).values()) == {("done", "")}


def test_ctrl_c_says_one_sentence_and_the_next_run_goes_on(added: Path, small: Small) -> None:
    child = start(small)
    assert child.stderr is not None
    lines = iter(child.stderr)
    seen = [next(lines)]
    while not seen[-1].startswith("indexing"):
        seen.append(next(lines))
    time.sleep(0.05 * small.seconds)  # into the pairs, where the engine is at work
    os.killpg(child.pid, signal.SIGINT)
    rest = list(lines)
    assert child.wait() == 130
    assert [line for line in rest if line.startswith("foretune: ")] == [
        "foretune: Stopped. What was reported as done is kept; run the command again to go on.\n"
    ]
    assert "Traceback" not in "".join(rest)
    rows = stages(done("status", "--json", folder=added))
    assert rows["index"] == ("done", "")
    assert rows["pairs"] == ("new", "never run")


def test_a_review_by_hand_is_a_stage_that_is_done(added: Path) -> None:
    with Project.open(added) as project:
        project.review()
        assert {state.name: state.state for state in project.status()}["review"] == "done"
