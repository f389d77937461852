"""Where models live and what is believed about them."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest
from tests.models.wheels import sha256

from foretune.errors import ModelError
from foretune.models import Model, ModelFile, Role, fetch, find, installed, locate, models_folder

CONTENT = b"GGUF" + bytes(range(256)) * 8


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORETUNE_MODELS", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def model(store: Path) -> Model:
    """A model whose file is in the store."""
    (store / "small").mkdir(parents=True)
    (store / "small" / "small.gguf").write_bytes(CONTENT)
    file = ModelFile("small.gguf", len(CONTENT), sha256(CONTENT), ())
    return Model("small", Role.CHAT, "nowhere/small", "Apache-2.0", 1, 8, (file,))


def test_the_variable_decides_where_models_live(store: Path) -> None:
    assert models_folder() == store


def test_models_live_in_the_virtual_environment_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("FORETUNE_MODELS", raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert models_folder() == tmp_path / "share" / "foretune" / "models"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the user's data folder is elsewhere")
def test_models_live_in_the_users_data_folder_otherwise(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.delenv("FORETUNE_MODELS", raising=False)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert models_folder() == home / "data" / "foretune" / "models"


def test_a_model_in_the_store_is_located_with_its_hash(model: Model, store: Path) -> None:
    files = locate(model)
    assert files.weights == store / "small" / "small.gguf"
    assert files.hash == sha256(CONTENT)
    assert dict(files.files) == {"small.gguf": files.weights}
    assert files.model is model


def test_a_model_that_is_absent_is_answered_with_the_command_that_fetches_it(store: Path) -> None:
    assert not installed(find("smollm2-135m"))
    with pytest.raises(ModelError, match=r"not on this machine.*foretune models get smollm2-135m"):
        locate("smollm2-135m")


def test_a_file_of_another_size_is_refused(model: Model, store: Path) -> None:
    (store / "small" / "small.gguf").write_bytes(CONTENT + b"!")
    with pytest.raises(ModelError, match="its size differs"):
        locate(model)


def test_a_file_of_the_same_size_and_other_content_is_refused(model: Model, store: Path) -> None:
    (store / "small" / "small.gguf").write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(ModelError, match="its SHA-256 differs"):
        locate(model)


def test_a_verified_file_is_read_again_only_after_it_was_touched(model: Model, store: Path) -> None:
    path = store / "small" / "small.gguf"
    locate(model)
    before = path.stat()
    path.write_bytes(CONTENT[:-1] + b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert locate(model).weights == path
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.raises(ModelError, match="its SHA-256 differs"):
        locate(model)


def test_a_damaged_memo_is_made_anew(model: Model, store: Path) -> None:
    (store / "verified.json").write_text("{ not json")
    locate(model)
    assert sha256(CONTENT) in (store / "verified.json").read_text()


def test_a_gguf_file_of_the_users_own_is_a_model_too(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(CONTENT)
    files = locate(str(path))
    assert (files.id, files.weights, files.hash, files.model) == (str(path), path, sha256(CONTENT), None)


def test_a_file_that_only_calls_itself_gguf_is_refused(store: Path, tmp_path: Path) -> None:
    (tmp_path / "pointer.gguf").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ModelError, match=r"pointer\.gguf is not a GGUF model file"):
        locate(tmp_path / "pointer.gguf")


def test_a_path_that_leads_nowhere_is_one_sentence(store: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.gguf cannot be read \(No such file"):
        locate(tmp_path / "absent.gguf")


def test_a_name_nobody_knows_is_answered_with_what_there_is(store: Path) -> None:
    with pytest.raises(ModelError, match=r"no model 'gpt-9': choose smollm2-135m"):
        locate("gpt-9")


def test_where_the_embedder_is_absent_the_files_to_put_there_by_hand_are_named(store: Path) -> None:
    with pytest.raises(ModelError, match=r"put model\.safetensors, tokenizer\.json, config\.json of .* into"):
        locate("all-minilm-l6-v2")


def test_a_model_put_into_the_store_by_hand_needs_no_licence_text(model: Model, store: Path) -> None:
    licence = ModelFile("LICENSE", 5, sha256(b"terms"), ())
    with_licence = dataclasses.replace(model, files=(*model.files, licence))
    assert installed(with_licence)
    assert set(locate(with_licence).files) == {"small.gguf"}
    assert fetch(with_licence).weights == store / "small" / "small.gguf"
