"""Conversations that somebody wrote elsewhere: each a document of its own, of the file they came in.

They are not sources to answer from (nothing retrieves them) but examples of how to answer; checks, decisions,
labels and erasure hold for them as for any document.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from foretune.corpus.erased import Erased
from foretune.corpus.ledger import Change, Ledger, document_id
from foretune.corpus.metadata import Description
from foretune.corpus.readers import Reading
from foretune.corpus.source import conversation_target
from foretune.types import CONVERSATION, Label, Message, digest
from foretune.vault import Vault

__all__ = ["Added", "add_conversations", "conversation_messages", "conversation_text"]

_BATCH = 500
_ROLE = re.compile(r"^(\\*)\[(system|user|assistant)\]$", re.MULTILINE)
"""A line that says who speaks; a line of the text that looks like one has a backslash more than it had."""


def conversation_text(messages: Sequence[Message]) -> str:
    """A conversation as people read it in the review: who speaks in brackets, then what they say."""
    return "\n".join(f"[{each.role}]\n{_ROLE.sub(_deeper, each.content)}" for each in messages)


def _deeper(match: re.Match[str]) -> str:
    return "\\" + match.group()


def conversation_messages(text: str) -> tuple[Message, ...]:
    """What :func:`conversation_text` wrote, read back; also after redactions."""
    marks = [match for match in _ROLE.finditer(text) if not match[1]]
    ends = [match.start() - 1 for match in marks[1:]] + [len(text)]
    return tuple(
        Message(
            mark[2],
            _ROLE.sub(lambda found: found.group()[1:] if found[1] else found.group(), text[mark.end() + 1 : end]),
        )
        for mark, end in zip(marks, ends, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the conversations of a file."""

    added: int
    unchanged: int
    removed: int
    """That were in the file when it was last taken in."""
    set_aside: tuple[tuple[int, str], ...]
    """Lines, and why: said before in the same file, or erased."""


def add_conversations(
    vault: Vault,
    file: Path,
    conversations: Iterable[tuple[int, Sequence[Message], dict[str, Any]]],
    *,
    sha256: str,
    label: Label,
) -> Added:
    """Take the conversations of ``file`` into the vault, instead of what it held when it was last taken in.

    Args:
        conversations: line, messages, and what else is known (JSON values).
        sha256: of the file's bytes.
        label: of a new file's documents; known ones keep theirs.
    """
    location = Path(os.path.realpath(file))
    about = location.stat()
    ledger, erased = Ledger(vault), Erased(vault)
    target = conversation_target(vault, location, label)
    source, new = target.source, [target.source] if target.is_new else []
    known = {path for each in ledger.files(target).values() for path in each.documents}
    gone = set(known)
    seen: dict[str, int] = {}
    aside: list[tuple[int, str]] = []
    added = 0
    rows = iter(conversations)
    while batch := list(islice(rows, _BATCH)):
        change = Change(source, location.name, size=about.st_size, mtime_ns=about.st_mtime_ns)
        for line, messages, properties in batch:
            text = conversation_text(messages)
            content = digest(text)
            path = f"{location.name}/{content[:12]}"
            if path in seen:
                aside.append((line, f"it says the same as line {seen[path]}"))
                continue
            if when := erased.when(content):
                aside.append((line, f"it was erased on {when[:10]}"))
                continue
            seen[path] = line
            gone.discard(path)
            where = {"file": location.name, "sha256": sha256, "line": line}
            change.readings[path] = Reading(
                text, CONVERSATION, content, Description(properties={**properties, **where})
            )
            change.labels[path] = source.label
        change.added = frozenset(change.readings.keys() - known)
        added += len(change.added)
        if change.writes:
            ledger.write([change], new)
            new = []
    removed = [document_id(source.id, path) for path in sorted(gone)]
    if removed:
        ledger.write([Change(source, location.name, removed=tuple(removed))])
    ledger.scrub()
    return Added(added, len(seen) - added, len(removed), tuple(aside))
