"""What personal and secret data looks like: patterns, and the checksums that tell it from other numbers.

Hands on :data:`PATTERNS`, most specific first: where two match the same place, the
earlier one says what it is.
"""

from __future__ import annotations

from foretune.governance.personal import contact, health, identity, money, secrets
from foretune.governance.personal.pattern import Pattern

__all__ = ["PATTERNS", "Pattern"]

PATTERNS: tuple[Pattern, ...] = (
    *secrets.PATTERNS,
    *money.PATTERNS,
    *identity.PATTERNS,
    *health.PATTERNS,
    *contact.PATTERNS,
)
