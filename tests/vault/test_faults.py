"""What the machine does to a vault: kills, full and read-only disks, damaged pages, rivals, clocks."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.retrieval.corpus import written
from tests.vault.test_access import SETTINGS, SOURCES, WordEmbedder, filled
from tests.vault.test_vault import put_document

from foretune.errors import VaultError
from foretune.plan.config import Config
from foretune.project import Project
from foretune.retrieval import Searcher, read_filters
from foretune.vault import Vault, audit
from foretune.vault import tables as t
from foretune.vault.log import log_lines, make_checkpoint, verify_log

PYTHON = {"PYTHONPATH": os.pathsep.join(sys.path)}

_ADDING = """
import sys
from pathlib import Path
from foretune.project import Project
folder = Path(sys.argv[1])
with Project.open(folder) as project:
    for outcome in project.add([folder / "documents"]):
        print(outcome.path, flush=True)
"""
_ERASING = """
import sys
from pathlib import Path
from foretune.project import Project
with Project.open(Path(sys.argv[1])) as project:
    print("ready", flush=True)
    project.erase(["0*"])
    print("erased", flush=True)
"""


def project_of(folder: Path, count: int = 40) -> Path:
    """A project with files that are not yet added."""
    (folder / "documents").mkdir(parents=True)
    for each in range(count):
        (folder / "documents" / f"{each:02}.txt").write_text(f"Page {each}: " + "leave travel budget " * 400)
    Project.create(folder, Config()).close()
    return folder


def killed(program: str, folder: Path, *, lines: int, seconds: float = 0.0) -> list[str]:
    """Run it, kill it ``seconds`` after it has printed some lines; returns all it printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True, env={**os.environ, **PYTHON}
    )
    assert process.stdout is not None
    printed = [process.stdout.readline().strip() for _ in range(lines)]
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    return printed + process.stdout.read().split()


def kept(project: Project) -> dict[str, str]:
    with project.vault.reading() as connection:
        return dict(connection.execute(select(t.document.c.path, t.document.c.text)).tuples().all())


def killed_while_adding(folder: Path, lines: int) -> None:
    acknowledged = killed(_ADDING, project_of(folder), lines=lines)
    with Project.open(folder) as project:
        assert set(acknowledged) <= set(kept(project))
        assert all(len(text) > 8_000 for text in kept(project).values())
        assert project.vault.damaged_pages() == []
        list(project.add([folder / "documents"]))
        assert len(kept(project)) == 40


def killed_while_erasing(folder: Path, seconds: float) -> None:
    with Project.open(project_of(folder)) as project:
        list(project.add([folder / "documents"]))
    said = killed(_ERASING, folder, lines=1, seconds=seconds)
    with Project.open(folder) as project:
        left = [path for path in kept(project) if path.startswith("0")]
        assert len(left) in ((0,) if "erased" in said else (0, 10))
        assert len(kept(project)) == 30 + len(left)
        assert project.vault.damaged_pages() == []


def test_killed_while_adding_nothing_acknowledged_is_lost_or_half_there(tmp_path: Path) -> None:
    for number, lines in enumerate((1, 12, 33)):
        killed_while_adding(tmp_path / str(number), lines)


def test_killed_while_erasing_all_or_nothing_is_gone(tmp_path: Path) -> None:
    for number, seconds in enumerate((0.02, 0.2)):
        killed_while_erasing(tmp_path / str(number), seconds)


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        put_document(vault, "a.md", "kept")
    program = f"""
import resource, signal
from pathlib import Path
from tests.vault.test_vault import put_document
from foretune.errors import VaultError
from foretune.vault import Vault
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Vault.open(Path({str(tmp_path / "vault")!r})) as vault:
    resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
    try:
        put_document(vault, "b.md", "x" * 5_000_000)
    except VaultError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={**os.environ, **PYTHON}
    )
    assert "is full: free some space" in done.stdout, done.stderr
    with Vault.open(tmp_path / "vault") as vault, vault.reading() as connection:
        assert connection.execute(select(t.document.c.path)).scalars().all() == ["a.md"]


def test_a_damaged_page_is_named_and_the_rest_can_be_read(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        for name in "abcdefgh":
            put_document(vault, f"{name}.md", name * 50_000)
        vault.scrub()
    path = tmp_path / "vault" / "vault.db"
    content = bytearray(path.read_bytes())
    content[-40_000] ^= 1
    path.write_bytes(content)
    with Vault.open(tmp_path / "vault") as vault:
        [told] = vault.damaged_pages()
        assert str((len(content) - 40_000) // 4096 + 1) in told
        read = 0
        for name in "abcdefgh":
            query = select(t.document.c.text).where(t.document.c.id == f"{name}.md")
            with contextlib.suppress(VaultError), vault.reading() as connection:
                read += connection.execute(query).scalar_one() == name * 50_000
        assert read == 7


def test_two_processes_write_without_losing_each_others_rows(tmp_path: Path) -> None:
    Vault.create(tmp_path / "vault").close()
    program = f"""
