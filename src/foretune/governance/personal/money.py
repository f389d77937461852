"""Cards and accounts."""

from __future__ import annotations

import re

from foretune.governance.personal import checksums
from foretune.governance.personal.pattern import Pattern, digits, where
from foretune.types import Severity

__all__ = ["PATTERNS"]


def _iban(match: re.Match[str]) -> tuple[int, int] | None:
    """The country says how long it is; whatever follows is another word."""
    length = checksums.IBAN_LENGTHS.get(match[0][:2].upper(), 0)
    taken = 0
    for offset, character in enumerate(match[0]):
        taken += character != " "
        if taken == length:
            end = match.start() + offset + 1
            ends_word = not match.string[end : end + 1].isalnum()
            return (match.start(), end) if ends_word and checksums.iban(match[0][: offset + 1]) else None
    return None


def _maestro(number: str) -> bool:
    """Maestro numbers have 12 to 19 digits and many prefixes: taken only beside the word "card"."""
    bare = digits(number)
    return 12 <= len(bare) <= 19 and bare[0] in "3456" and checksums.luhn(bare)


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "iban",
        re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,32}"),
        Severity.HIGH,
        "A bank account number (IBAN, its checksum is right)",
        _iban,
        hint=r"(?:^|[^A-Za-z0-9])[A-Za-z]{2}\p{Nd}{2}(?: ?[A-Za-z0-9]){11}",
    ),
    Pattern(
        "card",
        re.compile(r"(?<![\w./=#-])(?:[2-6]\d{3}|1800)(?:[ -]?\d){9,15}(?![\w-]|\.\d)"),
        Severity.HIGH,
        "A payment card number (its checksum is right)",
        where(checksums.card),
        hint=r"(?:[2-6]\p{Nd}{3}|1800)(?:[ -]?\p{Nd}){9}",
    ),
    Pattern(
        "card",
        re.compile(
            r"\b(?:card|visa|maestro|amex|cc|credit|debit)\b[^\n\d]{0,25}(\d{4}(?:[ -]?\d){8,15})(?![\w-]|\.\d)",
            re.IGNORECASE,
        ),
        Severity.HIGH,
        "A payment card number (its checksum is right)",
        where(_maestro, 1),
        ("card", "visa", "maestro", "amex", "cc", "credit", "debit"),
        hint=r"(?i:card|visa|maestro|amex|cc|credit|debit)[^\n\p{Nd}]*\p{Nd}{4}(?:[ -]?\p{Nd}){8}",
    ),
    Pattern(
        "account",
        re.compile(r"\b(?:routing|ABA|transit)(?: (?:number|no\.?|#))?(?: is|:)?[ ]{1,2}(\d{9})(?!\w)", re.IGNORECASE),
        Severity.HIGH,
        "A bank routing number",
        where(checksums.aba, 1),
        ("routing", "aba", "transit"),
        hint=r" \p{Nd}{9}",
    ),
    Pattern(
        "account",
        re.compile(
            r"\b(?:account|acct|a/c)\.? ?(?:number|no\.?|num|#|nr\.?)(?: is|:)?[ ]{0,2}#?"
            r"(\d(?:[ -]?\d){5,16})(?![\w-])",
            re.IGNORECASE,
        ),
        Severity.HIGH,
        "An account number",
        where(group=1),
        ("account", "acct", "a/c"),
        0.8,
        hint=r"\b(?i:account|acct|a/c)\.? ?[Nn#]",
    ),
)
