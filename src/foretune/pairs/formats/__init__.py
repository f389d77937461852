"""Formats of training files: written for a consumer, checked by its rules, and read back.

A *shape* is how a row holds a conversation; a *format* is a consumer: a shape, its rules and the files it wants.
To add one, subclass :class:`~foretune.pairs.formats.base.Format` under ``@formatted``.
"""

from __future__ import annotations

# the order here is the order in which people are shown them
from foretune.pairs.formats import cloud, hosted, hub, plain, trainers, webui  # noqa: F401 -- they register
from foretune.pairs.formats.base import FORMATS, Format, find_format
from foretune.pairs.formats.read import Conversation, ReadFile, SetAside, read_files
from foretune.pairs.formats.record import Record, records
from foretune.pairs.formats.tokens import token_counter
from foretune.pairs.formats.validate import FormatFinding, validate
from foretune.pairs.formats.write import Export, export_format, exported_format

__all__ = [
    "FORMATS",
    "Conversation",
    "Export",
    "Format",
    "FormatFinding",
    "ReadFile",
    "Record",
    "SetAside",
    "export_format",
    "exported_format",
    "find_format",
    "read_files",
    "records",
    "token_counter",
    "validate",
]
