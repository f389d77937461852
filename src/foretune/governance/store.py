"""Governance's rows in the vault, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Text, case, cast, exists, func, select

from foretune.governance.types import Decision, DecisionKind
from foretune.types import Document, Finding, Label, Related, Severity, Use, digest
from foretune.vault.tables import decision, document

__all__ = [
    "DOCUMENT_COLUMNS",
    "decision_of",
    "document_of",
    "effective_label",
    "finding_of",
    "finding_row",
    "version",
]

DOCUMENT_COLUMNS = tuple(column for column in document.columns if column.name not in ("text", "size", "mtime_ns"))
"""All that is known of a document but its text, which can be long."""


def effective_label() -> ColumnElement[str]:
    """The label that holds: of the newest relabelling that was not taken back, else the document's own.

    A downgrade counts through its confirmation, which carries the label.
    """
    one, undo = decision.alias("labelling"), decision.alias("taking_back")
    confirmed = case((one.c.kind == DecisionKind.CONFIRM.value, one.c.replacement), else_="")
    taken_back = exists().where(
        undo.c.document_id == one.c.document_id,
        undo.c.kind == DecisionKind.UNDO.value,
        undo.c.replacement.in_([cast(one.c.id, Text), confirmed]),
    )
    newest = (
        select(one.c.label)
        .where(
            one.c.document_id == document.c.id,
            one.c.kind.in_([DecisionKind.RELABEL.value, DecisionKind.CONFIRM.value]),
            one.c.label != "",
            ~taken_back,
        )
        .order_by(one.c.id.desc())
        .limit(1)
        .correlate(document)
        .scalar_subquery()
    )
    return func.coalesce(newest, document.c.label)


def document_of(row: Any, *, text: str = "", label: str | None = None) -> Document:
    """A document from a row with :data:`DOCUMENT_COLUMNS`."""
    return Document(
        id=row.id,
        source=row.source_id,
        path=row.path,
        content_hash=row.content_hash,
        text=text,
        media_type=row.media_type,
        title=row.title,
        author=row.author,
        event=row.event,
        date=row.date,
        modified=row.modified,
        language=row.language,
        tags=tuple(row.tags),
        keywords=tuple(row.keywords),
        label=Label(label or row.label),
        properties=row.properties,
    )


def version(each: Document) -> str:
    """What checks have seen of a document: its content and metadata, but not what checks themselves add to it."""
    return digest(
        each.content_hash,
        each.media_type,
        each.title,
        each.author,
        each.event,
        each.date,
        each.modified,
        each.tags,
        each.keywords,
        each.properties,
    )[:32]


def finding_row(each: Finding) -> dict[str, Any]:
    return {
        "id": each.id,
        "document_id": each.document_id,
        "check": each.check,
        "type": each.type,
        "severity": int(each.severity),
        "start": each.start,
        "end": each.end,
        "text": each.text,
        "score": each.score,
        "message": each.message,
        "related": [
            {"document": other.document, "start": other.start, "end": other.end, "text": other.text}
            for other in each.related
        ],
        "evidence": dict(each.evidence),
    }


def finding_of(row: Row[Any]) -> Finding:
    return Finding(
        document_id=row.document_id,
        check=row.check,
        type=row.type,
        severity=Severity(row.severity),
        message=row.message,
        start=row.start,
        end=row.end,
        text=row.text,
        score=row.score,
        related=tuple(Related(**other) for other in row.related),
        evidence=row.evidence,
    )


def decision_of(row: Row[Any], *, path: str = "") -> Decision:
    kind = DecisionKind(row.kind)
    # One column serves both: the words of a replacement, and the id of the decision it is about.
    refers = kind in (DecisionKind.CONFIRM, DecisionKind.UNDO)
    return Decision(
        document_id=row.document_id,
        kind=kind,
        reason=row.reason,
        actor=row.actor,
        use=Use(row.use) if row.use else None,
        label=Label(row.label) if row.label else None,
        finding_id=row.finding_id,
        start=row.start,
        end=row.end,
        text=row.text,
        replacement="" if refers else row.replacement,
        about=int(row.replacement) if refers else None,
        document_hash=row.document_hash,
        at=row.at,
        id=row.id,
        path=path,
    )
