"""kill -9 at random moments of a sync and of an index: what was acknowledged is there, and nothing is half there.

Two kills of each by default; ``FORETUNE_KILLS=100`` for a hundred.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.project.small import KEY
from tests.vault.test_access import WordEmbedder

from foretune.plan.config import Config, CorpusSettings, SourceSettings
from foretune.project import Project
from foretune.vault import tables as t

KILLS = int(os.environ.get("FORETUNE_KILLS", "2"))
ROWS = 30
CHILD = """
import sys
from contextlib import contextmanager
from pathlib import Path
from foretune.corpus import update
from foretune.project import Project
from foretune.retrieval import index
from tests.vault.test_access import WordEmbedder

update._BATCH_FILES, index._GROUP, index._SECONDS = 4, 8, 0

class Telling:
    @contextmanager
    def step(self, name, *, total, unit):
        self.name = name
        yield self
    def advance(self, items=1):
        if self.name == "indexing":
            print("indexed", items, flush=True)

with Project.open(Path(sys.argv[1])) as project:
    project.__dict__["embedder"] = WordEmbedder()
    print("ready", flush=True)
    if sys.argv[2] == "sync":
        for one in project.sync():
            print(one.path, flush=True)
    else:
        project.index(progress=Telling())
    print("done", flush=True)
"""


def write_rows(folder: Path, *, edition: str) -> None:
    text = "The leave policy of this office was changed in the spring of the year before. " * 24
    rows = [{"id": f"{number:03}", "note": f"Edition {edition} of {number}. {text}"} for number in range(ROWS)]
    (folder / "crm.jsonl").write_text("\n".join(map(json.dumps, rows)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORETUNE_KEY", KEY)
    write_rows(tmp_path, edition="one")
    source = SourceSettings(kind="table", at="crm.jsonl", key="id")
    Project.create(tmp_path, Config(corpus=CorpusSettings(sources=[source]))).close()
    return tmp_path


def killed(folder: Path, verb: str, chance: random.Random) -> list[str]:
    """Run the child and kill it at a random moment; returns the lines it got out."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), verb],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    lines = [child.stdout.readline().strip() for _ in range(1 + chance.randrange(6))]
    until = time.monotonic() + chance.random() * 0.02
    while time.monotonic() < until:
        pass
    child.kill()
    lines += child.stdout.read().split("\n")
    child.wait()
    return [line for line in lines[1:] if line and line != "done"]


def texts(project: Project) -> dict[str, str]:
    with project.vault.reading() as connection:
        return dict(connection.execute(select(t.document.c.path, t.document.c.text)).tuples().all())


def test_a_killed_sync_keeps_what_it_acknowledged_and_every_document_is_of_one_edition(folder: Path) -> None:
    chance = random.Random(5)
    expected: dict[str, dict[str, str]] = {}
    for edition in ("one", "two"):
        write_rows(folder, edition=edition)
        with Project.open(folder) as project:
            list(project.sync())
            expected[edition] = texts(project)
    now = "two"
    for _ in range(KILLS):
        before, now = now, "one" if now == "two" else "two"
        write_rows(folder, edition=now)
        acknowledged = killed(folder, "sync", chance)
        with Project.open(folder) as project:
            kept = texts(project)
            assert all(kept[path] == expected[now][path] for path in acknowledged)
            assert all(text in (expected[before][path], expected[now][path]) for path, text in kept.items())
            assert project.vault.damaged_pages() == []
            list(project.sync())
            assert texts(project) == expected[now]


def passages(project: Project) -> Counter[str]:
    with project.vault.reading() as connection:
        return Counter(connection.execute(select(t.passage.c.document_id)).scalars())


def test_a_killed_index_has_each_document_whole_or_not_at_all(folder: Path) -> None:
    chance = random.Random(6)
    with Project.open(folder) as project:
        project.__dict__["embedder"] = WordEmbedder()
        list(project.sync())
        project.index()
        whole = passages(project)
    assert min(whole.values()) > 1
    for _ in range(KILLS):
        with Project.open(folder) as project, project.vault.writing() as connection:
            connection.execute(t.passage.delete())
        said = killed(folder, "index", chance)
        with Project.open(folder) as project:
            there = passages(project)
            assert all(whole[one] == count for one, count in there.items())
            assert len(there) >= sum(int(line.split()[1]) for line in said)
            assert project.vault.damaged_pages() == []
            project.__dict__["embedder"] = WordEmbedder()
            project.index()
            assert passages(project) == whole
