"""No text of any document is in any file but the vault's, whatever was done and however it ended."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import func, select
from tests.project.plaintext import (
    assert_no_plaintext,
    assert_no_vectors,
    fragments,
    needles,
    places_with,
    raw_vectors,
    scanned_meanwhile,
)
from tests.project.small import COMMAND, Small, done

from foretune.project import Project
from foretune.vault import Vault, database
from foretune.vault import tables as t

pytestmark = pytest.mark.slow


def test_the_search_for_plaintext_finds_it(small: Small) -> None:
    """Otherwise the tests below would prove nothing."""
    small.put_back(small.finished)
    documents = sorted((small.folder / "documents").iterdir())
    for document in documents:
        assert places_with(needles(), iter([document])), document
    assert places_with(needles(), iter([small.folder / "reports" / "report.html"]))
    with Vault.open(small.folder / "vault") as vault, vault.reading() as connection:
        for column in (t.document.c.text, t.passage.c.text, t.pair.c.response):
            held = connection.execute(select(func.count()).where(column.contains("brambleworthy"))).scalar_one()
            assert held == len(documents)


def test_after_a_whole_run_with_an_adapter(finished: Path, small: Small) -> None:
    adapters = [path for path in (finished / "vault" / "adapters").rglob("*") if path.is_file()]
    assert any(path.suffix == ".gguf" for path in adapters)
    assert_no_plaintext(small)


def test_after_every_verb(finished: Path, small: Small) -> None:
    page = finished / "documents" / "paid-parental-leave.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nAsk early.\n", encoding="utf-8")
    for verb in (
        ["add", "documents"],
        ["review"],
        ["review", "redact", page.name, "--reason", "a test"],
        ["review", "exclude", "*military*", "--reason", "a test"],
        ["index"],
        ["search", "brambleworthy form"],
        ["ask", "Which form is needed?"],
        ["pairs"],
        ["pairs", "export"],
        ["bench", "--arms", "search,rag"],
        ["status"],
        ["advise"],
        ["report"],
    ):
        with scanned_meanwhile(small):
            subprocess.run(
                [COMMAND, *verb],
                cwd=finished,
                env=small.env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
        assert_no_plaintext(small)


def test_while_it_serves_and_after_it_is_killed(finished: Path, small: Small) -> None:
    done("release", "create", "first", "--arm", "rag", "--promote", folder=finished, env=small.env)
    command, env = [COMMAND, "serve", "--port", "0"], {**small.env, "FORETUNE_API_KEY": "the key"}
    with (
        scanned_meanwhile(small),
        subprocess.Popen(command, cwd=finished, env=env, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address
        asked = {"model": "first", "messages": [{"role": "user", "content": "Which brambleworthy form is needed?"}]}
        request = Request(
            f"{address[0]}/chat/completions",
            json.dumps(asked).encode(),
            {"Authorization": "Bearer the key", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=60) as answer:
            assert answer.status == 200
        server.kill()
    assert_no_plaintext(small)
    with Vault.open(finished / "vault") as vault:
        assert_no_vectors(small, raw_vectors(vault))


def test_a_killed_run_leaves_none(added: Path, small: Small) -> None:
    with (
        scanned_meanwhile(small),
        subprocess.Popen([COMMAND, "run"], cwd=added, env=small.env, stderr=subprocess.PIPE, text=True) as running,
    ):
        assert running.stderr is not None
        while "indexing" not in (line := running.stderr.readline()):
            assert line, "the run ended before it came to the index"
        running.kill()
    assert_no_plaintext(small)


@pytest.mark.parametrize("careful", [True, False], ids=["as it is", "without overwriting"])
def test_when_everything_is_erased_no_page_holds_a_piece(
    careful: bool, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free pages and the log included; without overwriting there is residue, or this would prove nothing."""
    if not careful:
        monkeypatch.setattr(database, "SECURE_DELETE", "OFF")
        monkeypatch.setattr(Vault, "scrub", lambda _: None)
        monkeypatch.setattr(Vault, "compact", lambda _: None)
    with Project.open(finished) as project:
        vectors = raw_vectors(project.vault)
        before = b"\0".join(project.vault.pages())
        assert all(vector in before for vector in vectors[:3])
        assert all(fragment in before.lower() for fragment in fragments())
        project.erase([str(finished / "documents")])
        after = b"\0".join(project.vault.pages())
    left = [fragment for fragment in fragments() if fragment in after.lower()]
    kept = [vector for vector in vectors if vector in after]
    assert (not left and not kept) if careful else (left and kept)


def test_after_the_documents_were_removed(finished: Path, small: Small) -> None:
    shutil.rmtree(finished / "documents")
    (finished / "documents").mkdir()
    done("add", "documents", folder=finished, env=small.env)
    assert_no_plaintext(small)
