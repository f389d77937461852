"""Another release is promoted while the server answers: nothing is dropped."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from tests.engines.adapter_file import write_adapter
from tests.serving.served import Served, base_project, serving, small_model_is_here

from foretune.models import locate
from foretune.project import Project
from foretune.project.live import LiveRelease
from foretune.releases import Specification, create, find, promote, rollback
from foretune.types import Arm
from foretune.vault import now
from foretune.vault.tables import adapter, event

MESSAGE = "Tell me something about tea."


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Two releases, ``first`` (promoted) and ``second``, which differ in the length of their context."""
    if not small_model_is_here():
        pytest.skip("the model smollm2-135m is not on this machine")
    with base_project(tmp_path / "project") as opened:
        first = opened.create_release(name="first", arm=Arm.BASE)
        specification = first.specification
        other = Specification(Arm.BASE, {**specification.engine, "context": 512}, "", "", {}, "")
        create(opened.vault, other, name="second")
        promote(opened.vault, "first")
        yield opened


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the releases whose engines were closed, in order."""
    names: list[str] = []
    close = LiveRelease.close

    def closing(live: LiveRelease) -> None:
        names.append(live.name)
        close(live)

    monkeypatch.setattr(LiveRelease, "close", closing)
    return names


def ask(served: Served, *, stream: bool, tokens: int = 4) -> tuple[str, str, str | None]:
    """Who answered, what, and how it ended; a retry by the client would hide a dropped request, so there is none."""
    client = served.client()
    if not stream:
        reply = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": MESSAGE}], max_tokens=tokens
        )
        return reply.model, reply.choices[0].message.content or "", reply.choices[0].finish_reason
    chunks = list(
        client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": MESSAGE}], max_tokens=tokens, stream=True
        )
    )
    return (
        chunks[0].model,
        "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
        chunks[-1].choices[0].finish_reason,
    )


def test_no_request_is_dropped_when_a_release_is_promoted_and_rolled_back(project: Project, closed: list[str]) -> None:
    with serving(project) as served, ThreadPoolExecutor(24) as crowd:

        def begin(count: int) -> list[Future[tuple[str, str, str | None]]]:
            before = served.desk.under_way
            # Long enough that none ends before the last has begun, however busy the machine is.
            asked = [crowd.submit(ask, served, stream=bool(number % 2), tokens=16) for number in range(count)]
            began = time.monotonic()
            while served.desk.under_way < before + count:
                assert time.monotonic() < began + 60, "some were answered before the others were taken in"
            return asked

        asked = begin(20)
        promote(project.vault, "second")
        served.follower.refresh()
        assert served.desk.under_way > 0, "the exchange did not wait for the requests"
        assert served.client().models.list().data[0].id == "second"
        answers = [future.result() for future in asked]
        assert ask(served, stream=True)[0] == "second"

        asked = begin(20)
        rollback(project.vault)
        served.follower.refresh()
        answers += [future.result() for future in asked]
        assert ask(served, stream=False)[0] == "first"

        assert len(answers) == 40
        assert [name for name, _, _ in answers] == ["first"] * 20 + ["second"] * 20
        assert len(set(answers)) == 2, "the same question gets the same answer from the same release"
        assert closed == ["first", "second"]
        assert served.said == [
            "Release second answers from now on, instead of first.",
            "Release first answers from now on, instead of second.",
        ]


def test_the_old_release_is_closed_by_its_last_user(project: Project, closed: list[str]) -> None:
    with serving(project) as served:
        stream = served.client().chat.completions.create(
            model="m", messages=[{"role": "user", "content": MESSAGE}], max_tokens=40, stream=True
        )
        first = next(iter(stream))
        promote(project.vault, "second")
        with served.switchboard.runtime() as held:
            served.follower.refresh()
            assert ask(served, stream=False)[0] == "second"
            rest = list(stream)
            assert (first.model, rest[-1].model) == ("first", "first")
            assert rest[-1].choices[0].finish_reason in ("stop", "length")
            assert (held.name, closed) == ("first", [])
        assert closed == ["first"]


def tuned_release(project: Project) -> Path:
    """A release ``tuned`` with an adapter of random weights; returns its file."""
    path = project.vault.folder / "adapters" / "a" / "adapter.gguf"
    path.parent.mkdir(parents=True)
    write_adapter(path, seed=1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    row = {
        "id": "a",
        "name": "pilot",
        "kind": "pilot",
        "path": "adapters/a/adapter.gguf",
        "hash": digest,
        "base_hash": locate("smollm2-135m").hash,
        "label": "internal",
        "settings": {},
        "metrics": {},
        "at": now(),
    }
    with project.vault.writing() as connection:
        connection.execute(insert(adapter).values(row))
    release = project.create_release(name="tuned", arm=Arm.TUNED)
    assert release.specification.adapter_hash == digest
    return path


def test_a_release_that_cannot_answer_leaves_the_old_one_and_says_so_once(project: Project, tmp_path: Path) -> None:
    path, aside = tuned_release(project), tmp_path / "aside.gguf"
    with serving(project) as served:
        base = ask(served, stream=False)[1]
        promote(project.vault, "tuned")
        shutil.move(path, aside)
        for _ in range(3):
            served.follower.refresh()
        assert len(served.said) == 1
        assert "first goes on answering: The adapter a of this release is no longer there" in served.said[0]
        assert "Traceback" not in served.said[0]
        assert ask(served, stream=True)[0] == "first"

        shutil.move(aside, path)
        served.follower.refresh()
        assert ask(served, stream=False)[0] == "first", "it is tried again when something is promoted, not before"
        promote(project.vault, "tuned")
        served.follower.refresh()
        name, text, _ = ask(served, stream=False)
        assert name == "tuned"
        assert text != base


def test_a_damaged_adapter_is_found_before_it_answers(project: Project) -> None:
    path = tuned_release(project)
    with serving(project) as served:
        promote(project.vault, "tuned")
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")
        served.follower.refresh()
        assert "is not the adapter this release was made with" in served.said[0]
        assert ask(served, stream=False)[0] == "first"


def test_what_is_promoted_and_rolled_back_during_the_loading_is_not_shown(
    project: Project, closed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = LiveRelease.warm_up

    def slow(live: LiveRelease) -> None:
        loading(live)
        if live.name == "second":
            rollback(project.vault)

    monkeypatch.setattr(LiveRelease, "warm_up", slow)
    with serving(project) as served:
        promote(project.vault, "second")
        served.follower.refresh()
        served.follower.refresh()
        assert served.switchboard.current.name == "first"
        assert closed == ["second"]
        assert served.said == []


def test_the_follower_looks_by_itself_and_survives_what_it_cannot_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foretune.serving.follower._SECONDS", 0.01)
    with serving(project) as served:
        changed = threading.Event()
        exchange = served.switchboard.exchange

        def noticed(fresh: LiveRelease) -> None:
            exchange(fresh)
            changed.set()

        monkeypatch.setattr(served.switchboard, "exchange", noticed)
        looked = threading.Event()
        broken = threading.Event()
        broken.set()
        read = served.follower._promoted

        def sometimes() -> object:
            if broken.is_set():
                looked.set()
                raise KeyError("a secret")
            return read()

        monkeypatch.setattr(served.follower, "_promoted", sometimes)
        served.follower.start()
        assert looked.wait(60)
        promote(project.vault, "second")
        broken.clear()
        assert changed.wait(60)
        assert served.switchboard.current.name == "second"
        assert len(served.said) == 2
        assert "KeyError in test_exchange.py" in served.said[0]
        assert "secret" not in served.said[0]


def answers_recorded(project: Project) -> list[tuple[str, str]]:
    with project.vault.reading() as connection:
        rows = connection.execute(select(event.c.subject, event.c.detail).where(event.c.action == "serving.answer"))
        return [(row.subject, row.detail["outcome"]) for row in rows]


def test_each_answer_leaves_an_event_and_none_waits_for_the_vault(project: Project) -> None:
    """A stage that writes holds the vault's write lock; answers are given all the same, and recorded after it."""
    first = find(project.vault, "first").id
    with serving(project) as served, ExitStack() as stage:
        stage.enter_context(project.vault.writing())
        for stream in (False, True):
            assert ask(served, stream=stream)[0] == "first"
        assert answers_recorded(project) == []
    assert answers_recorded(project) == [(first, "answered"), (first, "answered")]
    assert served.said == []


def test_an_answer_that_nobody_waited_for_is_recorded_as_cut_short(project: Project) -> None:
    with serving(project) as served:
        stream = served.client().chat.completions.create(
            model="m", messages=[{"role": "user", "content": MESSAGE}], max_tokens=400, stream=True
        )
        next(iter(stream))
        stream.close()
        with served.switchboard.runtime():
            pass
        ask(served, stream=False, tokens=1)
    assert [outcome for _, outcome in answers_recorded(project)] == ["cut_short", "answered"]
