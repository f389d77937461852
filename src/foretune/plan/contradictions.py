"""Settings that cannot both hold: what the plan promises, against where its documents are sent."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from foretune.errors import ConfigError
from foretune.plan.config import Config
from foretune.plan.topics import plan_topics
from foretune.types import Label

__all__ = ["contradictions", "require_consistent"]

_VENDORS = {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
_INTERNAL = (".local", ".localhost", ".internal", ".lan", ".intranet", ".home.arpa")
"""Names that are no one's on the internet (RFC 6762, 6761, 8375; ICANN reserved .internal in 2024)."""


@dataclass(frozen=True, slots=True)
class _Service:
    """What documents are sent to."""

    name: str
    host: str
    """Empty where it is on one's own machines."""
    approved_for: Sequence[Label]
    approval: str
    """The key that says so."""
    instead: str
    """What keeps documents at home."""


def contradictions(config: Config) -> tuple[str, ...]:
    """One sentence for each two settings that exclude each other; none for a plan that holds together."""
    topics, found = plan_topics(config), []
    sensitive = {Label.CONFIDENTIAL, Label.RESTRICTED}
    for service in _services(config):
        if not service.host:
            continue
        if said := topics.get("offline"):
            found.append(
                f"The plan says “{said}”, and its {service.name} is at {service.host}: set {service.instead}, "
                "or change platform.where."
            )
        if (said := topics.get("health")) and not sensitive & set(service.approved_for):
            found.append(
                f"The plan is about “{said}”, and its {service.name} at {service.host} is approved for "
                f"{' and '.join(service.approved_for) or 'no'} documents only: use a model on this machine, or, "
                f"once `foretune vendor score` satisfies you, add confidential to {service.approval}."
            )
    return tuple(found)


def require_consistent(config: Config) -> None:
    """Refuse a plan that contradicts itself.

    Raises:
        ConfigError: the first contradiction, in a sentence.
    """
    if found := contradictions(config):
        raise ConfigError(found[0])


def _services(config: Config) -> tuple[_Service, ...]:
    engine, retrieval = config.engine, config.retrieval
    answers = "" if engine.kind == "llama" else _outside(engine.url, _VENDORS[engine.kind])
    embeds = _outside(retrieval.embedder_url, "") if retrieval.embedder.startswith("openai:") else ""
    return (
        _Service(
            "engine",
            answers,
            engine.approved_for,
            "engine.approved_for",
            "engine.kind to llama, engine.url to a server of your own",
        ),
        _Service(
            "embedder",
            embeds,
            retrieval.embedder_approved_for,
            "retrieval.embedder_approved_for",
            "retrieval.embedder to a model on this machine, retrieval.embedder_url to a server of your own",
        ),
    )


def _outside(url: str, otherwise: str) -> str:
    """The host of an address that is not on one's own machines; empty for one that is."""
    host = urlsplit(url).hostname or "" if url else otherwise
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "" if "." not in host or host.endswith(_INTERNAL) else host
    return "" if address.is_private or address.is_loopback else host
