"""Who gets asked where somebody has to decide: the plan's people, by their role."""

from __future__ import annotations

from typing import Literal

from foretune.plan.config import Config

__all__ = ["whom_to_ask"]


def whom_to_ask(config: Config, role: Literal["owner", "reviewers", "signs_off"]) -> str:
    """A sentence to follow another, with a space before it; empty where the plan names nobody.

    >>> from foretune.plan import settle
    >>> whom_to_ask(settle({"people.owner": "Head of HR"}), "owner")
    ' The plan says whom to ask: Head of HR.'
    """
    who = getattr(config.people, role)
    return f" The plan says whom to ask: {who}." if who else ""
