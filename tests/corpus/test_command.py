"""``foretune add``, as somebody types it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import typer
from tests.corpus.files import write
from typer.testing import CliRunner

from foretune.cli.add import add
from foretune.corpus import documents
from foretune.plan.config import Config
from foretune.project import Project

RUN = CliRunner()
APP = typer.Typer()
APP.command()(add)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hr-bot"
    Project.create(folder, Config()).close()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    noise = random.Random(0)
    write(
        tmp_path / "docs",
        {
            "a.md": "# One",
            "b.html": "<p>Two</p>",
            "mail.eml": "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nHello\n--a\n"
            "Content-Disposition: attachment; filename=x.txt\n\ny\n--a--\n",
            **{f"noise{number}.bin": noise.randbytes(999) for number in range(10)},
        },
    )
    return tmp_path / "docs"


def test_for_programs_there_is_one_object_a_file(project: Path) -> None:
    result = RUN.invoke(APP, [str(project), "--json"])
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(row["path"] for row in rows) == sorted(path.name for path in project.iterdir())
    assert {row["outcome"] for row in rows} == {"added", "set_aside"}
    assert all({"path", "outcome", "reason"} <= row.keys() for row in rows)
    assert all(row["reason"] for row in rows if row["outcome"] == "set_aside")
    again = [json.loads(line) for line in RUN.invoke(APP, [str(project), "--json"]).stdout.splitlines()]
    assert {row["outcome"] for row in again} == {"unchanged", "set_aside"}


def test_for_people_there_are_counts_and_reasons_in_80_columns(project: Path) -> None:
    result = RUN.invoke(APP, [str(project)])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == ["added            3", "set aside       10"]
    assert "  neither text nor of a kind that can be read" in lines
    assert "      and 2 more" in lines
    assert "  1 attachment was not read" in lines
    assert max(map(len, lines)) <= 80


def test_a_label_is_given_to_everything(project: Path) -> None:
    assert RUN.invoke(APP, [str(project / "a.md"), "--label", "restricted"]).exit_code == 0
    with Project.open() as opened:
        assert [document.label.value for document in documents(opened.vault)] == ["restricted"]
