"""Readers: bytes of a file to its text and what is known about it, one module a family of formats.

A reader registers itself with :func:`reader`. Hands on: :class:`Reading`, or the
reason (:class:`Unreadable`) why there is none.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from foretune.corpus.metadata import clean_text, describe
from foretune.corpus.readers import captions, compound, html, mail, office, packages, pdf, refusals, tables, text
from foretune.corpus.readers.active import active_content
from foretune.corpus.readers.reading import DAMAGED, NO_TEXT, PARTED, Extract, Raw, Reading, Unreadable
from foretune.corpus.readers.registry import Reader, reader, reader_for

__all__ = ["PARTED", "Extract", "Raw", "Reader", "Reading", "Unreadable", "read", "reader", "reader_for"]

# Importing a module registers its readers.
_MODULES = (captions, compound, html, mail, office, packages, pdf, refusals, tables, text)

TOO_LONG = "longer than {limit:,} characters (corpus.max_characters in foretune.toml): split it"
TOO_COMPLEX = "too deeply nested or too large to be read in the memory allowed"


def read(raw: Raw) -> list[Reading]:
    """The documents of a file: one, or one a message for a mailbox.

    Raises:
        Unreadable: with the reason; also where a library fails on the file, which is then taken for damaged.
    """
    if not raw.data:
        raise Unreadable("empty: it has no bytes")
    found = reader_for(raw.name, raw.data[:1024])
    try:
        extracts = list(found.read(raw))
    except Unreadable:
        raise
    except (RecursionError, MemoryError):
        raise Unreadable(TOO_COMPLEX) from None
    except Exception:
        raise Unreadable(DAMAGED.format(kind=found.kind)) from None
    noted = active_content(raw.data)
    if noted:
        extracts = [replace(extract, metadata={**extract.metadata, **noted}) for extract in extracts]
    readings = [_reading(raw, extract) for extract in extracts if extract.text.strip()]
    if not readings:
        raise Unreadable(NO_TEXT)
    if any(len(reading.text) > raw.max_characters for reading in readings):
        raise Unreadable(TOO_LONG.format(limit=raw.max_characters))
    return readings


def _reading(raw: Raw, extract: Extract) -> Reading:
    cleaned = clean_text(extract.text)
    return Reading(
        text=cleaned,
        media_type=extract.media_type,
        content_hash=hashlib.sha256(raw.data if extract.data is None else extract.data).hexdigest(),
        description=describe(extract.metadata, cleaned, raw.name, markdown=extract.headings),
        part=extract.part,
        note=extract.note,
    )
