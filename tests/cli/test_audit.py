"""``foretune audit`` as an auditor uses it: signed, exported, verified elsewhere, found out where it was touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from foretune.cli.audit import app
from foretune.errors import AuditError, InputError
from foretune.plan.config import Config
from foretune.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hr"
    Project.create(folder, Config()).close()
    monkeypatch.chdir(folder)
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_an_exported_log_is_verified_without_the_vault(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run("export", "../log.jsonl")
    key = shown.split("--public-key ")[1].strip()
    monkeypatch.chdir(project.parent)
    assert "It holds" in run("verify", "log.jsonl", "--public-key", key)
    with pytest.raises(AuditError, match="another key"):
        run("verify", "log.jsonl", "--public-key", "00" * 32)
    log = project.parent / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b"vault.create", b"vault.cr3ate"))
    with pytest.raises(AuditError, match="Event 1 is not what was recorded") as caught:
        run("verify", "log.jsonl")
    assert caught.value.exit_code == 1


@pytest.mark.usefixtures("project")
def test_a_checkpoint_kept_elsewhere_is_held_against_the_log() -> None:
    with pytest.raises(AuditError, match="No checkpoint covers it"):
        run("verify")
    run("checkpoint", "--out", "kept.json")
    assert json.loads(run("verify", "--checkpoint", "kept.json", "--json"))["holds"]
    kept = Path("kept.json")
    kept.write_text(kept.read_text().replace('"size": 2', '"size": 1'))
    with pytest.raises(AuditError, match="no valid signature"):
        run("verify", "--checkpoint", "kept.json")


@pytest.mark.usefixtures("project")
def test_files_that_are_none_are_one_sentence() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        run("verify", "nowhere.jsonl")
    with pytest.raises(InputError, match="is no checkpoint"):
        run("verify", "--checkpoint", "nowhere.json")
