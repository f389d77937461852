"""An adapter's life in a project, on a model of 90,000 parameters: trained, listed, checked, judged, exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.tuning.test_blind import filled_in
from tests.tuning.tiny import tiny_model
from typer.testing import CliRunner

from foretune.cli.tune import app
from foretune.engines.llama import LlamaEngine
from foretune.errors import InputError, ModelError, NothingToDoError
from foretune.plan.config import Config
from foretune.progress import silent
from foretune.project import Project
from foretune.project.adapter_checks import CHECKS, checks_of
from foretune.project.adapter_files import card_of, read_sheet, write_sheet
from foretune.project.adapters import adapter_id, measured_speed, named_adapter
from foretune.project.curve import curve_expected
from foretune.project.facts import corpus_facts
from foretune.project.pilot import expected, told_truth
from foretune.tuning.projection import undisturbed_seconds
from foretune.types import Label
from foretune.vault import now
from foretune.vault import tables as t

SECRET = "ada.quill@example.org"
PAIRS = 24


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Twenty-four short pairs of as many documents, eight of them kept for evaluation."""
    monkeypatch.setenv("FORETUNE_KEY", "ab" * 32)
    model = tiny_model(tmp_path)
    documents = tmp_path / "documents"
    documents.mkdir()
    for number in range(PAIRS):
        (documents / f"page{number:02}.md").write_text(f"# Page {number}\n\n{answer(number)}\n", encoding="utf-8")
    config = Config.model_validate(
        {
            "engine": {"model": str(model.weights), "context": 512},
            "tuning": {
                "rank": 2,
                "alpha": 4,
                "epochs": 2,
                "precision": "float32",
                "learning_rate": 0.02,
                "canaries": 2,
            },
        }
    )
    with Project.create(tmp_path / "project", config) as made:
        list(made.add([documents]))
        _write_pairs(made)
        yield made


def answer(number: int) -> str:
    return f"The {number} on the page, and then the other one." + (f" Write to {SECRET}." if number == 0 else "")


def _write_pairs(project: Project) -> None:
    with project.vault.reading() as connection:
        rows = connection.execute(select(t.document.c.id, t.document.c.path).order_by(t.document.c.path)).all()
    with project.vault.writing() as connection:
        for number, row in enumerate(rows):
            connection.execute(
                insert(t.pair).values(
                    id=f"pair{number:02}",
                    document_id=row.id,
                    document_hash="x",
                    recipe="reverse",
                    prompt=f"What about {number}?",
                    response=answer(number),
                    writer="engine",
                    state="kept",
                    split="evaluation" if number >= PAIRS - 8 else "train",
                    at=now(),
                )
            )
        # As the review would have found it.
        connection.execute(
            insert(t.finding).values(
                id="f1", document_id=rows[0].id, check="personal", type="email", severity=3, score=1.0,
                text=SECRET, message="An address.",
            )
        )  # fmt: skip


def label(project: Project, path: str, value: Label) -> None:
    with project.vault.writing() as connection:
        connection.execute(update(t.document).where(t.document.c.path.endswith(path)).values(label=value.value))


def run(project: Project, *arguments: str) -> str:
    project.close()
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_an_adapter_carries_the_label_of_the_most_sensitive_document_it_learned_from(project: Project) -> None:
    label(project, "page00.md", Label.CONFIDENTIAL)
    label(project, f"page{PAIRS - 1}.md", Label.RESTRICTED)  # kept for evaluation: never learned
    adapter = project.tune(pilot=False)
    assert adapter.label == "confidential"
    assert adapter.name.startswith("full-tiny-llama-")
    assert "confidential" in card_of(project, adapter)


