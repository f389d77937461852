"""kill -9 at any moment, then the same command again: the same vault as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.corpus.files import write
from tests.corpus.test_sync import state

from foretune.corpus import add, documents
from foretune.plan.config import CorpusSettings
from foretune.vault import Vault

CHILD = """
import sys
from pathlib import Path
from foretune.corpus import add
from foretune.plan.config import CorpusSettings
from foretune.vault import Vault

base, folder = Path(sys.argv[1]), Path(sys.argv[2])
with Vault.open(base / "vault") as vault:
    for one in add(vault, [folder], settings=CorpusSettings(), base=base):
        print(one.path, one.outcome, flush=True)
"""


def fill(folder: Path) -> None:
    pages = {f"{number:03}.md": f"---\ntitle: Page {number}\n---\n{'text ' * 400}{number}" for number in range(260)}
    write(folder, pages | {"a.html": "<p>page</p>", "empty.md": "", "zoo.eml": "Subject: x\n\nBody"})


@pytest.mark.parametrize("lines", [1, 130, 263])
def test_a_killed_run_is_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    monkeypatch.setenv("FORETUNE_KEY", "ab" * 32)
    folder = tmp_path / "docs"
    fill(folder)
    Vault.create(tmp_path / "vault").close()
    with Vault.create(tmp_path / "whole") as whole:
        list(add(whole, [folder], settings=CorpusSettings(), base=tmp_path))
        expected = state(whole)

    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().split()[0] for _ in range(lines)]
    child.kill()
    child.wait()
    child.stdout.close()

    with Vault.open(tmp_path / "vault") as vault:
        kept = {one.path for one in documents(vault)}
        assert {path for path in acknowledged if path != "empty.md"} <= kept
        again = list(add(vault, [folder], settings=CorpusSettings(), base=tmp_path))
        assert len(again) == 263
        assert state(vault) == expected


def test_a_removal_that_was_cut_short_before_the_clean_up_is_cleaned_up(vault: Vault, tmp_path: Path) -> None:
    folder = write(tmp_path / "docs", {"a.md": "word " * 1000, "b.md": "y"})
    list(add(vault, [folder], settings=CorpusSettings(), base=tmp_path))
    (folder / "a.md").unlink()
    running = add(vault, [folder], settings=CorpusSettings(), base=tmp_path)
    assert {next(running).path, next(running).path} == {"a.md", "b.md"}
    running.close()  # type: ignore[attr-defined]
    assert vault.setting("corpus.scrub") is True
    list(add(vault, [folder], settings=CorpusSettings(), base=tmp_path))
    assert vault.setting("corpus.scrub") is False
