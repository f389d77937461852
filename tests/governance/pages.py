"""Documents for the vault, as the corpus leaves them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy.dialects.sqlite import insert as upsert

from foretune.types import digest
from foretune.vault import Vault, now
from foretune.vault.tables import document, source

__all__ = ["put", "read_pages"]


def read_pages(folder: Path, pattern: str = "**/*.md", *, limit: int | None = None) -> dict[str, str]:
    """Path and text of Markdown pages, without their front matter."""
    pages = {}
    for path in sorted(folder.glob(pattern))[:limit]:
        text = path.read_text(encoding="utf-8")
        if text.startswith("---\n") and (end := text.find("\n---\n", 4)) > 0:
            text = text[end + 5 :]
        pages[path.relative_to(folder).as_posix()] = text
    return pages


def put(vault: Vault, pages: dict[str, str], **columns: Any) -> list[str]:
    """Insert documents, or change those that are there; returns their ids."""
    ids = []
    with vault.writing() as connection:
        connection.execute(
            upsert(source)
            .values(id="pages", location="/srv/pages", kind="folder", label="internal", added_at=now())
            .on_conflict_do_nothing()
        )
        for path, text in pages.items():
            row = {
                "id": digest("pages", path),
                "source_id": "pages",
                "path": path,
                "content_hash": digest(text),
                "size": len(text.encode()),
                "mtime_ns": 1,
                "media_type": "text/markdown",
                "title": path,
                "author": "",
                "event": "",
                "date": "",
                "modified": "",
                "language": "",
                "tags": [],
                "keywords": [],
                "label": "internal",
                "properties": {},
                "text": text,
                "added_at": now(),
                "changed_at": now(),
                **columns,
            }
            connection.execute(upsert(document).values(**row).on_conflict_do_update(index_elements=["id"], set_=row))
            ids.append(str(row["id"]))
    return ids
