"""What governance hands on: the documents that were let through, repaired and redacted."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import closing

from sqlalchemy import select

from foretune.governance.edits import edited, masked, masked_values
from foretune.governance.rulings import Ruling, rulings
from foretune.governance.types import GovernedState, Standing
from foretune.plan.config import GovernanceSettings
from foretune.types import CONVERSATION, GovernedDocument, Use
from foretune.vault import Vault
from foretune.vault.tables import document

__all__ = ["governed", "governed_in_turn", "governed_state", "standing"]

_DOCUMENTS_AT_ONCE = 1000
_CHARACTERS_AT_ONCE = 4_000_000


def governed(
    vault: Vault, settings: GovernanceSettings, *, use: Use | None = None, only: Collection[str] | None = None
) -> Generator[GovernedDocument, None, None]:
    """The included documents in order of path and id; with ``use``, those included for it; ``only`` among these ids.

    Streams: one text is in memory at a time. The vault is read as it was when iteration began.
    """
    with vault.reading() as connection:
        for each in rulings(vault, connection, settings, only=only):
            if _passes(each, use):
                query = select(document.c.text).where(document.c.id == each.document.id)
                yield _governed(each, connection.execute(query).scalar_one())


def governed_in_turn(
    vault: Vault, settings: GovernanceSettings, *, use: Use | None = None
) -> Iterator[GovernedDocument]:
    """What :func:`governed` gives, for who writes to the vault meanwhile.

    While one moment of the vault is being read, its write-ahead log cannot be folded in, and grows by all that is
    written. So some documents at a time are read here, a few million characters, and nothing between them.
    """
    ids = [state.id for state in governed_state(vault, settings, use=use)]
    start = 0
    while start < len(ids):
        wanted = ids[start : start + _DOCUMENTS_AT_ONCE]
        some: list[GovernedDocument] = []
        characters = 0
        with closing(governed(vault, settings, use=use, only=wanted)) as documents:
            for each in documents:
                some.append(each)
                characters += len(each.text)
                if characters >= _CHARACTERS_AT_ONCE:
                    wanted = wanted[: wanted.index(each.id) + 1]
                    break
        yield from some
        start += len(wanted)


def governed_state(vault: Vault, settings: GovernanceSettings, *, use: Use | None = None) -> list[GovernedState]:
    """Id, path, hash, use, label and cluster of what :func:`governed` gives, without reading any text."""
    with vault.reading() as connection:
        return [
            GovernedState(
                each.document.id,
                each.document.path,
                each.hash,
                each.standing.use or Use.BOTH,
                each.document.label,
                each.cluster,
            )
            for each in rulings(vault, connection, settings)
            if _passes(each, use)
        ]


def standing(vault: Vault, settings: GovernanceSettings) -> list[Standing]:
    """Included, redacted, excluded or waiting: every document the reader may see, by whom and why, in order of path."""
    with vault.reading() as connection:
        return [each.standing for each in rulings(vault, connection, settings)]


def _passes(each: Ruling, use: Use | None) -> bool:
    if not each.standing.state.goes_on or each.standing.use is None:
        return False
    if use is Use.RETRIEVAL and each.document.media_type == CONVERSATION:
        return False
    return use is None or each.standing.use.covers(use)


def _governed(each: Ruling, text: str) -> GovernedDocument:
    known, masks = each.document, each.masks

    def clean(value: str) -> str:
        return masked(value, masks) if masks else value

    return GovernedDocument(
        id=known.id,
        path=known.path,
        text=edited(text, each.edits, masks=masks, repairs=each.repairs),
        use=each.standing.use or Use.BOTH,
        hash=each.hash,
        title=clean(known.title),
        author=clean(known.author),
        event=clean(known.event),
        date=known.date,
        modified=known.modified,
        language=known.language,
        tags=tuple(map(clean, known.tags)),
        keywords=tuple(map(clean, known.keywords)),
        label=known.label,
        media_type=known.media_type,
        properties=_clean_properties(known.properties, masks),
        cluster=each.cluster,
    )


def _clean_properties(properties: Mapping[str, object], masks: Mapping[str, str]) -> Mapping[str, object]:
    cleaned: Mapping[str, object] = masked_values(properties, masks) if masks else properties
    return cleaned
