"""What a model file says about itself is read without trusting it."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.adapter_file import write_adapter

from foretune.engines.adapters import check_adapter, file_hash
from foretune.engines.gguf_header import GgufHeader, read_header
from foretune.errors import ModelError
from foretune.models import ModelFiles


@pytest.fixture(scope="module")
def header(smollm2_files: ModelFiles) -> GgufHeader:
    return read_header(smollm2_files.weights)


def test_a_model_file_says_what_it_is(header: GgufHeader) -> None:
    assert header.architecture == "llama"
    assert header.parameters == 134_515_008
    assert header.context == 8192
    assert header.licence == "apache-2.0"
    assert header.has_chat_template
    assert not header.is_adapter


def test_control_tokens_are_found_and_ordinary_words_are_not(header: GgufHeader) -> None:
    assert {"<|im_start|>", "<|im_end|>", "<|endoftext|>"} <= set(header.special_tokens)
    assert len(header.special_tokens) < 30


def test_an_adapter_file_is_told_from_a_model(adapter: Path, header: GgufHeader) -> None:
    assert read_header(adapter).is_adapter
    check_adapter(adapter, header, "ab" * 32)


def test_an_adapter_of_another_architecture_is_refused(tmp_path: Path, header: GgufHeader) -> None:
    write_adapter(tmp_path / "other.gguf", seed=1, architecture="qwen2")
    with pytest.raises(ModelError, match="trained on a qwen2 model and this one is llama"):
        check_adapter(tmp_path / "other.gguf", header, "ab" * 32)


def test_a_model_is_refused_as_adapter(smollm2_files: ModelFiles, header: GgufHeader) -> None:
    with pytest.raises(ModelError, match="not a LoRA adapter"):
        check_adapter(smollm2_files.weights, header, smollm2_files.hash)


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.5, 0.999999])
def test_a_file_that_is_cut_short_is_refused(smollm2_files: ModelFiles, tmp_path: Path, share: float) -> None:
    cut = tmp_path / "cut.gguf"
    shutil.copyfile(smollm2_files.weights, cut)
    os.truncate(cut, int(cut.stat().st_size * share))
    with pytest.raises(ModelError, match=r"cut\.gguf is cut short or damaged"):
        read_header(cut)


def test_a_missing_file_and_another_format_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        read_header(tmp_path / "none.gguf")
    (tmp_path / "text.gguf").write_text("not a model, whatever its name says")
    with pytest.raises(ModelError, match="does not begin with 'GGUF'"):
        read_header(tmp_path / "text.gguf")


def test_a_version_from_the_future_is_refused(adapter: Path, tmp_path: Path) -> None:
    data = bytearray(adapter.read_bytes())
    data[4] = 9
    (tmp_path / "v9.gguf").write_bytes(data)
    with pytest.raises(ModelError, match="version 9"):
        read_header(tmp_path / "v9.gguf")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 1200), values=st.binary(min_size=1, max_size=9))
def test_a_damaged_header_is_read_or_refused_and_nothing_else(
    adapter: Path, tmp_path: Path, place: int, values: bytes
) -> None:
    data = bytearray(adapter.read_bytes())
    data[place : place + len(values)] = values
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(data)
    with contextlib.suppress(ModelError):
        assert read_header(damaged).parameters >= 0


def test_the_hash_of_a_file_follows_its_content(tmp_path: Path) -> None:
    path = tmp_path / "adapter.gguf"
    path.write_bytes(b"one")
    first = file_hash(path)
    assert file_hash(path) == first
    path.write_bytes(b"another")
    assert file_hash(path) != first
