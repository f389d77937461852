"""Adapters are switched per request."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engines.adapter_file import write_adapter
from tests.engines.test_llama import CLERK, LEAVE, signature

from foretune.engines.llama import LlamaEngine
from foretune.engines.types import Request
from foretune.errors import EngineError, ModelError
from foretune.models import ModelFiles
from foretune.types import Message


def test_an_adapter_changes_its_own_request_and_no_other(smollm2: LlamaEngine, adapter: Path) -> None:
    base, tuned = Request((CLERK, LEAVE), 5, logprobs=1), Request((CLERK, LEAVE), 5, logprobs=1, adapter=adapter)
    before = signature(smollm2.run(base))
    first = signature(smollm2.run(tuned))
    assert first != before
    assert signature(smollm2.run(base)) == before
    assert signature(smollm2.run(tuned)) == first
    assert [signature(answer) for _, answer in smollm2.complete_many([tuned, base, tuned])] == [first, before, first]


def test_two_adapters_are_told_apart_by_content_not_by_path(
    smollm2: LlamaEngine, adapter: Path, tmp_path: Path
) -> None:
    copy, other = tmp_path / "copy.gguf", tmp_path / "other.gguf"
    copy.write_bytes(adapter.read_bytes())
    write_adapter(other, seed=2)
    answers = [
        signature(smollm2.complete([LEAVE], max_tokens=4, logprobs=1, adapter=path)) for path in (adapter, copy, other)
    ]
    assert answers[0] == answers[1] != answers[2]


def test_more_adapters_than_are_held_take_turns(smollm2_files: ModelFiles, tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed}.gguf" for seed in range(6)]
    for seed, path in enumerate(paths):
        write_adapter(path, seed=seed)
    with LlamaEngine(smollm2_files, context=256) as engine:
        first = [signature(engine.complete([LEAVE], max_tokens=2, logprobs=1, adapter=path)) for path in paths]
        again = signature(engine.complete([LEAVE], max_tokens=2, logprobs=1, adapter=paths[0]))
        assert len(set(first)) == 6
        assert again == first[0]
        assert engine._session is not None
        assert len(engine._session.adapters) <= 4


def test_an_adapter_that_was_removed_is_not_in_the_way_of_others(smollm2_files: ModelFiles, tmp_path: Path) -> None:
    paths = [tmp_path / f"{seed}.gguf" for seed in range(2)]
    for seed, path in enumerate(paths):
        write_adapter(path, seed=seed)
    with LlamaEngine(smollm2_files, context=256) as engine:
        engine.complete([LEAVE], max_tokens=1, adapter=paths[0])
        paths[0].unlink()
        assert engine.complete([LEAVE], max_tokens=1, adapter=paths[1]).tokens_out == 1


def test_an_adapter_that_is_asked_for_in_parallel_waits_for_its_turn(
    smollm2_files: ModelFiles, adapter: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.gguf"
    write_adapter(other, seed=2)
    requests = [
        Request((LEAVE,), 3, seed=number, adapter=path)
        for number, path in enumerate([None, None, adapter, None, other, adapter, None, other])
    ]
    with LlamaEngine(smollm2_files, context=256, parallel=3) as engine:
        answers = dict(engine.complete_many(requests))
    assert sorted(answers) == list(range(8))
    assert answers[2].text == answers[5].text != answers[0].text


def test_an_adapter_that_does_not_fit_is_refused_and_the_model_goes_on(smollm2: LlamaEngine, tmp_path: Path) -> None:
    wide = tmp_path / "wide.gguf"
    write_adapter(wide, seed=1, width=640)
    with pytest.raises(EngineError, match="could not load"):
        smollm2.complete([LEAVE], max_tokens=2, adapter=wide)
    assert smollm2.complete([LEAVE], max_tokens=2).tokens_out == 2


def test_a_missing_or_wrong_adapter_file_is_named(smollm2: LlamaEngine, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.gguf cannot be read"):
        smollm2.complete([Message("user", "Hello")], max_tokens=2, adapter=tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="not a LoRA adapter"):
        smollm2.complete([Message("user", "Hello")], max_tokens=2, adapter=smollm2._files.weights)
