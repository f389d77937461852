"""A merged file computes what base and adapter compute together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.tuning.tiny import Engine as TinyEngine
from tests.tuning.tiny import examples, tiny_model, vocabulary

from foretune.engines import open_engine
from foretune.models import ModelFiles
from foretune.plan.config import TuningSettings
from foretune.tuning import AdapterResult
from foretune.tuning.base import load_base
from foretune.tuning.chat import load_chat_tokenizer
from foretune.tuning.merge import write_merged
from foretune.tuning.recipes import tune
from foretune.tuning.runtime import torch
from foretune.types import Message

PROMPT = [20, 31, 7, 99, 150, 42, 8, 8, 61]
SETTINGS = TuningSettings(rank=4, alpha=8, epochs=2, precision="float32", learning_rate=0.02)


def trained(folder: Path, base: ModelFiles, **changed: Any) -> AdapterResult:
    return tune(examples(), base=base, folder=folder / "a", settings=SETTINGS.model_copy(update=changed))


def with_peft(base: ModelFiles, result: AdapterResult) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(loaded(base.weights), str(result.peft))


def loaded(path: Path) -> Any:
    return load_base(path, dtype=torch.float32, device=torch.device("cpu"))


def logits(model: Any) -> Any:
    with torch.no_grad():
        return model(torch.tensor([PROMPT])).logits[0, -1]


@pytest.mark.parametrize("architecture", ["llama", "qwen2"])
@pytest.mark.parametrize("method", ["lora", "rslora", "dora"])
def test_the_merged_file_computes_what_peft_computes_with_the_exported_folder(
    tmp_path: Path, architecture: str, method: str
) -> None:
    base = tiny_model(tmp_path, architecture)
    result = trained(tmp_path, base, method=method)
    expected = logits(with_peft(base, result))
    assert not torch.allclose(expected, logits(loaded(base.weights)), atol=0.05)
    write_merged(base.weights, result.peft, tmp_path / "merged.gguf", kind="F32")
    assert torch.allclose(logits(loaded(tmp_path / "merged.gguf")), expected, atol=1e-4)


@pytest.mark.parametrize(("kind", "tolerance"), [("F16", 0.02), ("Q8_0", 0.3)])
def test_the_engine_runs_a_merged_file_without_an_adapter(tmp_path: Path, kind: str, tolerance: float) -> None:
    base = tiny_model(tmp_path)
    result = trained(tmp_path, base)
    write_merged(base.weights, result.peft, tmp_path / "merged.gguf", kind=kind, name="mine")
    expected = torch.log_softmax(logits(with_peft(base, result)), dim=-1)
    probabilities = TinyEngine(tmp_path / "merged.gguf").next_token_logprobs(PROMPT, len(vocabulary()))
    measured = torch.tensor([probabilities[token] for token in range(len(vocabulary()))])
    assert torch.allclose(measured, expected, atol=tolerance)
    write_merged(base.weights, result.peft, tmp_path / "again.gguf", kind=kind, name="mine")
    assert (tmp_path / "again.gguf").read_bytes() == (tmp_path / "merged.gguf").read_bytes()


def test_rslora_in_the_engine_is_scaled_as_in_training(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    result = trained(tmp_path, base, method="rslora")
    expected = torch.log_softmax(logits(with_peft(base, result)), dim=-1)
    probabilities = TinyEngine(base.weights, result.path).next_token_logprobs(PROMPT, len(vocabulary()))
    measured = torch.tensor([probabilities[token] for token in range(len(vocabulary()))])
    assert torch.allclose(measured, expected, atol=1e-2)


def test_the_engine_writes_what_torch_writes_word_for_word(tmp_path: Path) -> None:
    base = tiny_model(tmp_path)
    result = trained(tmp_path, base)
    write_merged(base.weights, result.peft, tmp_path / "merged.gguf", kind="F32")
    model, chat = loaded(tmp_path / "merged.gguf"), load_chat_tokenizer(tmp_path / "merged.gguf")
    asked = [Message("user", f"What is {number}, and why?") for number in range(20)]
    with open_engine("llama", model=str(tmp_path / "merged.gguf"), context=256) as engine:
        engines = [engine.complete([message], max_tokens=12).text for message in asked]
    torchs = []
    for message in asked:
        ids = chat.encode(chat.render([message], add_generation_prompt=True))
        written: list[int] = []
        while len(written) < 12:
            with torch.no_grad():
                token = int(model(torch.tensor([ids + written])).logits[0, -1].argmax())
            if token in chat.end_tokens:
                break
            written.append(token)
        torchs.append(chat.backend.decode(written))
    # A random model has near ties; what bytes that are no characters decode to is each one's own affair.
    assert sum(ours == theirs for ours, theirs in zip(torchs, engines, strict=True)) >= 19
