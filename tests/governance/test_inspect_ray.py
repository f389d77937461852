"""A Ray cluster finds what one process finds, byte for byte, and its problems are one sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.helpers import ROOT, shared

from foretune.corpus.records import units
from foretune.errors import ForetuneError, InputError
from foretune.governance.inspect import dedupe, inspect
from foretune.governance.inspect.runners import ray as room
from foretune.governance.inspect.types import Plan
from foretune.governance.inspect.worker import Worker
from foretune.plan.config import CorpusSettings

ray = pytest.importorskip("ray")
pytestmark = pytest.mark.usefixtures("only_cluster")

FORETUNE = (sys.executable, "-c", "from foretune.cli import main; main()")
CHECKS = ["garbled", "language", "short", "labels", "duplicate", "stale", "personal"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, only_cluster: None) -> Iterator[str]:
    """A cluster of two processors on this machine; gives its address."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("XDG_DATA_HOME", str(home / "data"))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("PYTHONPATH", str(ROOT / "src"))
        patch.delenv("RAY_ADDRESS", raising=False)
        room.connect(2)
        yield ray.get_runtime_context().gcs_address
        ray.shutdown()


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pages as files, and more than once as rows, so that there are duplicates and several units."""
    folder = tmp_path_factory.mktemp("documents")
    corpus = shared("handbook-18f") / "corpus"
    pages = sorted(corpus.rglob("*.md"))[:60]
    for page in pages:
        target = folder / "pages" / page.relative_to(corpus)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, target)
    rows = [
        {"id": f"{n}", "text": page.read_text(encoding="utf-8")} for n, page in enumerate([*pages[:20], *pages[:10]])
    ]
    lines = [json.dumps(row) for row in rows]
    (folder / "rows.jsonl").write_text("\n".join([*lines[:20], "not json", *lines[20:]]), encoding="utf-8")
    return folder


def test_a_cluster_finds_what_one_process_finds_byte_for_byte(cluster: str, documents: Path) -> None:
    one = inspect([documents], checks=CHECKS, processes=1)
    two = inspect([documents], checks=CHECKS, runner="ray")
    assert list(one.lines()) == list(two.lines())
    assert one.totals == two.totals
    assert one.totals.documents + one.totals.set_aside == 60 + 31
    assert one.totals.reasons["it is not JSON"] == 1
    assert {check for check, _, _ in one.totals.findings} >= {"duplicate", "labels", "personal", "stale"}
    assert dedupe([documents], processes=1) == dedupe([documents], runner="ray")


def test_the_command_joins_a_running_cluster_and_leaves_it_running(cluster: str, documents: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*FORETUNE, "dedupe", "pages", "rows.jsonl", "--json", *arguments],
            cwd=documents,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "RAY_ADDRESS": cluster},
            capture_output=True,
            check=False,
        )

    one, two = run("--processes", "1"), run("--runner", "ray", "--processes", "2")
    assert (two.returncode, two.stdout) == (0, one.stdout)
    said = [[line for line in done.stderr.splitlines() if b"set aside" in line] for done in (one, two)]
    assert said[0] == said[1] == [b"3 set aside:"]
    assert len(one.stdout.splitlines()) > 80
    assert ray.cluster_resources()["CPU"] == 2


def test_cleaned_documents_are_the_same(cluster: str, documents: Path, tmp_path: Path) -> None:
    for runner in ("local", "ray"):
        inspect(
            [documents], checks=["garbled", "duplicate"], clean=tmp_path / f"{runner}.jsonl", processes=1, runner=runner
        )
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()


def test_nothing_of_a_document_is_in_the_files_of_the_cluster(cluster: str, tmp_path: Path) -> None:
    secret = "zanzibar.quokka@firm.com"
    (tmp_path / "a.md").write_text(f"Write to {secret}, please. " * 5000)
    found = inspect([tmp_path / "a.md"], checks=["personal"], runner="ray")
    assert secret.encode() in next(found.lines())
    session = Path("/tmp/ray") / ray.get_runtime_context().get_session_name()
    files = [path for path in session.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="uses /proc")
def test_a_file_that_a_worker_does_not_see_is_one_sentence(cluster: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Hello.")
    # A path that leads to something in this process only, as one on another machine's disk would.
    with (tmp_path / "a.md").open("rb") as file:
        os.dup2(file.fileno(), 900)
    try:
        with pytest.raises(InputError, match=r"There is no /proc/self/fd/900 on \S+ of the Ray cluster: put the"):
            inspect([Path("/proc/self/fd/900")], checks=["short"], runner="ray")
    finally:
        os.close(900)


def test_a_worker_that_ends_is_one_sentence(cluster: str, documents: Path) -> None:
    settings = CorpusSettings()
    with room.Ray(2) as runner:
        results = runner.results(Worker, Plan(("personal",), corpus=settings), units([documents], settings))
        next(results)
        for actor in runner._actors:
            ray.kill(actor)
        with pytest.raises(ForetuneError, match=r"A worker of the Ray cluster ended \(.*short of memory"):
            list(results)


def test_machines_that_differ_are_refused() -> None:
    here = room._Installation("here", "1.0", ())
    room._check_alike(room._Installation("there", "1.0", ()), here)
    with pytest.raises(ForetuneError, match=r"there of the Ray cluster has Foretune 0\.9, here it is 1\.0"):
        room._check_alike(room._Installation("there", "0.9", ()), here)
    with pytest.raises(ForetuneError, match="there of the Ray cluster has other models"):
        room._check_alike(room._Installation("there", "1.0", ("lacks a model",)), here)


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"The runner ray needs the extra: pip install 'foretune\[ray\]'"):
        inspect([tmp_path], runner="ray")


def test_an_unknown_runner_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no runner called 'spark': choose from local, ray"):
        inspect([tmp_path], runner="spark")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("127.0.0.1:1", "does not answer: see `ray status`"), ("ray://x:1", "with RAY_ADDRESS=auto")],
)
def test_a_cluster_that_cannot_be_joined_is_one_sentence(
    address: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(ForetuneError, match=f"RAY_ADDRESS={address} .*{sentence}"):
        room.connect(None)
