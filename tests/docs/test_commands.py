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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a dozen pages of the example and the questions they answer."""
    example = ROOT / "examples" / "handbook"
    shutil.copytree(example / "documents" / "travel-and-leave", tmp_path / "documents")
    with (example / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if row["source"].startswith("travel-and-leave/")][:3] + rows[-2:]
    with (tmp_path / "questions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(chosen)
    return tmp_path


def run(command: str, folder: Path) -> str:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run(page: Path, folder: Path) -> None:
    small = "--set pairs.limit=12 --set pairs.max_words=60 --set tuning.epochs=1 --set performance.min_correct=0"
    if page.name in STARTS_FROM_NOTHING:
        for command in commands(page):
            run(command.replace("--yes", f"--yes {small}"), folder)
        return
    run(f"foretune new --yes {small} . && foretune add documents && foretune review && foretune index", folder)
    for command in commands(page):
        run(command, folder)
