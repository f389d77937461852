"""The vault: database, keys, access, audit.

Every document, and all that is made from one, lies encrypted in one file. Hands
on: :class:`Vault`, the tables (``foretune.vault.tables``) and the principal.
"""

from __future__ import annotations

from foretune.vault.access import Grant, GrantKind, Principal, Role, local_owner, readable
from foretune.vault.clock import now
from foretune.vault.lock import working
from foretune.vault.vault import Vault

__all__ = ["Grant", "GrantKind", "Principal", "Role", "Vault", "local_owner", "now", "readable", "working"]
