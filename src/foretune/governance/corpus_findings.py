"""Findings about all documents together: kept beside the others, because they belong to no document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, delete, select

from foretune.governance.store import finding_row
from foretune.types import Finding, Severity
from foretune.vault import Vault
from foretune.vault.tables import setting

__all__ = ["corpus_findings", "forget_corpus_findings", "keep_corpus_findings"]

_NAME = "corpus_findings."


def keep_corpus_findings(vault: Vault, connection: Connection, check: str, found: Sequence[Finding]) -> None:
    """Put what ``check`` found about the corpus in the place of what it found before, in the caller's transaction."""
    # Without quotations: whoever reads these may not be allowed to read every document.
    vault.set_setting(connection, _NAME + check, [finding_row(replace(each, related=())) for each in found])


def corpus_findings(vault: Vault) -> tuple[Finding, ...]:
    """What the last review found about the corpus, in the order in which the check gave it."""
    query = select(setting.c.value).where(setting.c.name.startswith(_NAME, autoescape=True)).order_by(setting.c.name)
    with vault.reading() as connection:
        rows = [row for value in connection.execute(query).scalars() for row in value]
    return tuple(
        Finding(
            "",
            row["check"],
            row["type"],
            Severity(row["severity"]),
            row["message"],
            text=row["text"],
            score=row["score"],
            evidence=row["evidence"],
        )
        for row in rows
    )


def forget_corpus_findings(connection: Connection) -> None:
    """For erasure: what was counted over documents that go must not outlast them."""
    connection.execute(delete(setting).where(setting.c.name.startswith(_NAME, autoescape=True)))
