"""The vault's key in parts: any few of several people together can bring it back, fewer learn nothing.

Shamir's secret sharing as SLIP-39 writes it down
(https://github.com/satoshilabs/slips/blob/master/slip-0039.md), through ``shamir-mnemonic``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from foretune.errors import InputError

__all__ = ["join_shares", "split_secret"]

_MOST = 16
"""Shares of one secret in SLIP-39."""


def split_secret(secret: bytes, *, shares: int, needed: int) -> list[str]:
    """``shares`` lines of 33 words, any ``needed`` of which give the 32 bytes back.

    Raises:
        InputError: the numbers do not fit, or the library is not installed.
    """
    if not 2 <= needed <= shares <= _MOST:
        raise InputError(f"Of 2 to {_MOST} shares at least 2 must be needed: {needed} of {shares} will not do.")
    return _library().generate_mnemonics(1, [(needed, shares)], secret)[0]  # type: ignore[no-any-return]


def join_shares(shares: Sequence[str]) -> bytes:
    """The secret.

    Raises:
        InputError: too few shares, a word that is wrong, or shares of different secrets.
    """
    library = _library()
    try:
        return library.combine_mnemonics(shares)  # type: ignore[no-any-return]
    except library.MnemonicError as error:
        raise InputError(f"These shares do not give a key: {str(error).rstrip('.')}.") from None


def _library() -> Any:
    try:
        import shamir_mnemonic
    except ImportError:
        raise InputError("Shares need one more package: run `pip install 'foretune[recovery]'`.") from None
    return shamir_mnemonic
