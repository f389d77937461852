"""``foretune models``, as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foretune.cli.models import app
from foretune.errors import ModelError
from foretune.models import CATALOGUE

RUN = CliRunner()


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORETUNE_MODELS", str(tmp_path / "store"))
    return tmp_path / "store"


def test_the_list_for_programs_has_one_object_a_model() -> None:
    rows = [json.loads(line) for line in RUN.invoke(app, ["list", "--json"]).stdout.splitlines()]
    assert [row["id"] for row in rows] == list(CATALOGUE)
    assert all(row["installed"] is False and row["path"] is None for row in rows)


def test_the_list_for_people_names_models_licences_and_the_folder(store: Path) -> None:
    text = RUN.invoke(app, ["list"]).stdout
    assert all(model.id in text and model.licence in text for model in CATALOGUE.values())
    assert str(store) in text


def test_path_prints_nothing_but_the_path(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF....")
    assert RUN.invoke(app, ["path", str(tmp_path / "mine.gguf")]).stdout == f"{tmp_path / 'mine.gguf'}\n"


def test_getting_a_file_of_ones_own_only_checks_it(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(b"GGUF....")
    assert RUN.invoke(app, ["get", str(tmp_path / "mine.gguf")]).exit_code == 0


def test_a_misspelt_name_is_noticed_before_anything_is_fetched(store: Path) -> None:
    result = RUN.invoke(app, ["get", "smollm2-135m", "smolm2"])
    assert isinstance(result.exception, ModelError)
    assert not store.exists()
