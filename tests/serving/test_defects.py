"""Should the server itself be at fault, client and operator are told, and neither reads what was said."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

from foretune.errors import EngineError
from foretune.serving import Asked, Desk, Reply, Switchboard
from foretune.serving.api import build_app
from foretune.serving.server import HttpServer, address, is_loopback, listen

SECRET = "Zebra-4711"
ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": SECRET}]


class Broken:
    """A release with a defect, which no real one has on demand: it fails after some pieces."""

    release_id = "broken"
    name = "broken"

    def __init__(self, pieces: int, error: Exception) -> None:
        self._pieces, self._error = pieces, error

    def stream(self, asked: Asked) -> Generator[str | Reply, None, None]:
        yield from [asked.messages[0].content] * self._pieces
        raise self._error

    def close(self) -> None:
        pass


@contextmanager
def serving(runtime: Broken, said: list[str], host: str = "127.0.0.1") -> Iterator[tuple[OpenAI, list[str]]]:
    recorded: list[str] = []
    desk = Desk(Switchboard(runtime), lambda _release, outcome, _who, _passages: recorded.append(outcome))
    with listen(host, 0) as listener:
        assert is_loopback(listener)
        url = f"{address(listener)}/v1"
        server = HttpServer(build_app(desk, api_key="k", say=said.append), stopping=lambda: None)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield OpenAI(base_url=url, api_key="k", max_retries=0, timeout=60), recorded
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pieces", [0, 2])
def test_a_defect_is_told_to_both_without_its_message(
    stream: bool, pieces: int, capfd: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    with serving(Broken(pieces, KeyError(SECRET)), said) as (client, recorded):
        with pytest.raises(openai.APIError, match="The server failed at this request") as caught:
            list(client.chat.completions.create(model="m", messages=ASK, stream=stream))
        assert SECRET not in str(caught.value)
        if not (stream and pieces):
            assert isinstance(caught.value, openai.InternalServerError)
    assert len(said) == 1
    assert said[0].startswith("A request failed: KeyError in test_defects.py, line ")
    assert SECRET not in said[0]
    assert recorded == ["cut_short"] * bool(pieces)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pieces", [0, 2])
def test_an_engine_that_fails_is_told_to_the_client_in_its_own_words(pieces: int) -> None:
    said: list[str] = []
    with serving(Broken(pieces, EngineError("The engine is down: start it.")), said) as (client, _):
        for stream in (False, True):
            with pytest.raises(openai.APIError, match="The engine is down: start it"):
                list(client.chat.completions.create(model="m", messages=ASK, stream=stream))
    assert said == []


def test_the_other_loopback_address_will_do() -> None:
    said: list[str] = []
    try:
        listen("::1", 0).close()
    except Exception:
        pytest.skip("this machine has no IPv6")
    with serving(Broken(0, EngineError("down")), said, "::1") as (client, _):
        assert client.base_url.host == "::1"
        assert [model.id for model in client.models.list()] == ["broken"]
