"""A small real project for the tests: fourteen sections of the handbook, three questions, the small model.

It is made once, by the real command, and kept as two snapshots: after ``add`` and after ``run``. Tests work in
one folder that is put back from a snapshot, because a vault remembers where its documents are.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from tests.helpers import ROOT

from foretune.models import CATALOGUE, installed
from foretune.vault import Vault
from foretune.vault import tables as t

HANDBOOK = ROOT / "examples" / "handbook"
KEY = "ab" * 32
SETTINGS = ("pairs.attempts=1", "pairs.max_words=60", "tuning.epochs=1", "tuning.pilot_tokens=64")
QUESTIONS = ("dev-04", "dev-09", "dev-35")
CANARIES = ("Quillfeather", "zanzibarite", "brambleworthy")
"""Words that stand in every document and nowhere else in the world: no file outside the vault may hold them."""
FRONT = "author: Quillfeather\ntags: [zanzibarite]\n"
SENTENCE = "The brambleworthy form is needed."
COMMAND = str(Path(sys.executable).with_name("foretune"))


def sections() -> dict[str, str]:
    """File name and text of fourteen short sections, two of which answer questions of the bench."""
    found: dict[str, str] = {}
    for path in sorted((HANDBOOK / "documents" / "travel-and-leave").glob("*.md")):
        text = re.sub(r"\A---.*?---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for section in re.split(r"\n(?=#{2,4} )", text):
            words = section.split()
            if 25 <= len(words) <= 52 and section.startswith("#"):
                title = section.splitlines()[0].strip("# ")
                name = re.sub(r"[^a-z]+", "-", title.casefold()).strip("-")
                body = section.split("\n", 1)[1].strip()
                found[f"{name}.md"] = f"---\ntitle: {title}\n{FRONT}---\n{body}\n\n{SENTENCE}\n"
    answering = ("parental-bereavement-leave.md", "paid-parental-leave.md")
    others = [name for name in found if name not in answering]
    return {name: found[name] for name in (*answering, *others[:12])}


def write_questions(path: Path, ids: tuple[str, ...] = QUESTIONS) -> None:
    with (HANDBOOK / "questions.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["id"] in ids]
    # The sections have become pages of their own.
    pages = {"dev-04": "parental-bereavement-leave.md", "dev-09": "paid-parental-leave.md", "dev-35": "", "dev-38": ""}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "source": pages[row["id"]]} for row in rows)


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "FORETUNE_KEY": KEY, "COLUMNS": "200", **more}


def foretune(*arguments: str, folder: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def done(*arguments: str, folder: Path, env: dict[str, str] | None = None) -> str:
    """Run the real command, which has to succeed; returns its output."""
    result = foretune(*arguments, folder=folder, env=env)
    assert result.returncode == 0, result.stderr
    return result.stdout


def settings() -> list[str]:
    return [word for setting in SETTINGS for word in ("--set", setting)]


@dataclass(frozen=True)
class Small:
    """The working folder, and the snapshots it is put back from."""

    folder: Path
    added: Path
    finished: Path
    home: Path
    """Everything a program may write to outside the project: home, caches, temporary folder."""
    seconds: float
    """What an undisturbed ``foretune run`` took here."""

    @property
    def env(self) -> dict[str, str]:
        return _at_home(self.home)

    def put_back(self, snapshot: Path) -> Path:
        shutil.rmtree(self.folder)
        shutil.copytree(snapshot, self.folder)
        return self.folder


_MADE: dict[str, Small] = {}


def make(base: Path) -> Small:
    """The project, made at the first call."""
    if "small" not in _MADE:
        for model in ("smollm2-135m", "all-minilm-l6-v2"):
            if not installed(CATALOGUE[model]):
                pytest.skip(f"the model {model} is not on this machine: foretune models get {model}")
        pytest.importorskip("torch", reason="the extra `tune` is not installed")
        _MADE["small"] = _make(base)
    return _MADE["small"]


def _make(base: Path) -> Small:
    folder, home = base / "work", base / "home"
    for place in ("tmp", "cache", "config", "data", "state", "run"):
        (home / place).mkdir(parents=True)
    env = _at_home(home)
    (folder / "documents").mkdir(parents=True)
    for name, text in sections().items():
        (folder / "documents" / name).write_text(text, encoding="utf-8")
    write_questions(folder / "questions.csv")
    done("new", "--yes", *settings(), folder=folder, env=env)
    done("add", "documents", folder=folder, env=env)
    shutil.copytree(folder, base / "added")
    started = time.monotonic()
    done("run", folder=folder, env=env)
    seconds = time.monotonic() - started
    shutil.copytree(folder, base / "finished")
    return Small(folder, base / "added", base / "finished", home, seconds)


def _at_home(home: Path) -> dict[str, str]:
    from foretune.models import models_folder

    variables = {f"XDG_{name.upper()}_HOME": str(home / name) for name in ("cache", "config", "data", "state")}
    return environment(
        **variables,
        HOME=str(home),
        TMPDIR=str(home / "tmp"),
        XDG_RUNTIME_DIR=str(home / "run"),
        FORETUNE_MODELS=str(models_folder()),
    )


_VOLATILE = {
    "at",
    "changed_at",
    "added_at",
    "seconds",
    "processor_seconds",
    "processors",
    "startup_seconds",
    "run_id",
    "median_seconds",
    "slowest_seconds",
}


def dump(vault: Vault) -> dict[str, list[Any]]:
    """What a vault holds, without row numbers and without times: equal for equal states."""
    tables = (
        t.document,
        t.finding,
        t.decision,
        t.passage,
        t.pair,
        t.adapter,
        t.question,
        t.bench_run,
        t.bench_answer,
        t.stage,
    )
    with vault.reading() as connection:
        return {
            table.name: sorted((_row(table, row) for row in connection.execute(select(table)).mappings()), key=repr)
            for table in tables
        }


def _row(table: Table, row: Any) -> dict[str, Any]:
    numbered = {"id"} if table.name in ("passage", "decision") else set()
    return {name: _timeless(value) for name, value in row.items() if name not in _VOLATILE | numbered}


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        drop = _VOLATILE | {"passage", "embedding_seconds"} | _COUNTERS
        return {key: _timeless(item) for key, item in value.items() if key not in drop}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


_COUNTERS = {"written", "indexed", "unchanged", "embedded", "removed", "checked", "documents_checked"}
"""What a run that goes on did itself, as against what is there."""
