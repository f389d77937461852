"""Reading documents: files of many kinds to text and metadata in the vault, kept up to date.

Hands on: :class:`~foretune.types.Document` (:func:`documents`), and for each file
what became of it (:class:`AddOutcome`).

Names are looked up when they are first used: the process that reads hostile files
imports this package too, and needs neither database nor settings.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foretune.corpus.conversations import Added, add_conversations, conversation_messages
    from foretune.corpus.erased import erase_documents, scrub
    from foretune.corpus.intake import add, declared_sources, sync
    from foretune.corpus.isolation import FileReader
    from foretune.corpus.readers import Extract, Raw, Reading, Unreadable, reader
    from foretune.corpus.source import Source, own_files, sources
    from foretune.corpus.store import CorpusSummary, SetAside, documents, find_document, set_aside_files, summary
    from foretune.corpus.update import AddOutcome

__all__ = [
    "AddOutcome",
    "Added",
    "CorpusSummary",
    "Extract",
    "FileReader",
    "Raw",
    "Reading",
    "SetAside",
    "Source",
    "Unreadable",
    "add",
    "add_conversations",
    "conversation_messages",
    "declared_sources",
    "documents",
    "erase_documents",
    "find_document",
    "own_files",
    "reader",
    "scrub",
    "set_aside_files",
    "sources",
    "summary",
    "sync",
]

_MODULES = {
    "conversations": ("Added", "add_conversations", "conversation_messages"),
    "erased": ("erase_documents", "scrub"),
    "intake": ("add", "declared_sources", "sync"),
    "isolation": ("FileReader",),
    "readers": ("Extract", "Raw", "Reading", "Unreadable", "reader"),
    "source": ("Source", "own_files", "sources"),
    "store": ("CorpusSummary", "SetAside", "documents", "find_document", "set_aside_files", "summary"),
    "update": ("AddOutcome",),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
