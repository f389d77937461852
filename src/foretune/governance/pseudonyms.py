"""Names that stand for what is personal: the same person, the same pseudonym, everywhere in the project.

A pseudonym is a keyed digest of what it stands for: ``[PERSON-7f3a9c1e]`` is made from
HMAC-SHA256 with a key that HKDF makes from the vault's key and nobody keeps. Without
that key it can neither be turned back nor be tried out against a list of names. With
it, :func:`reveal` makes the pseudonyms of what the checks found, which the vault keeps
encrypted, and compares. So there is no table of pseudonyms to guard, and what is erased
from the vault cannot be revealed any more.
"""

from __future__ import annotations

import functools
import hmac
import re
import unicodedata

from sqlalchemy import select

from foretune.errors import InputError
from foretune.governance.checks import checks
from foretune.governance.rulings import pseudonym_source
from foretune.governance.store import effective_label
from foretune.vault import Vault
from foretune.vault.tables import document, finding

__all__ = ["VaultPseudonyms", "canonical", "reveal", "vault_pseudonyms"]

_PURPOSE = "foretune/governance/pseudonyms/1"
_DIGITS = 8
"""Hexadecimal digits: among 5,000 people the chance that any two share one is 0.3 % (n² / 2 · 16^8)."""
_PSEUDONYM = re.compile(r"\[([A-Z_]{2,20})-([0-9a-f]{8})\]")
_NUMBERS = frozenset(("phone", "card", "iban", "account", "national_id", "licence"))
_SECRETS = frozenset(("secret",))
_TITLE = re.compile(r"(?:mr|mrs|ms|mx|miss|dr|prof|sir)\b\.?\s*", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’]s?$")


class VaultPseudonyms:
    """The pseudonyms of one vault."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known = functools.lru_cache(100_000)(self._make)

    def __call__(self, kind: str, text: str) -> str:
        """What stands for ``text``, a finding of type ``kind``: ``[EMAIL-09d1c2aa]``.

        Upper and lower case, spaces, an ending ``'s``, a title before a name and the signs between digits make no
        difference. A secret gets no pseudonym but a mask, since nobody needs to tell passwords apart.
        """
        return self._known(kind, canonical(kind, text))

    def _make(self, kind: str, same: str) -> str:
        if kind in _SECRETS:
            return f"[{kind.upper()}]"
        digest = hmac.digest(self._key, f"{kind}\0{same}".encode(), "sha256")
        return f"[{kind.upper()}-{digest.hex()[:_DIGITS]}]"


def canonical(kind: str, text: str) -> str:
    """How ``text`` is written so that the same person, number or address is the same string."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    if kind == "person":
        return _POSSESSIVE.sub("", _TITLE.sub("", plain, count=1)).strip(" .,")
    if kind == "phone":
        bare = "".join(filter(str.isdigit, plain.split("x")[0]))
        # Long numbers are the same with and without the country or trunk prefix before the last nine digits.
        return bare[-9:] if len(bare) > 9 else bare
    if kind in _NUMBERS:
        return "".join(filter(str.isalnum, plain))
    if kind == "address":
        return " ".join(re.findall(r"\w+", plain))
    return plain


@pseudonym_source
def vault_pseudonyms(vault: Vault) -> VaultPseudonyms:
    """Those of an open vault; stable as long as its key stays the same."""
    return VaultPseudonyms(vault.derived_key(_PURPOSE))


def reveal(vault: Vault, pseudonym: str) -> list[str]:
    """What a pseudonym stands for, as written in the documents the reader may see; leaves an event.

    Empty where nothing in the vault has it any more: the document was erased, or has changed since.

    Raises:
        InputError: it is not written like a pseudonym.
        VaultError: the reader may not change the vault, and so leave an event.
    """
    match = _PSEUDONYM.fullmatch(pseudonym.strip())
    if match is None:
        raise InputError(f"{pseudonym!r} is no pseudonym: give one as it stands in the text, like [PERSON-7f3a9c1e].")
    kind = match[1].lower()
    pseudonyms = vault_pseudonyms(vault)
    masking = [check.name for check in checks() if check.masks]
    query = (
        select(finding.c.text)
        .distinct()
        .select_from(finding.join(document, document.c.id == finding.c.document_id))
        .where(finding.c.check.in_(masking), finding.c.type == kind, vault.readable(effective_label()))
        .order_by(finding.c.text)
    )
    with vault.writing() as connection:
        vault.record(connection, "pseudonym.reveal", match[0])
        return [text for text in connection.execute(query).scalars() if pseudonyms(kind, text) == match[0]]