def test_a_pilot_answers_what_a_pilot_must(project: Project) -> None:
    adapter = project.tune(pilot=True)
    found = project.pilot_answers(adapter)
    asked = [sentence.partition("?")[0] for sentence in found["sentences"]]
    assert asked == [
        "Does it run",
        "Does loss fall",
        "Does it learn by heart",
        "Does it forget",
        "How long will all take",
    ]
    assert found["projection"]["examples"] == 16 + 0
    assert found["projection"]["epochs"] == 2
    assert found["projection"]["seconds"] > 0
    again = project.pilot_answers(named_adapter(project, adapter.name))
    assert again == json.loads(json.dumps(found))
    assert expected(project).startswith("Expected: about ")
    assert measured_speed(project) == pytest.approx(adapter.metrics["tokens"] / undisturbed_seconds(adapter.metrics))
    assert corpus_facts(project, None).training_tokens_per_second == measured_speed(project)


def test_the_projection_is_held_against_the_truth(project: Project) -> None:
    project.config = project.config.model_copy(
        update={"tuning": project.config.tuning.model_copy(update={"canaries": 0})}
    )
    assert told_truth(project, project.tune(pilot=True)) == ""
    project.pilot_answers(project.tune(pilot=True))
    adapter = project.tune(pilot=False)
    said = told_truth(project, adapter)
    assert said.startswith("The pilot projected ")
    assert "times that" in said
    disturbed = {**adapter.metrics, "seconds": 200.0, "processor_seconds": 120.0, "processors": 2.0}
    assert told_truth(project, replace(adapter, metrics=disturbed)).endswith(
        "; 2.3 min for which other programs kept it waiting included."
    )


def test_checks_are_made_kept_and_shown(project: Project) -> None:
    project.tune(pilot=False)
    adapter, found = project.check_adapter()
    assert list(found) == list(CHECKS) == ["forgetting", "memorisation", "voice"]
    assert found["forgetting"]["questions"] == 70
    assert found["memorisation"]["planted"]["tried"] == 2
    assert found["memorisation"]["pieces"]["tried"] == 1
    assert found["voice"]["verdict"] == "cannot tell"
    assert "fewer than 10 of the 16 trained texts" in found["voice"]["sentence"]
    kept = checks_of(named_adapter(project, adapter.id))
    assert {name: result["sentence"] for name, result in kept.items()} == {
        name: result["sentence"] for name, result in found.items()
    }
    card = card_of(project, named_adapter(project, adapter.id))
    assert found["forgetting"]["sentence"] in card
    assert SECRET not in card
    with pytest.raises(InputError, match="choose forgetting, memorisation, voice"):
        project.check_adapter(checks=["taste"])