import sys
from pathlib import Path
from tests.vault.test_vault import put_document
from foretune.vault import Vault
with Vault.open(Path({str(tmp_path / "vault")!r})) as vault:
    for number in range(25):
        put_document(vault, f"{{sys.argv[1]}}-{{number}}.md", "text")
        vault.note("test", str(number))
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", program, name], env={**os.environ, **PYTHON}) for name in ("a", "b")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    with Vault.open(tmp_path / "vault") as vault:
        with vault.reading() as connection:
            assert connection.execute(select(func.count()).select_from(t.document)).scalar_one() == 50
        make_checkpoint(vault)
        assert verify_log(log_lines(vault)).holds


def test_a_clock_that_goes_back_changes_neither_the_order_of_events_nor_the_verdict(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in ("2030", "2020", "2025"):
        monkeypatch.setattr(audit, "now", lambda year=year: f"{year}-01-01T00:00:00.000+00:00")
        vault.note("test", year)
    make_checkpoint(vault)
    with vault.reading() as connection:
        query = select(t.event.c.subject).where(t.event.c.action == "test").order_by(t.event.c.sequence)
        assert connection.execute(query).scalars().all() == ["2030", "2020", "2025"]
    assert verify_log(log_lines(vault)).holds


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes wherever it wants")
def test_a_read_only_vault_is_one_sentence(tmp_path: Path) -> None:
    with Vault.create(tmp_path / "vault") as vault:
        put_document(vault, "a.md", "text")
    (tmp_path / "vault" / "vault.db").chmod(0o400)
    (tmp_path / "vault").chmod(0o500)
    with pytest.raises(VaultError, match=r"cannot be (read|written)"), Vault.open(tmp_path / "vault") as vault:
        put_document(vault, "b.md", "text")


@pytest.mark.parametrize(
    "asked",
    [
        " ".join(f"word{number} leave" for number in range(5_000)),
        "the of and is to",
        "😀 🎉",
        'leave" OR body:* NEAR(travel budget, 3) AND NOT ^x (',
        "title:leave - + * : ^ { } col:x",
        "'; DROP TABLE passage; --",
        "\x00\ud800 leave",
    ],
    ids=["10,000 terms", "stop words", "emoji", "operators", "columns", "SQL", "no text"],
)
def test_whatever_is_searched_for_is_only_words(tmp_path: Path, asked: str) -> None:
    documents = [(SOURCES[0], written(f"leave travel {n}", path=f"{n}.md", tags=("draft",))) for n in range(3)]
    with filled(tmp_path / "vault", documents) as vault:
        searcher = Searcher(vault, WordEmbedder(), SETTINGS)  # type: ignore[arg-type]
        assert len(searcher.search(asked, k=5)) == 3
        assert searcher.search(asked, filters=read_filters(["tag=no-such-tag' OR 1=1 --"])) == []


def test_the_search_for_residue_finds_what_is_left_without_overwriting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of every erasure test: with ``secure_delete`` off the decrypted pages still hold the text."""
    from foretune.vault import database

    def left(overwrite: bool) -> bool:
        folder = tmp_path / f"vault-{overwrite}"
        monkeypatch.setattr(database, "SECURE_DELETE", "ON" if overwrite else "OFF")
        with Vault.create(folder) as vault:
            put_document(vault, "a.md", "Quillfeather owes us " * 3_000)
            with vault.writing() as connection:
                connection.execute(t.document.delete())
            vault.scrub()
            return any(b"uillfeather" in page for page in vault.pages())

    assert left(False)
    assert not left(True)
