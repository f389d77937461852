"""A real server over a real project, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from openai import OpenAI

from foretune.errors import ModelError
from foretune.models import locate
from foretune.plan.config import Config, EngineSettings
from foretune.project import Project
from foretune.project.live import bring_to_life
from foretune.project.serving import follower, promoted
from foretune.serving import Desk, Follower, Journal, Switchboard
from foretune.serving.api import build_app
from foretune.serving.server import HttpServer, address, listen
from foretune.vault.principals import by_key

KEY = "a key for tests"


@dataclass
class Served:
    """What a test may look at and pull."""

    url: str
    switchboard: Switchboard
    follower: Follower
    desk: Desk
    said: list[str] = field(default_factory=list)

    def client(self, key: str = KEY, *, retries: int = 0) -> OpenAI:
        """The official client, told nothing but where and with which key."""
        return OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=retries, timeout=300)


def base_project(folder: Path, *, context: int = 1024) -> Project:
    """A project without documents, whose small model answers by itself."""
    return Project.create(folder, Config(engine=EngineSettings(context=context)))


def small_model_is_here() -> bool:
    try:
        locate("smollm2-135m")
    except ModelError:
        return False
    return True


@contextmanager
def serving(project: Project) -> Iterator[Served]:
    """Serve what is promoted; the follower looks only when the test says so."""
    said: list[str] = []
    with ExitStack() as stack:
        seen = promoted(project)
        journal = stack.enter_context(closing(Journal(project.vault, said.append)))
        board = stack.enter_context(closing(Switchboard(bring_to_life(project, seen.release_id))))
        follow = stack.enter_context(closing(follower(project, board, seen, said.append)))
        desk = Desk(board, journal.record)
        listener = stack.enter_context(listen("127.0.0.1", 0))
        url = address(listener)
        app = build_app(
            desk, api_key=KEY, say=said.append, principal=partial(by_key, project.vault), refused=journal.refuse
        )
        server = HttpServer(app, stopping=lambda: None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Served(url, board, follow, desk, said)
        finally:
            server.should_exit = True
            thread.join()
