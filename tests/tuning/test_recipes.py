"""Which examples are trained on, what is refused, what is told about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file
from tests.tuning.tiny import examples, tiny_model

from foretune.errors import InputError, NothingToDoError
from foretune.plan.config import TuningSettings
from foretune.progress import Step
from foretune.tuning import AdapterResult, Example, pilot, tune
from foretune.tuning.projection import tokens_per_second
from foretune.tuning.recipes import spread
from foretune.tuning.runtime import torch
from foretune.tuning.tokenize import Encoded
from foretune.types import Message

SETTINGS = TuningSettings(rank=2, alpha=4, epochs=1, precision="float32")


def item(name: str) -> Encoded:
    return Encoded(name, (1, 2), (-100, 2))


def test_the_pilot_spreads_its_choice_over_the_documents() -> None:
    items = [item(f"{document}{number}") for document in "abc" for number in range(9)]
    documents = {one.id: one.id[0] for one in items}
    chosen = [one.id for one in spread(items, documents, 10)]
    assert chosen == ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2", "a3"]


def test_with_more_documents_than_places_the_choice_is_even() -> None:
    items = [item(f"d{number:02}") for number in range(40)]
    assert [one.id for one in spread(items, {one.id: one.id for one in items}, 10)] == [
        f"d{number:02}" for number in range(0, 40, 4)
    ]


def test_all_there_are_is_the_choice_where_there_are_too_few() -> None:
    items = [item("a"), item("b")]
    assert spread(items, {"a": "x", "b": "x"}, 10) == items
    assert spread([], {}, 10) == []


def test_the_pilot_trains_on_ten_and_says_which(tmp_path: Path) -> None:
    result = pilot(examples(30), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=SETTINGS)
    assert result.trained == tuple(f"e{number}" for number in range(0, 30, 3))
    assert (result.dropped, result.cut) == ((), ())


def test_the_pilot_shortens_the_shortest_where_too_few_fit_and_says_so(tmp_path: Path) -> None:
    short, longer = examples(7), [long_example(number, 70 + number) for number in range(6)]
    settings = SETTINGS.model_copy(update={"pilot_tokens": 80})
    result = pilot(short + longer[::-1], base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings)
    assert result.trained == (*(f"e{number}" for number in range(7)), "long0", "long1", "long2")
    assert [one.id for one in result.cut] == ["long0", "long1", "long2"]
    assert result.cut[0].reason == "it has 91 tokens, and the pilot reads 80"


def test_tuning_takes_all_that_fit_and_gives_a_reason_for_each_other(tmp_path: Path) -> None:
    silent_one = Example("mute", (Message("user", "Hi"), Message("assistant", " ")))
    settings = SETTINGS.model_copy(update={"max_tokens": 100})
    given = [long_example(1, 200), *examples(12), silent_one]
    result = tune(given, base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings)
    assert result.trained == tuple(f"e{number}" for number in range(12))
    assert [(one.id, one.reason) for one in result.dropped] == [
        ("long1", "it has 221 tokens, and 100 are allowed"),
        ("mute", "its response is empty"),
    ]


@pytest.mark.parametrize("recipe", [tune, pilot])
def test_fewer_than_ten_pairs_are_refused_in_one_sentence(tmp_path: Path, recipe: object) -> None:
    assert callable(recipe)
    with pytest.raises(NothingToDoError) as caught:
        recipe(examples(9), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=SETTINGS)
    assert "10 pairs" in str(caught.value)
    assert "9" in str(caught.value)
    assert str(caught.value).count(". ") == 0
    assert not (tmp_path / "a").exists()


def test_ten_pairs_that_do_not_fit_are_refused_with_the_reason(tmp_path: Path) -> None:
    given = [*examples(9), long_example(1, 200)]
    settings = SETTINGS.model_copy(update={"max_tokens": 100})
    with pytest.raises(NothingToDoError, match=r"only 9 of 10 fit .*221 tokens.*tuning\.max_tokens"):
        tune(given, base=tiny_model(tmp_path), folder=tmp_path / "a", settings=settings)


def test_an_adapter_of_the_same_inputs_is_not_trained_again(tmp_path: Path) -> None:
    base, bars = tiny_model(tmp_path), Bars()
    first = tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS)
    assert tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS, progress=bars) == first
    assert bars.opened == []
    changed = replace(examples()[0], messages=(Message("user", "New?"), Message("assistant", "the new")))
    second = tune([changed, *examples()[1:]], base=base, folder=tmp_path / "a", settings=SETTINGS, progress=bars)
    assert bars.opened == ["loading the model", "tuning"]
    assert second.inputs != first.inputs


def test_a_damaged_adapter_is_trained_again(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    first = tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS)
    data = bytearray(first.path.read_bytes())
    data[-1] ^= 1
    first.path.write_bytes(data)
    assert tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS).hash == first.hash


def test_what_a_kill_in_mid_write_left_is_swept_away(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / ".checkpoint.pt.4711.tmp").write_bytes(b"half")
    (folder / "result.json").write_text('{"inputs": "of an older version"}')
    result = tune(examples(), base=tiny_model(tmp_path), folder=folder, settings=SETTINGS)
    assert sorted(path.name for path in folder.iterdir()) == ["adapter.gguf", "peft", "result.json"]
    assert AdapterResult.from_json((folder / "result.json").read_text(), path=result.path, peft=result.peft) == result


def test_the_folder_holds_the_adapter_for_its_owner_only_and_no_word_of_the_examples(tmp_path: Path) -> None:
    secret = "xyzzyplugh"
    given = [Example("s", (Message("user", secret), Message("assistant", secret))), *examples(9)]
    folder = tmp_path / "a"
    result = tune(given, base=tiny_model(tmp_path), folder=folder, settings=SETTINGS, evaluation=given[:1])
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    assert names == [
        "adapter.gguf",
        "peft",
        "peft/adapter_config.json",
        "peft/adapter_model.safetensors",
        "result.json",
    ]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert result.path.stat().st_mode & 0o777 == 0o600
    assert not any(secret.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert str(tmp_path) not in (result.peft / "adapter_config.json").read_text()


def test_both_forms_hold_the_same_weights(tmp_path: Path) -> None:
    import gguf

    settings = SETTINGS.model_copy(update={"epochs": 5})
    result = tune(examples(), base=tiny_model(tmp_path, "qwen2"), folder=tmp_path / "a", settings=settings)
    peft = load_file(result.peft / "adapter_model.safetensors")
    tensors = {tensor.name: tensor.data for tensor in gguf.GGUFReader(str(result.path)).tensors}
    down = peft["base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"]
    assert down.abs().max() > 0
    assert torch.equal(torch.tensor(tensors["blk.1.ffn_down.weight.lora_b"]), down)
    assert json.loads((result.peft / "adapter_config.json").read_text())["r"] == 2


def test_the_record_survives_a_round_trip(tmp_path: Path) -> None:
    result = pilot(
        [*examples(9), long_example(1, 200)],
        base=tiny_model(tmp_path),
        folder=tmp_path / "a",
        settings=SETTINGS,
        evaluation=examples(12)[10:],
    )
    assert len(result.cut) == 1
    assert len(result.evaluation_losses) == 2
    assert AdapterResult.from_json(result.to_json(), path=result.path, peft=result.peft) == result
    older = {name: value for name, value in json.loads(result.to_json()).items() if not name.startswith("processor")}
    read = AdapterResult.from_json(json.dumps(older), path=result.path, peft=result.peft)
    assert read == replace(result, processor_seconds=0.0, processors=0.0)


def test_a_busy_machine_does_not_spoil_the_speed_that_was_measured() -> None:
    quiet = {"tokens": 1000, "seconds": 50.0, "processor_seconds": 90.0, "processors": 1.8}
    busy = {**quiet, "seconds": 200.0}
    assert tokens_per_second(quiet) == tokens_per_second(busy) == 20.0
    # Nothing was recorded by older versions, nor of a GPU: what the wall clock said is all there is.
    assert tokens_per_second({"tokens": 1000, "seconds": 200.0}) == 5.0
    assert tokens_per_second({**busy, "processor_seconds": 0.0, "processors": 0.0}) == 5.0


def test_a_full_disk_is_noticed_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(InputError, match=r"Tuning needs \d+ MB in .*make room"):
        tune(examples(), base=tiny_model(tmp_path), folder=tmp_path / "a", settings=SETTINGS)


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import sys, foretune.tuning; sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'peft')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_torch_the_message_says_what_to_install() -> None:
    code = "import sys; sys.modules['torch'] = None\nfrom foretune.tuning import tune"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "InputError: Tuning needs the package torch, which is not installed: run `pip install" in process.stderr


def test_torch_is_told_not_to_spin_before_it_is_loaded() -> None:
    code = "import os, foretune.tuning.runtime; print(os.environ['OMP_WAIT_POLICY'])"
    bare = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    process = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True)
    assert process.stdout == "PASSIVE\n"


def long_example(number: int, characters: int) -> Example:
    return Example(f"long{number}", (Message("user", "o"), Message("assistant", "x" * characters)), f"l{number}")


class Bars:
    """A progress that remembers which bars were opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        self.opened.append(name)
        yield self

    def advance(self, items: int = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass
