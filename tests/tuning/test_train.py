"""The loop: what it computes, that it repeats itself, and that no interruption shows in the result."""

from __future__ import annotations

import math
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from tests.tuning.tiny import examples, random_model, tiny_model

from foretune.errors import InputError
from foretune.plan.config import TuningSettings
from foretune.progress import Progress, Step, silent
from foretune.tuning import AdapterResult, train
from foretune.tuning.checkpoint import Checkpoint
from foretune.tuning.recipes import tune
from foretune.tuning.runtime import torch
from foretune.tuning.so_far import adapter_so_far
from foretune.tuning.tokenize import IGNORED, Encoded
from foretune.tuning.train import attach_adapter, evaluate, labelled_loss

SETTINGS = TuningSettings(rank=4, alpha=8, epochs=3, precision="float32", learning_rate=0.01)


def encoded(count: int, *, length: int = 12, seed: int = 0) -> list[Encoded]:
    """Random tokens; the second half is learnt. Lengths differ by their number."""
    dice = torch.Generator().manual_seed(seed)
    rows = [torch.randint(0, 250, (length + i,), generator=dice).tolist() for i in range(count)]
    return [
        Encoded(f"r{i}", tuple(row), tuple([IGNORED] * (len(row) // 2) + row[len(row) // 2 :]))
        for i, row in enumerate(rows)
    ]


def plain_loss(model: Any, item: Encoded) -> float:
    """The textbook: all logits, shifted labels, one example, no padding."""
    logits = model(torch.tensor([item.ids])).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor(item.labels[1:]), reduction="sum").item()


@pytest.fixture
def model() -> Any:
    made = attach_adapter(random_model("llama"), SETTINGS)
    with torch.no_grad():  # B starts at zero, with which the adapter would do nothing
        for name, value in made.named_parameters():
            if "lora_B" in name:
                value.normal_(std=0.1, generator=torch.Generator().manual_seed(3))
    return made


def test_the_loss_of_a_batch_is_that_of_its_examples_each_alone(model: Any) -> None:
    batch = encoded(5)
    assert labelled_loss(model, batch).item() == pytest.approx(sum(plain_loss(model, item) for item in batch), rel=1e-5)


def gradients(model: Any, batches: list[list[Encoded]]) -> list[torch.Tensor]:
    model.zero_grad()
    for batch in batches:
        labelled_loss(model, batch).backward()  # type: ignore[no-untyped-call]
    return [value.grad.clone() for value in model.parameters() if value.grad is not None]


@pytest.mark.parametrize("shared", [7, 8, 15])
def test_a_common_beginning_read_once_gives_the_loss_and_gradients_of_reading_it_each_time(
    model: Any, shared: int
) -> None:
    opening = tuple(range(5, 5 + shared))
    batch = [Encoded(e.id, opening + e.ids, (IGNORED,) * shared + e.labels) for e in encoded(4)]
    assert labelled_loss(model, batch).item() == pytest.approx(sum(plain_loss(model, item) for item in batch), rel=1e-5)
    for together, alone in zip(gradients(model, [batch]), gradients(model, [[e] for e in batch]), strict=True):
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_the_token_before_the_first_learnt_one_is_never_shared(model: Any) -> None:
    ids = tuple(range(20, 34))
    batch = [Encoded(str(last), (*ids, last), (IGNORED,) * 14 + (last,)) for last in (7, 8)]
    assert labelled_loss(model, batch).item() == pytest.approx(sum(plain_loss(model, item) for item in batch), rel=1e-5)


def test_the_hours_allowed_end_training_at_a_learning_rate_near_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr(
        "foretune.tuning.train.time.monotonic", lambda: float(next(clock))
    )  # every look at it takes a second
    rates: list[float] = []
    take_step = torch.optim.AdamW.step

    def watched(optimizer: Any) -> None:
        rates.append(optimizer.param_groups[0]["lr"])
        take_step(optimizer)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    settings = SETTINGS.model_copy(update={"max_hours": 40 / 3600, "warmup_fraction": 0.0})
    model = attach_adapter(random_model("llama"), settings)
    place = Checkpoint(tmp_path / "c.pt", "x")
    position = train.train(model, encoded(4), settings=settings, epochs=1000, checkpoint=place)
    assert position.seconds == 40
    assert len(rates) == 40
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == SETTINGS.learning_rate
    assert rates[-1] < 0.05 * rates[0]


def test_evaluation_is_the_mean_over_learnt_tokens_and_leaves_training_mode_on(model: Any) -> None:
    items = encoded(5)
    learnt = sum(label != IGNORED for item in items for label in item.labels)
    expected = sum(plain_loss(model, item) for item in items) / learnt
    model.train()
    assert evaluate(model, items, 2) == pytest.approx(expected, rel=1e-5)
    assert model.training


def test_accumulated_batches_make_the_step_of_one_large_batch(tmp_path: Path) -> None:
    def losses(batch_size: int, accumulation: int) -> list[float]:
        settings = SETTINGS.model_copy(update={"batch_size": batch_size, "gradient_accumulation": accumulation})
        model = attach_adapter(random_model("llama"), settings)
        place = Checkpoint(tmp_path / f"{batch_size}.pt", "x")
        return train.train(model, encoded(4), settings=settings, epochs=4, checkpoint=place).losses

    together = losses(4, 1)
    assert len(together) == 4
    assert losses(2, 2) == pytest.approx(together, rel=1e-4)
    assert losses(1, 4) == pytest.approx(together, rel=1e-4)


def test_only_the_adapter_learns_and_it_does_learn(tmp_path: Path) -> None:
    base = random_model("llama")
    before = {name: value.clone() for name, value in base.state_dict().items()}
    model = attach_adapter(base, SETTINGS)
    items = encoded(4)
    position = train.train(model, items, settings=SETTINGS, epochs=60, checkpoint=Checkpoint(tmp_path / "c.pt", "x"))
    assert position.losses[-1] < 0.3 * position.losses[0]
    with model.disable_adapter():
        after = {name.replace(".base_layer", ""): value for name, value in model.get_base_model().state_dict().items()}
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_what_is_booked_adds_up(tmp_path: Path) -> None:
    items = encoded(5)
    model = attach_adapter(random_model("llama"), SETTINGS)
    place = Checkpoint(tmp_path / "c.pt", "x")
    position = train.train(model, items, settings=SETTINGS, epochs=3, checkpoint=place, evaluation=encoded(2, seed=9))
    assert len(position.losses) == 3 * 3  # five examples in batches of two
    assert len(position.evaluation_losses) == 1 + 3
    assert position.tokens == 3 * sum(len(item.ids) for item in items)
    assert position.seconds > 0
    assert len(position.processors) == len(position.losses)
    assert 0 < position.processor_seconds <= position.seconds * max(position.processors)
    assert all(math.isfinite(loss) for loss in position.losses)


def test_the_same_seed_gives_the_same_losses_and_bytes_another_seed_others(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    first, second, third = (
        tune(examples(), base=base, folder=tmp_path / name, settings=SETTINGS.model_copy(update={"seed": seed}))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first.losses == second.losses != third.losses
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.hash == second.hash != third.hash


def test_a_diverging_loss_is_reported_and_leaves_no_adapter(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"learning_rate": 1e30, "epochs": 20})
    with pytest.raises(InputError, match=r"diverged at step \d+: set tuning.learning_rate"):
        tune(examples(), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings)
    assert not (tmp_path / "a" / "adapter.gguf").exists()


class Stop(Progress):
    """Calls ``end`` when ``after`` training steps are done."""

    def __init__(self, after: int, end: Any) -> None:
        self.left, self.end = after, end

    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        with silent.step(name, total=total, unit=unit) as inner:
            yield self if name == "tuning" else inner

    def advance(self, items: int = 1) -> None:
        self.left -= items
        if self.left == 0:
            self.end()

    def note(self, text: str) -> None:
        pass


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("seconds", [0.0, 300.0], ids=["saved at every step", "saved at every epoch"])
def test_ctrl_c_at_any_step_and_resuming_gives_the_same_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, dropout: float
) -> None:
    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", seconds)
    base, settings = tiny_model(tmp_path), SETTINGS.model_copy(update={"dropout": dropout})
    held_out = examples(13)[10:]

    def make(name: str, progress: Progress = silent) -> AdapterResult:
        return tune(
            examples(), base=base, folder=tmp_path / name, settings=settings, evaluation=held_out, progress=progress
        )

    undisturbed = make("undisturbed")
    assert len(undisturbed.losses) == 15
    for steps in (1, 4, 5, 6, 10, 14, 15):
        with pytest.raises(KeyboardInterrupt):
            make(f"after {steps}", Stop(steps, interrupt))
        assert not (tmp_path / f"after {steps}" / "adapter.gguf").exists()
        resumed = make(f"after {steps}")
        assert resumed.losses == undisturbed.losses
        assert resumed.evaluation_losses == undisturbed.evaluation_losses
        assert resumed.tokens == undisturbed.tokens
        assert resumed.hash == undisturbed.hash


KILLED = """
import os, signal
from pathlib import Path
from tests.tuning.test_train import SETTINGS, Stop
from tests.tuning.tiny import examples, tiny_model
from foretune.tuning.recipes import tune

folder = Path({folder!r})
progress = Stop(7, lambda: os.kill(os.getpid(), signal.SIGKILL))
tune(examples(), base=tiny_model(folder), folder=folder / "killed", settings=SETTINGS, progress=progress)
"""


def test_a_killed_process_leaves_what_another_one_completes(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", KILLED.format(folder=str(tmp_path))], env=os.environ, capture_output=True, text=True
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    # Five steps make an epoch: the kill came two steps after the only checkpoint.
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == ["checkpoint.pt"]
    base = tiny_model(tmp_path)
    resumed = tune(examples(), base=base, folder=tmp_path / "killed", settings=SETTINGS)
    undisturbed = tune(examples(), base=base, folder=tmp_path / "whole", settings=SETTINGS)
    assert resumed.hash == undisturbed.hash
    assert resumed.losses == undisturbed.losses
    weights, expected = (load_file(result.peft / "adapter_model.safetensors") for result in (resumed, undisturbed))
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_the_adapter_of_a_training_under_way_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tiny_model(tmp_path)
    assert adapter_so_far(tmp_path / "a" / "checkpoint.pt", tmp_path / "b", base=base, settings=SETTINGS) is None
    monkeypatch.setattr(Checkpoint, "remove", lambda _: None)  # the last one holds the weights of the end
    result = tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS)
    so_far = adapter_so_far(tmp_path / "a" / "checkpoint.pt", tmp_path / "b.gguf", base=base, settings=SETTINGS)
    assert so_far is not None
    assert so_far.path.read_bytes() == result.path.read_bytes()
    assert (so_far.steps, so_far.tokens) == (len(result.losses), result.tokens)


def test_a_damaged_checkpoint_costs_a_new_start_and_nothing_else(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    undisturbed = tune(examples(), base=base, folder=tmp_path / "whole", settings=SETTINGS)
    for name, damage in (("cut", lambda data: data[: len(data) // 2]), ("empty", lambda data: b"")):
        with pytest.raises(KeyboardInterrupt):
            tune(examples(), base=base, folder=tmp_path / name, settings=SETTINGS, progress=Stop(7, interrupt))
        checkpoint = tmp_path / name / "checkpoint.pt"
        checkpoint.write_bytes(damage(checkpoint.read_bytes()))
        assert tune(examples(), base=base, folder=tmp_path / name, settings=SETTINGS).hash == undisturbed.hash


def test_a_checkpoint_of_other_inputs_is_not_resumed(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    other = SETTINGS.model_copy(update={"seed": 5})
    with pytest.raises(KeyboardInterrupt):
        tune(examples(), base=base, folder=tmp_path / "a", settings=other, progress=Stop(7, interrupt))
    fresh = tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS)
    assert fresh.hash == tune(examples(), base=base, folder=tmp_path / "b", settings=SETTINGS).hash


@pytest.mark.slow
def test_each_step_is_the_one_trl_takes(tmp_path: Path) -> None:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    items = encoded(4)
    settings = SETTINGS.model_copy(update={"batch_size": 4, "warmup_fraction": 0.0})
    ours = train.train(
        attach_adapter(random_model("llama"), settings),
        items,
        settings=settings,
        epochs=6,
        checkpoint=Checkpoint(tmp_path / "c.pt", "x"),
    )
    trainer = SFTTrainer(
        model=attach_adapter(random_model("llama"), settings),
        args=SFTConfig(
            output_dir=str(tmp_path / "trl"),
            num_train_epochs=6,
            per_device_train_batch_size=4,
            learning_rate=settings.learning_rate,
            lr_scheduler_type="linear",
            logging_steps=1,
            bf16=False,
            use_cpu=True,
            gradient_checkpointing=False,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list([{"input_ids": item.ids, "labels": item.labels} for item in items]),
        processing_class=_tokenizer(tmp_path),
    )
    trainer.train()
    theirs = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(theirs) == 6
    assert ours.losses == pytest.approx(theirs, rel=1e-3)


def _tokenizer(folder: Path) -> Any:
    from transformers import PreTrainedTokenizerFast

    from foretune.tuning.chat import load_chat_tokenizer

    chat = load_chat_tokenizer(tiny_model(folder).weights)
    return PreTrainedTokenizerFast(tokenizer_object=chat.backend, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def test_training_stops_where_evaluation_no_longer_falls_and_keeps_the_best(tmp_path: Path) -> None:
    base, held_out = tiny_model(tmp_path), examples(14)[10:]
    settings = SETTINGS.model_copy(update={"learning_rate": 0.05, "epochs": 30, "early_stopping": 2})
    stopped = tune(examples(), base=base, folder=tmp_path / "a", settings=settings, evaluation=held_out)
    after = stopped.evaluation_losses[1:]
    best = after.index(min(after)) + 1
    assert stopped.kept_epoch == best < len(after) == best + 2 < 30
    assert f"lowest after epoch {best}" in stopped.stopped
    # An epoch's weights do not depend on those that follow, but the schedule depends on how many there are.
    assert after[best - 1] == pytest.approx(measured(base, stopped, held_out), rel=1e-3)


def measured(base: Any, result: AdapterResult, held_out: Any) -> float:
    """Evaluation loss of the exported weights, by the road of the learning curve."""
    from foretune.tuning.curve import document_losses

    losses = document_losses(result, held_out, base=base, settings=SETTINGS)
    return sum(each.nats for each in losses) / sum(each.tokens for each in losses)


def test_without_patience_the_last_epoch_is_kept(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"learning_rate": 0.05, "epochs": 6, "early_stopping": 0})
    result = tune(
        examples(), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings, evaluation=examples(14)[10:]
    )
    assert (result.kept_epoch, result.stopped, len(result.evaluation_losses)) == (6, "", 7)


def test_a_loss_that_is_no_number_ends_with_the_last_good_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tiny_model(tmp_path)
    good = tune(examples(), base=base, folder=tmp_path / "good", settings=SETTINGS.model_copy(update={"epochs": 3}))
    take, steps = train._take_step, []

    def take_twelve(*given: Any) -> None:
        steps.append(1)
        if len(steps) > 12:  # in the third epoch of five steps
            raise train._DivergedError
        take(*given)

    monkeypatch.setattr(train, "_take_step", take_twelve)
    result = tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS)
    assert result.kept_epoch == 2
    assert "no longer a number at step 13" in result.stopped
    assert result.losses == good.losses[:12]
    assert result.hash != good.hash


class TooLarge:
    def __call__(self, *_: Any) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory")


def test_out_of_memory_names_the_setting_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from foretune.tuning.memory import OutOfMemoryError, smaller

    monkeypatch.setattr(train, "_take_step", TooLarge())
    settings = SETTINGS.model_copy(update={"batch_size": 4})
    with pytest.raises(OutOfMemoryError, match=r"tuning.batch_size = 2 and tuning.gradient_accumulation = 2") as caught:
        tune(examples(), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings)
    assert str(caught.value).count(". ") == 0
    assert pickle.loads(pickle.dumps(caught.value)).smaller == caught.value.smaller
    while lower := smaller(settings):
        settings = settings.model_copy(update=lower)
    assert (settings.batch_size, settings.gradient_accumulation, settings.max_tokens) == (1, 4, 128)


def test_other_errors_of_torch_are_not_taken_for_a_lack_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(train, "_take_step", broken)
    with pytest.raises(RuntimeError, match="mat1"):
        tune(examples(), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=SETTINGS)


def test_replayed_examples_are_trained_along_but_make_no_ten(tmp_path: Path) -> None:
    from dataclasses import replace

    from foretune.errors import NothingToDoError

    base = tiny_model(tmp_path)
    replayed = [replace(example, id=f"r{n}", replay=True) for n, example in enumerate(examples(16)[10:])]
    result = tune([*examples(), *replayed], base=base, folder=tmp_path / "a", settings=SETTINGS)
    assert (len(result.trained), result.replayed) == (16, 6)
    with pytest.raises(NothingToDoError, match="there are 9 to train on"):
        tune([*examples(9), *replayed], base=base, folder=tmp_path / "b", settings=SETTINGS)


def test_canaries_are_trained_along_and_are_nobodys_pairs(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"canaries": 3, "epochs": 1})
    result = tune(examples(), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings)
    assert result.canaries == 3
    assert result.trained == tuple(example.id for example in examples())
