"""Serving: an OpenAI-compatible address over the current release, exchanged while it runs.

A :class:`Runtime` is a release that can be asked. The :class:`Switchboard` hands
the current one to each request, the :class:`Follower` exchanges it when another
is promoted, the :class:`Desk` has each answer made in a thread of its own, and
the :class:`Journal` leaves an audit event for it.
"""

from __future__ import annotations

from foretune.serving.desk import Begun, Desk
from foretune.serving.follower import Follower
from foretune.serving.journal import Journal
from foretune.serving.runtime import Asked, Reply, Runtime, Switchboard

__all__ = ["Asked", "Begun", "Desk", "Follower", "Journal", "Reply", "Runtime", "Switchboard"]
