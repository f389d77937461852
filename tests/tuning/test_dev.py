"""Early stopping by answers: questions asked while training, in the words the engine would write."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from tests.tuning.test_project import answer
from tests.tuning.test_project import project as project
from tests.tuning.test_train import SETTINGS, encoded
from tests.tuning.tiny import examples, random_model, tiny_model

from foretune.engines import open_engine
from foretune.project import Project
from foretune.project.adapters import adapter_id, dev_questions
from foretune.tuning import train
from foretune.tuning.chat import load_chat_tokenizer
from foretune.tuning.checkpoint import Checkpoint, Position
from foretune.tuning.dev import DevQuestion, answers_of, dev_part
from foretune.tuning.recipes import tune
from foretune.tuning.train import attach_adapter
from foretune.types import Message, Question


def question(number: int, *, kind: str = "free") -> Question:
    return Question(f"q{number}", f"What is {number}?", f"the {number}", kind)


def asked(number: int) -> DevQuestion:
    return DevQuestion(question(number), (Message("user", "What is " + "more " * number + "?"),), 8)


def test_answers_written_together_are_those_the_engine_writes_alone(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    chat = load_chat_tokenizer(base.weights)
    model = attach_adapter(random_model("llama"), SETTINGS)
    questions = [asked(number) for number in (5, 0, 9, 2, 1, 7, 3, 11, 4)]
    with open_engine("llama", model=str(base.weights), context=512) as engine:
        alone = [engine.complete(each.messages, max_tokens=8).text.strip() for each in questions]
    # The random model may stop within a character, of which the engine shows nothing.
    together = [text.rstrip("\ufffd") for text in answers_of(model, questions, chat)]
    assert together == [text.rstrip("\ufffd") for text in alone]
    assert model.training


def test_the_dev_part_is_drawn_by_seed_and_leaves_the_unanswerable_out() -> None:
    questions = [question(n, kind="unanswerable" if n % 5 == 0 else "free") for n in range(50)]
    part = dev_part(questions, 0.25, seed=3)
    assert len(part) == 10
    assert part == dev_part(questions, 0.25, seed=3) != dev_part(questions, 0.25, seed=4)
    assert all(each.kind == "free" for each in part)
    assert [each.id for each in part] == [each.id for each in questions if each in part]
    assert dev_part(questions, 0.0, seed=3) == []


@pytest.mark.parametrize(
    ("right", "losses", "kept", "last"),
    [
        ([0, 2, 3, 1, 1, 0, 0, 0], [9, 8, 7, 7.5, 7.6, 7, 7, 7], 2, 4),  # answers and loss agree
        ([0, 2, 2, 2, 2, 2, 2, 2], [9, 8, 7, 6, 6.5, 6.6, 6, 6], 3, 5),  # as many right: the loss decides
        ([0, 4, 1, 1, 1, 1, 1, 1], [9, 8, 7, 6, 6.5, 6.6, 6, 6], 1, 5),  # the loss falls on, the answers were best at 1
        (
            [0, 0, 0, 0, 0, 1, 0, 0],
            [9, 8, 8.5, 8.6, 8, 8, 8, 8],
            1,
            3,
        ),  # neither gets better: it ends too soon to see 5
    ],
)
def test_training_goes_on_while_answers_or_loss_get_better_and_keeps_the_best_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: list[int], losses: list[float], kept: int, last: int
) -> None:
    told, counts = iter(losses), iter(right)
    monkeypatch.setattr(train, "evaluate", lambda *_: next(told))
    position: Position = train.train(
        attach_adapter(random_model("llama"), SETTINGS),
        encoded(2),
        settings=SETTINGS.model_copy(update={"early_stopping": 2}),
        epochs=7,
        checkpoint=Checkpoint(tmp_path / "c.pt", "x"),
        evaluation=encoded(1),
        ask=lambda _: next(counts),
    )
    assert (position.kept_epoch, position.epoch) == (kept, last)
    assert position.dev_right == right[: last + 1]
    assert "most dev questions were answered after epoch" in position.stopped


def test_the_adapter_remembers_what_it_was_chosen_by(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"learning_rate": 0.05, "epochs": 8})
    base = tiny_model(tmp_path)
    dev = [DevQuestion(question(n), (Message("user", f"What is {n}?"),), 16) for n in range(3)]
    result = tune(examples(), base=base, folder=tmp_path / "a", settings=settings, dev=dev)
    assert result.dev_questions == ("q0", "q1", "q2")
    assert len(result.dev_right) - 1 == result.epochs == len(result.losses) // 5 < 8
    assert max(result.dev_right) == result.dev_right[result.kept_epoch]
    assert tune(examples(), base=base, folder=tmp_path / "a", settings=settings, dev=dev) == result
    other = tune(examples(), base=base, folder=tmp_path / "b", settings=settings)
    assert other.inputs != result.inputs


def test_a_share_of_the_bench_is_asked_where_the_plan_says_so(project: Project) -> None:
    before = adapter_id(project, pilot=False)
    _write_questions(project)
    assert dev_questions(project) == []
    assert adapter_id(project, pilot=False) == before
    tuning = project.config.tuning.model_copy(update={"bench_fraction": 0.5})
    project.config = project.config.model_copy(update={"tuning": tuning})
    assert len(dev_questions(project)) == 3
    assert adapter_id(project, pilot=False) != before
    adapter = project.tune(pilot=False)
    assert len(adapter.metrics["dev_right"]) == 1 + len(adapter.metrics["evaluation_losses"][1:])
    assert set(adapter.metrics["dev_questions"]) < {f"q{n}" for n in range(6)}


def _write_questions(project: Project) -> None:
    rows: list[dict[str, Any]] = [
        {"id": f"q{n}", "question": f"What about {n}?", "answer": answer(n), "kind": "free"} for n in range(6)
    ]
    with (project.folder / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
