"""The shared vocabulary: what travels from one stage to the next.

Frozen dataclasses only; each stage's own types live in its package. Offsets are
code points of the text they point into, end exclusive. Dates are ISO 8601
(``2021-03-04`` or ``2021-03-04T10:00:00``), as far as the source gave them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

__all__ = [
    "ARMS",
    "CONVERSATION",
    "Arm",
    "Document",
    "Finding",
    "GovernedDocument",
    "Label",
    "Message",
    "Outcome",
    "Pair",
    "Passage",
    "Question",
    "Related",
    "Role",
    "Severity",
    "Use",
    "digest",
]


def digest(*parts: object) -> str:
    """SHA-256 (64 hex digits) of ``parts`` as canonical JSON: the identity of an input.

    Equal inputs give equal digests on every machine; that is what staleness,
    caching and resuming compare.
    """
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


CONVERSATION = "application/vnd.foretune.conversation"
"""Media type of a document that is a conversation written elsewhere: to learn from, never to answer from."""


class Label(StrEnum):
    """How sensitive a document is; the order is the order of sensitivity."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"

    @property
    def rank(self) -> int:
        """0 (public) to 3 (restricted)."""
        return list(Label).index(self)


class Role(StrEnum):
    """What a principal may do."""

    OWNER = "owner"
    """Everything: also access, keys."""
    STEWARD = "steward"
    """Change what is in the vault: add, decide, erase."""
    READER = "reader"
    """Search, ask, and read what the checks found, in the documents it was granted."""
    AUDITOR = "auditor"
    """Read and verify the audit log and receipts; no document's text."""


class Use(StrEnum):
    """What an included document may be used for."""

    RETRIEVAL = "retrieval"
    TUNING = "tuning"
    BOTH = "both"

    def covers(self, other: Use) -> bool:
        """True where an inclusion for this use allows ``other``."""
        return self is Use.BOTH or self is other


class Severity(IntEnum):
    """How much a finding matters to whoever has to decide."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4


@dataclass(frozen=True, slots=True)
class Document:
    """One file or record: its text and what is known about it."""

    id: str
    """Stable across changes of content: derived from source and path."""
    source: str
    """Id of the source it came from."""
    path: str
    """Relative to its source, with forward slashes."""
    content_hash: str
    """SHA-256 of the bytes that were read."""
    text: str
    media_type: str = "text/plain"
    title: str = ""
    author: str = ""
    event: str = ""
    date: str = ""
    """When it was written or published, ISO 8601; empty where nothing says."""
    modified: str = ""
    language: str = ""
    """ISO 639-1, empty until checked."""
    tags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    label: Label = Label.INTERNAL
    properties: Mapping[str, Any] = field(default_factory=dict)
    """Everything else the source said, JSON values only."""


@dataclass(frozen=True, slots=True)
class Related:
    """Another place a finding points to (the other page of a duplicate, say)."""

    document: str
    """Path, as shown to people."""
    start: int | None = None
    end: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw in one document."""

    document_id: str
    check: str
    type: str
    severity: Severity
    message: str
    """One sentence a marketer understands."""
    start: int | None = None
    end: int | None = None
    text: str = ""
    score: float = 1.0
    """0 to 1: how sure the check is."""
    related: tuple[Related, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Stable while check, place and text stay the same."""
        return digest(self.document_id, self.check, self.type, self.start, self.end, self.text, self.message)[:16]


@dataclass(frozen=True, slots=True)
class GovernedDocument:
    """A document that was let through, as later stages may see it: repaired and redacted."""

    id: str
    path: str
    text: str
    use: Use
    hash: str
    """Digest of the text, metadata and decisions: changes when anything later stages see changes."""
    title: str = ""
    author: str = ""
    event: str = ""
    date: str = ""
    modified: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    label: Label = Label.INTERNAL
    media_type: str = "text/plain"
    properties: Mapping[str, Any] = field(default_factory=dict)
    cluster: str = ""
    """Near-duplicate cluster, empty when alone: splits keep a cluster on one side."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A retrievable piece of a document."""

    id: int
    document_id: str
    path: str
    ordinal: int
    """0, 1, 2 … within the document."""
    start: int
    end: int
    """Into the governed text of the document."""
    text: str
    headings: tuple[str, ...] = ()
    """From the document's title down to the nearest heading."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    """``system``, ``user`` or ``assistant``."""
    content: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A prompt and the response it should get, with where it came from."""

    id: str
    document_id: str
    path: str
    recipe: str
    prompt: str
    response: str
    writer: str
    """``engine`` where a language model wrote it, ``rule`` where a rule did, ``template`` where one stands in for an
    engine that failed, ``person`` where somebody rewrote it."""
    split: str = ""
    """``train``, ``evaluation`` or empty while unassigned."""
    state: str = "kept"
    """``kept``, ``dropped`` or, where it could not be written at all, ``set_aside``."""
    reason: str = ""
    """Why it was dropped, or why the template stood in."""
    system: str = ""
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The canonical training form; ``history`` of the provenance holds earlier turns, as role and content."""
        head = (Message("system", self.system),) if self.system else ()
        earlier = (Message(role, content) for role, content in self.provenance.get("history", ()))
        return (*head, *earlier, Message("user", self.prompt), Message("assistant", self.response))


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer is known."""

    id: str
    question: str
    answer: str
    kind: str
    """``number``, ``name``, ``yesno``, ``list``, ``free`` or ``unanswerable``."""
    aliases: tuple[str, ...] = ()
    source: str = ""
    """Path of the document the answer is in."""
    evidence: str = ""
    paraphrase: str = ""
    note: str = ""


class Outcome(StrEnum):
    """What a response to a question came to."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    NOT_ATTEMPTED = "not_attempted"
    NOT_SCORED = "not_scored"


class Arm(StrEnum):
    """What the bench compares."""

    SEARCH = "search"
    BASE = "base"
    RAG = "rag"
    TUNED = "tuned"
    TUNED_RAG = "tuned+rag"

    @property
    def retrieves(self) -> bool:
        return self in (Arm.SEARCH, Arm.RAG, Arm.TUNED_RAG)

    @property
    def tuned(self) -> bool:
        return self in (Arm.TUNED, Arm.TUNED_RAG)


ARMS: tuple[Arm, ...] = tuple(Arm)