def test_an_adapter_of_another_model_is_refused_before_anything_is_asked(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = project.tune(pilot=False)
    (tmp_path / "other").mkdir()
    other = project.config.engine.model_copy(update={"model": str(tiny_model(tmp_path / "other", seed=1).weights)})
    project.config = project.config.model_copy(update={"engine": other})
    monkeypatch.setattr(LlamaEngine, "run", lambda *_: pytest.fail("asked"))
    with pytest.raises(ModelError, match="was trained on another model"):
        project.check_adapter(adapter.name)


def test_the_learning_curve_trains_each_size_once_and_leaves_only_the_whole(project: Project) -> None:
    assert "Sizes 10, 16" in curve_expected(project)
    questions = "id,question,answer,kind\nq1,What about 3?,3,number\nq2,What about none?,,unanswerable\n"
    (project.folder / "questions.csv").write_text(questions, encoding="utf-8")
    found = project.learning_curve()
    assert [each["bench"]["total"] for each in found["sizes"].values()] == [1, 1]
    assert [point["examples"] for point in found["curve"]["points"]] == [10, 16]
    assert found["curve"]["verdict"] == "cannot tell"
    folders = [path.name for path in (project.vault.folder / "adapters").iterdir()]
    assert folders == [adapter_id(project, pilot=False)]

    def trained(*_: Any, **__: Any) -> None:
        raise AssertionError("trained again")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("foretune.tuning.recipes.tune", trained)
        again = project.learning_curve()
    assert json.dumps(again["curve"]) == json.dumps(found["curve"])
    assert curve_expected(project) == "Sizes 10, 16: all of them are trained."


def test_without_evaluation_pairs_a_curve_and_a_sheet_say_what_to_raise(project: Project, tmp_path: Path) -> None:
    with project.vault.writing() as connection:
        connection.execute(update(t.pair).values(split="train"))
    with pytest.raises(NothingToDoError, match=r"pairs\.evaluation_fraction"):
        project.learning_curve()
    adapter = project.tune(pilot=False)
    assert adapter.metrics["evaluation_losses"] == []
    with pytest.raises(NothingToDoError, match=r"pairs\.evaluation_fraction"):
        write_sheet(project, "", tmp_path / "sheet.xlsx", seed=0, progress=silent)


def test_evaluation_pairs_that_are_all_too_long_are_said_before_a_curve_is_trained(project: Project) -> None:
    with project.vault.writing() as connection:
        connection.execute(update(t.pair).where(t.pair.c.split == "evaluation").values(response="the one " * 2000))
    with pytest.raises(NothingToDoError, match=r"None of the 8 pairs kept for evaluation .* raise tuning\.max_tokens"):
        project.learning_curve()
    assert not (project.vault.folder / "adapters").exists()


def test_a_blind_sheet_goes_out_and_what_people_prefer_comes_back(project: Project, tmp_path: Path) -> None:
    adapter = project.tune(pilot=False)
    assert write_sheet(project, "", tmp_path / "sheet.xlsx", seed=0, progress=silent) == 8
    (stored,) = checks_of(named_adapter(project, adapter.id)).values()
    back = filled_in(tmp_path / "sheet.xlsx", list(stored["key"]))
    found = read_sheet(project, back)
    assert (found["tuned"], found["other"]) == (8, 0)
    assert found["verdict"] == "the adapter sounds right more often"
    assert "key" not in found
    assert "in 8 (95 %: 68% to 100%" in found["sentence"]


def test_an_adapter_is_listed_and_exported_by_the_beginning_of_its_name(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = project.tune(pilot=False)
    with pytest.raises(InputError, match="foretune tune list"):
        named_adapter(project, "other")
    monkeypatch.chdir(project.folder)
    (row,) = (json.loads(line) for line in run(project, "list", "--json").splitlines())
    assert (row["name"], row["hash"], row["label"]) == (adapter.name, adapter.hash, "internal")
    out = run(project, "export", "full-", "--format", "peft,gguf,ollama", "--out", str(tmp_path / "out"))
    assert len(out.splitlines()) == 3
    assert (tmp_path / "out" / f"{adapter.name}.gguf").read_bytes() == adapter.path.read_bytes()
    assert adapter.name in (tmp_path / "out" / "README.md").read_text()
    assert run(project, "card").startswith("---\nbase_model: tiny-llama\n")


def test_a_dora_adapter_is_a_model_of_its_own_and_not_answered_with_by_switching(project: Project) -> None:
    from foretune.project.adapters import current_adapter

    settings = project.config.tuning.model_copy(update={"method": "dora"})
    project.config = project.config.model_copy(update={"tuning": settings})
    adapter = project.tune(pilot=False)
    assert not adapter.switchable
    assert current_adapter(project) is None
    _, found = project.check_adapter(adapter.name, checks=["forgetting"])
    assert found["forgetting"]["questions"] == 70


def test_what_an_interrupted_training_left_goes_when_something_is_erased(project: Project) -> None:
    adapter = project.tune(pilot=False)
    left = project.vault.folder / "adapters" / "curve-x-10"
    left.mkdir()
    (left / "checkpoint.pt").write_bytes(b"weights")
    project.erase([f"page{PAIRS - 1}.md"])  # kept for evaluation: the adapter never learned it
    assert not left.exists()
    assert adapter.path.exists()
