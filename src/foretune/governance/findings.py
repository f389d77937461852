"""Reading findings: filtered, the most important first, and only what the reader may see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from foretune.governance.checks import DocumentCheck, named
from foretune.governance.checks import checks as all_checks
from foretune.governance.checks.registry import types_of_parts
from foretune.governance.selection import documents_matching
from foretune.governance.store import effective_label, finding_of
from foretune.governance.types import ListedFinding
from foretune.types import Severity
from foretune.vault import Vault
from foretune.vault.tables import document, finding

__all__ = ["count_by_document", "count_findings", "findings"]


def findings(
    vault: Vault,
    *,
    checks: Iterable[str] = (),
    types: Iterable[str] = (),
    documents: Iterable[str] = (),
    least: Severity = Severity.INFO,
    limit: int | None = None,
) -> list[ListedFinding]:
    """What the checks found: by severity, then by how sure they are, then by place.

    ``checks``, ``types`` and ``documents`` (ids, paths or patterns) narrow it down; empty means all.

    Raises:
        InputError: a check or a document there is not.
    """
    query = (
        select(finding, document.c.path)
        .join(document, document.c.id == finding.c.document_id)
        .where(*_conditions(vault, checks, types, documents), finding.c.severity >= int(least))
        .order_by(
            finding.c.severity.desc(),
            finding.c.score.desc(),
            finding.c.check,
            document.c.path,
            finding.c.start,
            finding.c.id,
        )
        .limit(limit)
    )
    with vault.reading() as connection:
        return [ListedFinding(row.path, finding_of(row)) for row in connection.execute(query)]


def count_findings(
    vault: Vault, *, checks: Iterable[str] = (), documents: Iterable[str] = ()
) -> dict[tuple[str, str, Severity], int]:
    """How many there are by check, type and severity."""
    query = (
        select(finding.c.check, finding.c.type, finding.c.severity, func.count())
        .join(document, document.c.id == finding.c.document_id)
        .where(*_conditions(vault, checks, (), documents))
        .group_by(finding.c.check, finding.c.type, finding.c.severity)
        .order_by(finding.c.severity.desc(), finding.c.check, finding.c.type)
    )
    with vault.reading() as connection:
        return {(row[0], row[1], Severity(row[2])): row[3] for row in connection.execute(query)}


def count_by_document(
    vault: Vault, *, checks: Iterable[str] = (), limit: int | None = None
) -> list[tuple[str, dict[Severity, int]]]:
    """Path and number of findings by severity of the documents that have any, those that matter most first."""

    def of(severity: Severity) -> Any:
        return func.sum(case((finding.c.severity == int(severity), 1), else_=0))

    worst_first = sorted(Severity, reverse=True)
    counts = [of(severity).label(severity.name) for severity in worst_first]
    query = (
        select(document.c.path, *counts)
        .join(finding, document.c.id == finding.c.document_id)
        .where(*_conditions(vault, checks, (), ()))
        .group_by(document.c.id, document.c.path)
        .order_by(*(count.desc() for count in counts), document.c.path)
        .limit(limit)
    )
    with vault.reading() as connection:
        return [
            (row[0], {each: count for each, count in zip(worst_first, row[1:], strict=True) if count})
            for row in connection.execute(query)
        ]


def _conditions(
    vault: Vault, checks: Iterable[str], types: Iterable[str], documents: Iterable[str]
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [vault.readable(effective_label())]
    if not vault.principal.sees_everything:
        conditions.append(_of_one_document())
    if wanted := [check.name for check in named(checks)]:
        conditions.append(finding.c.check.in_(wanted))
    if some_types := list(types):
        conditions.append(finding.c.type.in_(some_types))
    if patterns := list(documents):
        conditions.append(finding.c.document_id.in_([each.id for each in documents_matching(vault, patterns)]))
    return conditions


def _of_one_document() -> ColumnElement[bool]:
    """Findings that were made without looking at any other document, which may be hidden from the reader."""
    alone = [each for each in all_checks() if isinstance(each, DocumentCheck)]
    return or_(
        *(and_(finding.c.check == each.name, finding.c.type.not_in(types_of_parts(each.name))) for each in alone)
    )
