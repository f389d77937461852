"""Settings that cannot both hold: what the plan promises, against where its engine is."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from foretune.errors import ConfigError
from foretune.plan.config import Config
from foretune.plan.topics import plan_topics
from foretune.types import Label

__all__ = ["contradictions", "require_consistent"]

_VENDORS = {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
_INTERNAL = (".local", ".localhost", ".internal", ".lan", ".intranet", ".home.arpa")
"""Names that are no one's on the internet (RFC 6762, 6761, 8375; ICANN reserved .internal in 2024)."""


def contradictions(config: Config) -> tuple[str, ...]:
    """One sentence for each two settings that exclude each other; none for a plan that holds together."""
    host = _outside(config)
    if not host:
        return ()
    topics, found = plan_topics(config), []
    if said := topics.get("offline"):
        found.append(
            f"The plan says “{said}”, and its engine is at {host}: set engine.kind to llama, engine.url to a server of "
            "your own, or change platform.where."
        )
    sensitive = {Label.CONFIDENTIAL, Label.RESTRICTED}
    if (said := topics.get("health")) and not sensitive & set(config.engine.approved_for):
        found.append(
            f"The plan is about “{said}”, and its engine at {host} is approved for "
            f"{' and '.join(config.engine.approved_for) or 'no'} documents only: use a model on this machine, or, "
            "once `foretune vendor score` satisfies you, add confidential to engine.approved_for."
        )
    return tuple(found)


def require_consistent(config: Config) -> None:
    """Refuse a plan that contradicts itself.

    Raises:
        ConfigError: the first contradiction, in a sentence.
    """
    if found := contradictions(config):
        raise ConfigError(found[0])


def _outside(config: Config) -> str:
    """The host of an engine that is not on one's own machines; empty for one that is."""
    engine = config.engine
    if engine.kind == "llama":
        return ""
    host = urlsplit(engine.url).hostname or "" if engine.url else _VENDORS[engine.kind]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "" if "." not in host or host.endswith(_INTERNAL) else host
    return "" if address.is_private or address.is_loopback else host
