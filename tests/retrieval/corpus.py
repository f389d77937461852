"""Documents for the tests: real pages, put into a vault as reading and governance would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import frontmatter
import pytest
from sqlalchemy import delete, insert
from tests.helpers import ROOT

from foretune.embedding import Embedder, open_embedder
from foretune.models import CATALOGUE, installed
from foretune.types import GovernedDocument, Label, Use, digest
from foretune.vault import Vault, tables

PAGES = ROOT / "examples" / "handbook" / "documents"


def open_real_embedder() -> Embedder:
    """The packaged model; the test is skipped where it is not on this machine."""
    if not installed(CATALOGUE["all-minilm-l6-v2"]):
        pytest.skip("the embedding model is not on this machine: foretune models get all-minilm-l6-v2")
    return open_embedder("all-minilm-l6-v2")


def page(path: Path, base: Path = PAGES) -> GovernedDocument:
    """A handbook page."""
    parsed = frontmatter.loads(path.read_text(encoding="utf-8"))
    keywords = str(parsed.metadata.get("keywords") or "")
    return written(
        parsed.content,
        path=path.relative_to(base).as_posix(),
        title=str(parsed.metadata.get("title") or ""),
        keywords=tuple(word.strip() for word in keywords.split(",") if word.strip()),
    )


def written(
    text: str,
    *,
    path: str = "page.md",
    title: str = "",
    keywords: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    label: Label = Label.INTERNAL,
    media_type: str = "text/markdown",
) -> GovernedDocument:
    """A governed document; its hash follows from everything else."""
    return GovernedDocument(
        id=digest(path)[:16],
        path=path,
        text=text,
        use=Use.BOTH,
        hash=digest(text, title, keywords, tags, label),
        title=title,
        keywords=keywords,
        tags=tags,
        label=label,
        media_type=media_type,
    )


def changed(document: GovernedDocument, text: str) -> GovernedDocument:
    """The same document with another text."""
    return replace(document, text=text, hash=digest(text, document.title))


def put(vault: Vault, documents: Iterable[GovernedDocument]) -> list[GovernedDocument]:
    """Rows in the document table, which passages refer to."""
    listed = list(documents)
    with vault.writing() as connection:
        connection.execute(delete(tables.source))
        connection.execute(
            insert(tables.source).values(id="s", location="/pages", kind="folder", label="internal", added_at="")
        )
        for document in listed:
            connection.execute(
                insert(tables.document).values(
                    id=document.id,
                    source_id="s",
                    path=document.path,
                    content_hash="",
                    size=0,
                    mtime_ns=0,
                    media_type=document.media_type,
                    title=document.title,
                    tags=list(document.tags),
                    keywords=list(document.keywords),
                    label=document.label.value,
                    text=document.text,
                    added_at="",
                    changed_at="",
                )
            )
    return listed
