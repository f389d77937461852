"""No text of any document is in any file but the vault's, whatever was done and however it ended."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.project.plaintext import assert_no_plaintext, needles, places_with
from tests.project.small import COMMAND, Small, done

from foretune.vault import Vault
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
        subprocess.run(
            [COMMAND, *verb], cwd=finished, env=small.env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert_no_plaintext(small)


def test_after_the_documents_were_removed(finished: Path, small: Small) -> None:
    shutil.rmtree(finished / "documents")
    (finished / "documents").mkdir()
    done("add", "documents", folder=finished, env=small.env)
    assert_no_plaintext(small)
