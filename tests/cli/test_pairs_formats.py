"""The commands around training files, as a person or a pipeline runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.pairs.conversations import HARD
from typer.testing import CliRunner

from foretune.cli.pairs import app
from foretune.pairs.formats import FORMATS, export_format
from foretune.plan.config import Config
from foretune.project import Project

RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with Project.create(tmp_path, Config()):
        pass
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_exported_for_one_is_imported_and_exported_for_another(folder: Path) -> None:
    source = export_format(HARD, folder / "old", FORMATS["sharegpt"]).folder
    imported = RUN.invoke(app, ["import", str(source), "--json"])
    assert [json.loads(line)["added"] for line in imported.stdout.splitlines()] == [3, 2]
    exported = RUN.invoke(app, ["export", "--format", "vertex,csv", "--json"])
    rows = [json.loads(line) for line in exported.stdout.splitlines()]
    assert sum(row["rows"] for row in rows if row["format"] == "vertex") == len(HARD)
    assert {row["format"] for row in rows} == {"csv", "vertex"}
    assert all(Path(row["file"]).is_file() for row in rows)
    assert (folder / "reports" / "vertex" / "manifest.json").is_file()


def test_nothing_is_written_where_one_of_the_formats_is_unknown(folder: Path) -> None:
    done = RUN.invoke(app, ["export", "--format", "csv,trll"])
    assert "did you mean trl" in str(done.exception)
    assert not (folder / "reports").exists() or not list((folder / "reports").iterdir())


def test_validate_exits_with_1_where_something_would_be_refused(tmp_path: Path) -> None:
    export = export_format(HARD, tmp_path, FORMATS["openai"]).folder
    done = RUN.invoke(app, ["validate", str(export), "--json"])
    assert done.exit_code == 1
    [finding] = map(json.loads, done.stdout.splitlines())
    assert finding == {
        "file": "train.jsonl",
        "line": None,
        "severity": "error",
        "message": "it has 3 rows, and fewer than 10 are refused",
    }
    assert RUN.invoke(app, ["validate", str(export / "train.jsonl"), "--format", "together"]).exit_code == 0


def test_every_format_says_how_it_is_loaded_and_where_its_rules_are() -> None:
    rows = [json.loads(line) for line in RUN.invoke(app, ["formats", "--json"]).stdout.splitlines()]
    assert [row["format"] for row in rows] == list(FORMATS)
    assert all(row["load"] and row["rules"] and row["sources"][0].startswith("https://") for row in rows)
