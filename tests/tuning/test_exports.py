"""Adapters for other programs: each form is complete, loads there, and says what it is."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from tests.tuning.test_merge import SETTINGS, logits, with_peft
from tests.tuning.tiny import examples, tiny_model

from foretune.engines import open_engine
from foretune.errors import InputError, ModelError
from foretune.models import ModelFiles, locate
from foretune.plan.config import TuningSettings
from foretune.tuning import AdapterResult
from foretune.tuning.card import adapter_name, model_card
from foretune.tuning.exports import Exported, export_adapter, export_formats
from foretune.tuning.recipes import tune
from foretune.tuning.runtime import torch
from foretune.types import Message


@pytest.fixture
def base(tmp_path: Path) -> ModelFiles:
    return tiny_model(tmp_path)


@pytest.fixture
def result(tmp_path: Path, base: ModelFiles) -> AdapterResult:
    return tune(examples(), base=base, folder=tmp_path / "a", settings=SETTINGS, evaluation=examples(14)[10:])


def exported(base: ModelFiles, result: AdapterResult, *, switchable: bool = True) -> Exported:
    return Exported("mine", result.path, result.peft, base, result.base_hash, switchable, "# mine\n")


def test_the_peft_folder_loads_in_peft_and_computes_the_same(
    tmp_path: Path, base: ModelFiles, result: AdapterResult
) -> None:
    from peft import PeftModel
    from tests.tuning.test_merge import loaded

    folder = export_adapter(exported(base, result), "peft", tmp_path / "out")
    model = PeftModel.from_pretrained(loaded(base.weights), str(folder))
    assert torch.allclose(logits(model), logits(with_peft(base, result)))
    assert (folder / "README.md").read_text() == "# mine\n"


def test_every_form_is_written_whole_with_its_card_beside_it(
    tmp_path: Path, base: ModelFiles, result: AdapterResult
) -> None:
    for name in set(export_formats()) - {"merged-q4_k_m"}:
        path = export_adapter(exported(base, result), name, tmp_path / name)
        card = path / "README.md" if path.is_dir() else path.with_name("README.md")
        assert card.exists(), name
        assert not list((tmp_path / name).glob(".*")), name


def test_an_ollama_modelfile_names_the_model_beside_it_and_where_turns_end(
    tmp_path: Path, base: ModelFiles, result: AdapterResult
) -> None:
    path = export_adapter(exported(base, result), "ollama", tmp_path / "out")
    lines = path.read_text().splitlines()
    assert lines[0] == "FROM ./mine.Q8_0.gguf"
    assert locate(path.parent / "mine.Q8_0.gguf").hash
    assert 'PARAMETER stop "<|im_end|>"' in lines


def test_without_llama_cpps_tool_the_sentence_says_where_to_get_it(
    tmp_path: Path, base: ModelFiles, result: AdapterResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"llama-quantize.*install llama.cpp.*merged-q8_0"):
        export_adapter(exported(base, result), "merged-q4_k_m", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_llama_cpps_tool_gets_the_merged_f16_file(
    tmp_path: Path, base: ModelFiles, result: AdapterResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "llama-quantize"
    tool.write_text(f'#!/bin/sh\n[ "$3" = Q4_K_M ] && {shutil.which("cp")} "$1" "$2"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    path = export_adapter(exported(base, result), "merged-q4_k_m", tmp_path / "out")
    assert sorted(each.name for each in path.parent.iterdir()) == ["README.md", "mine.Q4_K_M.gguf"]
    f16 = export_adapter(exported(base, result), "merged-f16", tmp_path / "f16")
    assert path.read_bytes() == f16.read_bytes()


def test_an_adapter_for_another_model_is_refused_in_one_sentence(
    tmp_path: Path, base: ModelFiles, result: AdapterResult
) -> None:
    (tmp_path / "b").mkdir()
    other = tiny_model(tmp_path / "b", seed=1)
    with pytest.raises(ModelError, match="was trained on another model") as caught:
        export_adapter(exported(other, result), "merged-f16", tmp_path / "out")
    assert str(caught.value).count(". ") == 0
    with (
        open_engine("llama", model=str(other.weights), context=512) as engine,
        pytest.raises(ModelError, match="was trained on another model") as caught,
    ):
        engine.complete([Message("user", "x")], max_tokens=2, adapter=result.path)
    assert str(caught.value).count(". ") == 0


def test_a_dora_adapter_is_not_offered_as_one_to_switch(
    tmp_path: Path, base: ModelFiles, result: AdapterResult
) -> None:
    with pytest.raises(InputError, match="DoRA"):
        export_adapter(exported(base, result, switchable=False), "gguf", tmp_path / "out")


def test_an_unknown_format_is_refused_with_the_ones_there_are(
    tmp_path: Path, base: ModelFiles, result: AdapterResult
) -> None:
    with pytest.raises(InputError, match="choose peft, gguf"):
        export_adapter(exported(base, result), "onnx", tmp_path / "out")


def test_the_name_says_what_the_adapter_was_made_from(base: ModelFiles, result: AdapterResult) -> None:
    def name(**changed: object) -> str:
        return adapter_name(base, {**result.settings, **changed}, kind="full", data_hash=result.data_hash)

    assert name() == name()
    assert base.hash[:6] in name()
    assert result.data_hash[:6] in name()
    assert len({name(), name(seed=1), name(rank=8), name(learning_rate=0.5)}) == 4


def test_every_setting_that_changes_the_result_is_in_the_card_and_in_the_name(
    base: ModelFiles, result: AdapterResult
) -> None:
    name = partial(adapter_name, base, kind="full", data_hash=result.data_hash)
    for setting in TuningSettings.model_fields:
        changed = {**result.settings, setting: "another"}
        in_card = f"- {setting}: another\n" in card_of(base, result, settings=changed)
        in_name = name(changed) != name(result.settings)
        assert (in_card, in_name) == (setting not in ("run", "price_hour"),) * 2, setting


def test_the_card_of_an_adapter_from_before_a_setting_came_to_be_leaves_it_out(
    base: ModelFiles, result: AdapterResult
) -> None:
    older = {name: value for name, value in result.settings.items() if name != "max_hours"}
    card = card_of(base, result, settings=older)
    assert "- rank: 4\n" in card
    assert "max_hours" not in card


def test_the_card_says_all_that_has_to_be_known_and_no_word_of_the_examples(
    base: ModelFiles, result: AdapterResult
) -> None:
    card = card_of(base, result)
    for wanted in (result.hash, result.base_hash, result.data_hash, "Apache-2.0", "confidential", "rank: 4", "seed: 0"):
        assert wanted in card
    assert f"{result.losses[0]:.3f} → {result.losses[-1]:.3f}" in card
    assert "no sign of forgetting" in card
    assert "PeftModel.from_pretrained" in card
    assert not any(message.content in card for example in examples() for message in example.messages)


def card_of(base: ModelFiles, result: AdapterResult, settings: Mapping[str, object] | None = None) -> str:
    metrics = {
        "examples": len(result.trained),
        "data_hash": result.data_hash,
        "losses": list(result.losses),
        "evaluation_losses": list(result.evaluation_losses),
        "tokens": result.tokens,
        "seconds": result.seconds,
        "precision": result.precision,
        "epochs": result.epochs,
    }
    return model_card(
        "mine",
        base=base,
        base_hash=result.base_hash,
        licence="Apache-2.0",
        label="confidential",
        adapter_hash=result.hash,
        settings=settings or result.settings,
        metrics=metrics,
        checks={"forgetting": {"sentence": "no sign of forgetting"}},
        at="2026-01-02T03:04:05",
    )
