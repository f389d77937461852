"""Starting the server over a project."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

from foretune.errors import InputError
from foretune.project.live import bring_to_life
from foretune.releases import Promotion, promotion
from foretune.serving import Desk, Follower, Journal, Switchboard
from foretune.vault.principals import by_key

if TYPE_CHECKING:
    from foretune.project.project import Project

__all__ = ["KEY_VARIABLE", "api_key", "follower", "promoted", "serve_project"]

KEY_VARIABLE = "FORETUNE_API_KEY"


def api_key(project: Project) -> str:
    """The key clients must send: from ``FORETUNE_API_KEY``, else one made once and kept in the vault.

    Raises:
        VaultError: there is none yet, and the principal may not make one.
    """
    if key := os.environ.get(KEY_VARIABLE, "").strip():
        return key
    if key := project.vault.setting("serving.api_key"):
        return str(key)
    key = f"ft-{secrets.token_urlsafe(24)}"
    with project.vault.writing() as connection:
        project.vault.set_setting(connection, "serving.api_key", key)
        project.vault.record(connection, "serving.key", "api")
    return key


def promoted(project: Project) -> Promotion:
    """The promotion that counts now.

    Raises:
        InputError: nothing was promoted yet.
    """
    found = promotion(project.vault)
    if found is None:
        raise InputError(
            "No release is promoted yet: run `foretune release create --promote`, "
            "or `foretune release promote NAME` with one that `foretune release list` shows."
        )
    return found


def follower(project: Project, switchboard: Switchboard, seen: Promotion, say: Callable[[str], None]) -> Follower:
    """What keeps ``switchboard`` at the release that is promoted."""
    return Follower(
        switchboard,
        seen,
        promoted=lambda: promotion(project.vault),
        build=partial(bring_to_life, project),
        say=say,
    )


def serve_project(
    project: Project, *, host: str, port: int, say: Callable[[str], None], warn: Callable[[str], None]
) -> None:
    """Serve until the process is asked to stop; requests under way are finished first.

    Args:
        say: shows address and key.
        warn: shows a sentence about what happens meanwhile.

    Raises:
        InputError: no release is promoted, what it pins is missing or changed, or the port is taken.
        KeyboardInterrupt: the process was told twice to stop, and did not finish what was under way.
    """
    from foretune.serving.api import build_app
    from foretune.serving.server import HttpServer, address, is_loopback, listen

    seen = promoted(project)
    key = api_key(project)
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        if not is_loopback(listener):
            warn(
                f"Other machines can reach {host}, and the API key and all answers travel unencrypted: "
                "put a proxy with TLS in front, or serve at 127.0.0.1."
            )
        journal = stack.enter_context(closing(Journal(project.vault, warn)))
        switchboard = stack.enter_context(closing(Switchboard(bring_to_life(project, seen.release_id))))
        stack.enter_context(closing(follower(project, switchboard, seen, warn))).start()
        desk = Desk(switchboard, journal.record)

        def stopping() -> None:
            if desk.under_way:
                warn("Finishing the requests under way; press Ctrl-C again to stop at once.")

        application = build_app(
            desk, api_key=key, say=warn, principal=partial(by_key, project.vault), refused=journal.refuse
        )
        server = HttpServer(application, stopping=stopping)
        shown = f"as in {KEY_VARIABLE}" if os.environ.get(KEY_VARIABLE, "").strip() else key
        say(f"Release {desk.release} answers at {address(listener)}/v1\nAPI key: {shown}\nPress Ctrl-C to stop.")
        server.run(sockets=[listener])
        if server.force_exit:
            raise KeyboardInterrupt
