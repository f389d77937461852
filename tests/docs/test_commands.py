"""Every command in the documentation does what the page says: it is run, in order, page by page."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.helpers import ROOT

PAGES = sorted(page for page in (ROOT / "docs").glob("*.md") if "```console" in page.read_text(encoding="utf-8"))
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
STARTS_FROM_NOTHING = {"start.md", "plan.md", "inspect.md", "models.md", "vendors.md"}


def commands(page: Path) -> list[str]:
    lines = "\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))).splitlines()
    return [line[2:] for line in lines if line.startswith("$ ")]


SMALL = "--set pairs.limit=12 --set pairs.max_words=60 --set tuning.epochs=1 --set performance.min_correct=0"


def with_questions(folder: Path) -> Path:
    """A folder with a dozen pages of the example and the questions they answer."""
    example = ROOT / "examples" / "handbook"
    shutil.copytree(example / "documents" / "travel-and-leave", folder / "documents")
    with (example / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if row["source"].startswith("travel-and-leave/")][:3] + rows[-2:]
    with (folder / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(chosen)
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project whose documents were added, reviewed and indexed, and a copy of it as it was then.

    It holds the user's settings too, in ``.config``. Most pages start from it, at the same path.
    """
    folder = with_questions(tmp_path_factory.mktemp("project"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
        run(f"foretune new --yes {SMALL} . && foretune add documents && foretune review && foretune index", folder)
    kept = tmp_path_factory.mktemp("kept") / "project"
    shutil.copytree(folder, kept)
    return folder, kept


def run(command: str, folder: Path) -> str:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run(
    page: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.name in STARTS_FROM_NOTHING:
        folder = with_questions(tmp_path)
    else:
        folder, kept = request.getfixturevalue("prepared")
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
    for command in commands(page):
        run(f"{command} {SMALL}" if command.startswith("foretune new ") else command, folder)
