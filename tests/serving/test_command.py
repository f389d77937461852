"""``foretune serve`` as people run it: a process of its own, stopped by signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam
from tests.serving.served import base_project, small_model_is_here

from foretune.project import Project
from foretune.releases import promote, rollback
from foretune.types import Arm

COMMAND = Path(sys.executable).with_name("foretune")
SECRET = "My passport number is Zebra-4711."
TELL: list[ChatCompletionMessageParam] = [{"role": "user", "content": f"{SECRET} Tell me a long story about the sea."}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with the promoted release ``first``."""
    if not small_model_is_here():
        pytest.skip("the model smollm2-135m is not on this machine")
    with base_project(tmp_path / "project") as project:
        promote(project.vault, project.create_release(name="first", arm=Arm.BASE).id)
    return tmp_path / "project"


def foretune(*arguments: str, folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextmanager
def running(folder: Path, *arguments: str, key: str = "the key") -> Iterator[tuple[subprocess.Popen[str], OpenAI]]:
    """A server that says where it is, and a client for it."""
    with foretune("serve", "--port", "0", *arguments, folder=folder, FORETUNE_API_KEY=key) as process:
        try:
            assert process.stdout is not None
            said = "".join(process.stdout.readline() for _ in range(3))
            found = re.search(r"answers at (http\S+)", said)
            assert found, said
            assert key not in said
            yield process, OpenAI(base_url=found[1], api_key=key, max_retries=0, timeout=120)
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_after_the_requests_under_way(folder: Path, number: signal.Signals) -> None:
    with running(folder) as (process, client):
        stream = client.chat.completions.create(model="m", messages=TELL, max_tokens=60, stream=True)
        chunks = [next(iter(stream))]
        process.send_signal(number)
        chunks += list(stream)
        assert chunks[-1].choices[0].finish_reason in ("stop", "length")
        client.close()
        said, complained = process.communicate(timeout=60)
        assert process.returncode == 0
        assert complained == "foretune: Finishing the requests under way; press Ctrl-C again to stop at once.\n"
        assert said == ""


def test_a_second_ctrl_c_ends_it_at_once(folder: Path) -> None:
    with running(folder) as (process, client):
        stream = client.chat.completions.create(model="m", messages=TELL, max_tokens=900, stream=True)
        next(iter(stream))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("foretune: Finishing the requests under way")
        process.send_signal(signal.SIGINT)
        _, complained = process.communicate(timeout=60)
        assert process.returncode == 130
        assert len(complained.splitlines()) == 1
        assert "Traceback" not in complained


def test_nothing_that_was_asked_or_answered_is_said_by_the_server(folder: Path) -> None:
    with running(folder, key="top-secret") as (process, client):
        answer = client.chat.completions.create(model="m", messages=TELL, max_tokens=20).choices[0].message.content
        with pytest.raises(Exception, match="tokens long"):
            client.chat.completions.create(model="m", messages=[*TELL, *TELL * 200])
        with pytest.raises(Exception, match="an answer is one text"):
            client.chat.completions.create(model="m", messages=TELL, n=3)
        client.close()
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=60)
        assert (process.returncode, said, complained) == (0, "", "")
        assert answer


def test_a_running_server_follows_the_command_line(folder: Path) -> None:
    with running(folder) as (process, client):
        with Project.open(folder) as project:
            project.config = project.config.model_copy(
                update={"engine": project.config.engine.model_copy(update={"context": 600})}
            )
            project.create_release(name="second", arm=Arm.BASE)
        with foretune("release", "promote", "second", folder=folder) as promoting:
            assert promoting.wait() == 0
        assert process.stderr is not None
        assert process.stderr.readline() == "foretune: Release second answers from now on, instead of first.\n"
        assert client.chat.completions.create(model="first", messages=TELL, max_tokens=1).model == "second"
        with foretune("release", "rollback", folder=folder) as rolling:
            assert rolling.wait() == 0
        assert process.stderr.readline() == "foretune: Release first answers from now on, instead of second.\n"
        assert client.models.list().data[0].id == "first"


def test_a_second_server_on_the_same_port_says_so(folder: Path) -> None:
    with running(folder) as (_, client):
        port = str(client.base_url.port)
        with foretune("serve", "--port", port, folder=folder) as other:
            said, complained = other.communicate(timeout=60)
        assert (other.returncode, said) == (2, "")
        assert complained == (
            f"foretune: Port {port} of 127.0.0.1 cannot be used (Address already in use): "
            "choose another with --port or --host.\n"
        )


def test_without_a_promoted_release_there_is_nothing_to_serve(tmp_path: Path) -> None:
    base_project(tmp_path / "project").close()
    with foretune("serve", folder=tmp_path / "project") as process:
        _, complained = process.communicate(timeout=60)
    assert process.returncode == 2
    assert complained.startswith("foretune: No release is promoted yet: run `foretune release create --promote`")
    assert len(complained.splitlines()) == 1


def test_an_address_that_others_reach_is_warned_about(folder: Path) -> None:
    with running(folder, "--host", "0.0.0.0") as (process, client):
        assert client.models.list().data[0].id == "first"
        client.close()
        process.send_signal(signal.SIGTERM)
        _, complained = process.communicate(timeout=60)
        assert complained.startswith("foretune: Other machines can reach 0.0.0.0")
        assert len(complained.splitlines()) == 1


def test_a_key_is_made_once_and_shown_where_none_is_set(folder: Path) -> None:
    keys = set()
    for _ in range(2):
        with foretune("serve", "--port", "0", folder=folder, FORETUNE_API_KEY="") as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        keys.add(lines[1])
    assert len(keys) == 1
    assert re.fullmatch(r"API key: ft-\S{32}\n", keys.pop())


def test_the_list_names_the_current_release(folder: Path) -> None:
    with Project.open(folder) as project:
        assert project.vault.principal.role == "owner"
        with pytest.raises(Exception, match="no earlier release"):
            rollback(project.vault)
    with foretune("release", "list", "--json", folder=folder) as process:
        said, _ = process.communicate(timeout=60)
    row = json.loads(said)
    assert (row["name"], row["current"], row["arm"], row["engine"]["model"]) == ("first", True, "base", "smollm2-135m")
