"""Pairs that somebody wrote elsewhere: from a training file into the vault, and from there to pairs like the others.

A row becomes a document whose text is the conversation, so that checks, decisions, redactions, labels and erasure
hold for it; what governance lets through becomes a pair, and is curated with the written ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from foretune.corpus import add_conversations, conversation_messages
from foretune.errors import InputError
from foretune.pairs.formats.read import Conversation, ReadFile, SetAside, read_files
from foretune.pairs.formats.record import conversation_fault
from foretune.progress import Progress, silent
from foretune.types import CONVERSATION, GovernedDocument, Label, Message, digest
from foretune.vault import Vault

__all__ = ["ImportedFile", "import_files", "imported_pairs", "is_conversation"]


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of a file; ``rows`` = ``added`` + ``unchanged`` + the rows set aside."""

    path: Path
    shape: str
    rows: int
    added: int
    unchanged: int
    removed: int
    """That the file held when it was last imported, and does not any more."""
    set_aside: tuple[SetAside, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "file": str(self.path),
            "shape": self.shape,
            "rows": self.rows,
            "added": self.added,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "set_aside": [{"line": each.line, "reason": each.reason} for each in self.set_aside],
        }


def import_files(
    vault: Vault, path: Path, *, form: str = "", label: Label = Label.INTERNAL, progress: Progress = silent
) -> list[ImportedFile]:
    """Take the conversations of a training file, or of a folder of them, into the vault.

    A file that was imported before is brought up to date: what it no longer holds goes.

    Args:
        form: a format's name; without it the form is told from the rows.
        label: of a new file's conversations.

    Raises:
        InputError: there is nothing to read, or no row of it can be read.
    """
    found = read_files(path, form=form)
    with progress.step("importing", total=len(found), unit="files") as step:
        imported = []
        for file in found:
            imported.append(_import(vault, file, label))
            step.advance()
    return imported


def _import(vault: Vault, file: ReadFile, label: Label) -> ImportedFile:
    rows = 0
    aside: list[SetAside] = []

    def conversations() -> Iterator[tuple[int, Sequence[Message], dict[str, Any]]]:
        nonlocal rows
        for row in file.rows():
            rows += 1
            if isinstance(row, Conversation):
                about = {"shape": file.shape.name, "split": file.split, "row": dict(row.record.metadata)}
                yield row.line, row.record.messages, about
            else:
                aside.append(row)

    readable = conversations()
    first = next(readable, None)
    if first is None:
        why = f": line {aside[0].line}: {aside[0].reason}" if aside else ""
        raise InputError(f"None of the {rows} rows of {file.path} can be learned from{why}.")
    added = add_conversations(vault, file.path, chain([first], readable), sha256=file.sha256, label=label)
    aside += [SetAside(line, reason) for line, reason in added.set_aside]
    with vault.writing() as connection:
        detail = {"file_hash": file.sha256, "rows": rows, "added": added.added, "set_aside": len(aside)}
        vault.record(connection, "pairs.import", "pairs", detail)
    return ImportedFile(
        file.path,
        file.shape.name,
        rows,
        added.added,
        added.unchanged,
        added.removed,
        tuple(sorted(aside, key=lambda each: each.line)),
    )


def is_conversation(document: GovernedDocument) -> bool:
    """Whether it is a conversation that was imported, not a text to write prompts for."""
    return document.media_type == CONVERSATION


def imported_pairs(documents: Iterable[GovernedDocument]) -> dict[str, Mapping[str, Any]]:
    """Rows of the table of pairs, by id, for the conversations among ``documents``, as redacted as those are."""
    rows: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        if not is_conversation(document):
            continue
        messages = conversation_messages(document.text)
        if conversation_fault(messages):
            continue  # a redaction took a whole message away: there is nothing left to learn
        system = messages[0].content if messages[0].role == "system" else ""
        *earlier, prompt, response = [each for each in messages if each.role != "system"]
        about = document.properties
        provenance = {
            "place": digest("imported", document.id)[:16],
            "file": about.get("file", ""),
            "file_hash": about.get("sha256", ""),
            "line": about.get("line", 0),
            "row": about.get("row", {}),
            "start": about.get("line", 0),  # its place in the file, as of other pairs in the document
            "shape": about.get("shape", ""),
            "history": [[each.role, each.content] for each in earlier],
        }
        identity = digest("imported", document.id, document.hash)[:16]
        rows[identity] = {
            "id": identity,
            "document_id": document.id,
            "document_hash": document.hash,
            "recipe": "imported",
            "system": system,
            "prompt": prompt.content,
            "response": response.content,
            "writer": "imported",
            "state": "kept",
            "reason": "",
            "split": "",
            "provenance": provenance,
        }
    return rows
