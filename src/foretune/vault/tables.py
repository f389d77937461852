"""The vault's tables, described once; :mod:`foretune.vault.migrations` follows them.

Ids of documents, findings and pairs are digests of what they stand for, so that
doing work twice writes the same row twice. Times are UTC, ISO 8601.
Removing a document removes what was made from it (``ON DELETE CASCADE``).
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import JSON

__all__ = [
    "adapter",
    "bench_answer",
    "bench_run",
    "checked",
    "checkpoint",
    "completion",
    "decision",
    "document",
    "erasure",
    "event",
    "finding",
    "grant",
    "metadata",
    "pair",
    "pair_decision",
    "pair_source",
    "passage",
    "principal",
    "question",
    "release",
    "sentence_vector",
    "set_aside",
    "setting",
    "signature",
    "source",
    "stage",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _document_id(*, key: bool = False) -> Column[str]:
    return Column("document_id", Text, ForeignKey("document.id", ondelete="CASCADE"), primary_key=key, nullable=False)


setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("id", Text, primary_key=True),
    Column("location", Text, nullable=False),  # folder or file as the person named it, absolute
    Column("kind", Text, nullable=False),  # folder, file
    Column("label", Text, nullable=False),
    Column("added_at", Text, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_id", Text, ForeignKey("source.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("size", Integer, nullable=False),  # bytes, with mtime_ns: a quick "unchanged" without reading
    Column("mtime_ns", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("author", Text, nullable=False, default=""),
    Column("event", Text, nullable=False, default=""),
    Column("date", Text, nullable=False, default=""),
    Column("modified", Text, nullable=False, default=""),
    Column("language", Text, nullable=False, default=""),
    Column("tags", JSON, nullable=False, default=list),
    Column("keywords", JSON, nullable=False, default=list),
    Column("label", Text, nullable=False),
    Column("properties", JSON, nullable=False, default=dict),
    Column("text", Text, nullable=False),
    Column("added_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)
Index("ix_document_source_path", document.c.source_id, document.c.path, unique=True)

set_aside = Table(
    "set_aside",
    metadata,
    Column("source_id", Text, ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("mtime_ns", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Text, nullable=False),
)

checked = Table(  # which version of a document a check has seen
    "checked",
    metadata,
    _document_id(key=True),
    Column("check", Text, primary_key=True),
    Column("hash", Text, nullable=False),
)

signature = Table(  # what corpus checks compare a document by, so that it is signed once
    "signature",
    metadata,
    _document_id(key=True),
    Column("check", Text, primary_key=True),
    Column("hash", Text, nullable=False),  # the version of the document and of the check
    Column("value", LargeBinary, nullable=False),
)

finding = Table(
    "finding",
    metadata,
    Column("id", Text, primary_key=True),
    _document_id(),
    Column("check", Text, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("start", Integer),
    Column("end", Integer),
    Column("text", Text, nullable=False, default=""),
    Column("score", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("related", JSON, nullable=False, default=list),
    Column("evidence", JSON, nullable=False, default=dict),
)
Index("ix_finding_document", finding.c.document_id)

decision = Table(  # append-only; the newest of a kind on a document (and finding) holds
    "decision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _document_id(),
    Column("kind", Text, nullable=False),  # include, exclude, redact, relabel, supersede, repair
    Column("use", Text, nullable=False, default=""),  # of an inclusion: retrieval, tuning, both
    Column("label", Text, nullable=False, default=""),  # of a relabelling
    Column("finding_id", Text, nullable=False, default=""),
    Column("start", Integer),
    Column("end", Integer),
    Column("text", Text, nullable=False, default=""),  # what stood there: finds it again in a later version
    Column("replacement", Text, nullable=False, default=""),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),  # a principal, or "policy"
    Column("document_hash", Text, nullable=False),  # what was decided on
    Column("at", Text, nullable=False),
)
Index("ix_decision_document", decision.c.document_id)

passage = Table(
    "passage",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _document_id(),
    Column("document_hash", Text, nullable=False),  # GovernedDocument.hash it was made from
    Column("recipe", Text, nullable=False),  # digest of splitter settings and embedder
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("headings", JSON, nullable=False, default=list),
    Column("tokens", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # little-endian float32, unit length
)
Index("ix_passage_document", passage.c.document_id, passage.c.ordinal)

sentence_vector = Table(
    "sentence_vector",
    metadata,
    Column("passage_id", Integer, ForeignKey("passage.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("vectors", LargeBinary, nullable=False),  # int8, one row a sentence: directions, not of unit length
)

pair = Table(
    "pair",
    metadata,
    Column("id", Text, primary_key=True),
    _document_id(),
    Column("document_hash", Text, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("system", Text, nullable=False, default=""),
    Column("prompt", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("writer", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("split", Text, nullable=False, default=""),
    Column("provenance", JSON, nullable=False, default=dict),
    Column("at", Text, nullable=False),
)
Index("ix_pair_document", pair.c.document_id)

pair_source = Table(  # further documents whose text is in a pair; a trigger takes the pair away with any of them
    "pair_source",
    metadata,
    Column("pair_id", Text, ForeignKey("pair.id", ondelete="CASCADE"), primary_key=True),
    _document_id(key=True),
    Column("document_hash", Text, nullable=False),
)
Index("ix_pair_source_document", pair_source.c.document_id)

pair_decision = Table(  # append-only; the newest of a kind on a place holds
    "pair_decision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _document_id(),
    Column("place", Text, nullable=False),  # document, recipe and text: the same when the pair is written again
    Column("kind", Text, nullable=False),  # keep, reject, rate, rewrite
    Column("prompt", Text, nullable=False, default=""),  # of a rewriting
    Column("response", Text, nullable=False, default=""),
    Column("rating", Integer),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("pair_hash", Text, nullable=False),  # of the prompt and response that were decided on
    Column("at", Text, nullable=False),
)
Index("ix_pair_decision_document", pair_decision.c.document_id)
Index("ix_pair_decision_place", pair_decision.c.place)

adapter = Table(
    "adapter",
    metadata,
    Column("id", Text, primary_key=True),  # digest of inputs
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),  # pilot, full
    Column("path", Text, nullable=False),  # relative to the vault folder
    Column("hash", Text, nullable=False),  # SHA-256 of the GGUF
    Column("base_hash", Text, nullable=False),
    Column("label", Text, nullable=False),  # highest label it was trained on
    Column("settings", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("at", Text, nullable=False),
    Column("tainted", Text, nullable=False, server_default=""),  # receipt of the erasure of what it learned from
    Column("barred", Boolean, nullable=False, server_default="0"),  # tainted, and not to be used for it
)

question = Table(
    "question",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ordinal", Integer, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("aliases", JSON, nullable=False, default=list),
    Column("source", Text, nullable=False, default=""),
    Column("evidence", Text, nullable=False, default=""),
    Column("paraphrase", Text, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
)

bench_run = Table(
    "bench_run",
    metadata,
    Column("id", Text, primary_key=True),  # digest of questions, arms, engine, adapter, index, settings
    Column("settings", JSON, nullable=False),
    Column("summary", JSON, nullable=False, default=dict),
    Column("finished", Boolean, nullable=False, default=False),
    Column("at", Text, nullable=False),
)

bench_answer = Table(
    "bench_answer",
    metadata,
    Column("run_id", Text, ForeignKey("bench_run.id", ondelete="CASCADE"), primary_key=True),
    Column("question_id", Text, primary_key=True),
    Column("arm", Text, primary_key=True),
    Column("response", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("scorer", Text, nullable=False),
    Column("passages", JSON, nullable=False, default=list),
    Column("seconds", Float, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost", Float, nullable=False, default=0.0),
)

completion = Table(  # what engines answered, by content: nothing is asked twice
    "completion",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

release = Table(
    "release",
    metadata,
    Column("id", Text, primary_key=True),  # digest of the specification
    Column("name", Text, nullable=False, unique=True),
    Column("specification", JSON, nullable=False),
    Column("at", Text, nullable=False),
)

principal = Table(
    "principal",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),  # owner, steward, reader, auditor
    Column("label", Text, nullable=False),  # the most sensitive label it may read
    Column("at", Text, nullable=False),
    Column("key_hash", Text, nullable=False, server_default=""),  # SHA-256 of its API key
)

grant = Table(
    "grant",
    metadata,
    Column("principal", Text, ForeignKey("principal.name", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),  # label, source, tag
    Column("value", Text, primary_key=True),
)

stage = Table(  # what each stage was last made from
    "stage",
    metadata,
    Column("name", Text, primary_key=True),
    Column("inputs", Text, nullable=False),
    Column("summary", JSON, nullable=False, default=dict),
    Column("at", Text, nullable=False),
)

event = Table(  # the audit log: append-only, a trigger refuses changes
    "event",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False, default=dict),
    Column("leaf", Text, nullable=False),  # RFC 6962 leaf hash
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", Integer, primary_key=True),  # events covered
    Column("root", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("at", Text, nullable=False),
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", Text, primary_key=True),
    Column("receipt", JSON, nullable=False),
    Column("at", Text, nullable=False),
)
