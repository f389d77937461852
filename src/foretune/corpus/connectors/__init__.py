"""Connectors: places documents come from other than a folder somebody adds, one module a kind.

A connector registers itself with :func:`connector` and hands on an origin
(:class:`foretune.corpus.origin.Origin`): what is there, and the bytes of each.
"""

from __future__ import annotations

from foretune.corpus.connectors import git, imap, mailbox, remote, table
from foretune.corpus.connectors.registry import Items, Place, connect, connector, source_name

__all__ = ["Items", "Place", "connect", "connector", "source_name"]

# Importing a module registers its connector.
_MODULES = (git, imap, mailbox, remote, table)
