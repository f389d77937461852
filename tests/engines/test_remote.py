"""Engines behind an address: the protocol, the price, and failures in plain words."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest
from tests.engines.protocol_server import Protocol, Refusal, fail, refuse, serve

from foretune.engines import Completion, ContextOverflowError, Engine, Finish, Request, open_engine
from foretune.errors import EngineError
from foretune.types import Message

SECRET = "sk-never-shown-0815"
ASK = [Message("system", "Be brief."), Message("user", "Thirteen days of leave a year")]
SCHEMA = {
    "type": "object",
    "properties": {"days": {"type": "integer"}},
    "required": ["days"],
    "additionalProperties": False,
}
KINDS = pytest.mark.parametrize("kind", ["openai", "anthropic"])


@pytest.fixture
def server() -> Iterator[Protocol]:
    with serve() as protocol:
        yield protocol


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", SECRET)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def at(server: Protocol, kind: str) -> Engine:
    url = f"{server.url}/v1" if kind == "openai" else server.url
    return open_engine(kind, model="some-model", url=url, api_key_variable="OUR_KEY", price_in=2.0, price_out=10.0)


@KINDS
def test_a_completion_comes_back_counted_and_priced(server: Protocol, kind: str) -> None:
    with at(server, kind) as engine:
        completion = engine.complete(ASK, max_tokens=50, stop=["END"])
    words_in = 2 + 6 if kind == "openai" else 6
    assert completion.text == ASK[1].content
    assert (completion.tokens_in, completion.tokens_out) == (words_in, 6)
    assert completion.cost == pytest.approx((words_in * 2.0 + 6 * 10.0) / 1e6)
    assert completion.finish is Finish.STOP
    sent = server.requests[0]
    assert sent["model"] == "some-model"
    assert sent["max_tokens"] == 50
    assert sent["stop" if kind == "openai" else "stop_sequences"] == ["END"]
    assert kind == "openai" or sent["system"] == "Be brief."
    assert SECRET in " ".join(server.headers[0].values())


@KINDS
def test_a_stream_is_the_completion_in_pieces(server: Protocol, kind: str) -> None:
    with at(server, kind) as engine:
        whole = engine.complete(ASK, max_tokens=4)
        *pieces, last = engine.stream(ASK, max_tokens=4)
    assert isinstance(last, Completion)
    assert len(pieces) == 4
    assert "".join(str(piece) for piece in pieces) == last.text == whole.text
    assert (last.tokens_in, last.tokens_out, last.cost) == (whole.tokens_in, whole.tokens_out, whole.cost)
    assert last.finish is whole.finish is Finish.LENGTH


@KINDS
def test_a_schema_is_sent_and_the_answer_checked(server: Protocol, kind: str) -> None:
    with at(server, kind) as engine:
        assert engine.complete(ASK, max_tokens=50, schema=SCHEMA).json() == {"days": 13}
        server.reply = '{"days": "thirteen"}'
        assert engine.complete(ASK, max_tokens=50, schema=SCHEMA).finish is Finish.INVALID
    assert SCHEMA in (
        server.requests[0].get("response_format", {}).get("json_schema", {}).get("schema"),
        server.requests[0].get("output_config", {}).get("format", {}).get("schema"),
    )


@pytest.mark.parametrize("stream", [False, True])
def test_a_server_without_schemas_is_asked_in_words(server: Protocol, stream: bool) -> None:
    server.quirks.append(refuse("response_format"))
    server.reply = '```json\n{"days": 13}\n```'
    request = Request(tuple(ASK), 50, schema=SCHEMA)
    with at(server, "openai") as engine:
        for _ in range(2):
            *_, completion = engine.run_stream(request) if stream else [engine.run(request)]
            assert isinstance(completion, Completion)
            assert completion.text == '{"days": 13}'
            assert completion.finish is Finish.STOP
    assert len(server.requests) == 3  # the refusal is remembered
    assert '"required": ["days"]' in server.requests[-1]["messages"][-1]["content"]


def test_a_server_that_renamed_or_dropped_fields_is_asked_its_way(server: Protocol) -> None:
    renamed = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server.quirks += [refuse("max_tokens", message=renamed), refuse("temperature"), refuse("seed", status=422)]
    with at(server, "openai") as engine:
        assert engine.complete(ASK, max_tokens=3).text == "Thirteen days of"
        assert engine.complete(ASK, max_tokens=3).text == "Thirteen days of"
    assert len(server.requests) == 5
    assert not {"max_tokens", "temperature", "seed"} & set(server.requests[-1])


def test_a_refusal_without_another_way_stands(server: Protocol) -> None:
    server.quirks.append(refuse("messages"))
    with (
        at(server, "openai") as engine,
        pytest.raises(EngineError, match=r"refused: .* \(400, unsupported_parameter\)"),
    ):
        engine.complete(ASK, max_tokens=3)


@KINDS
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(server: Protocol, kind: str, status: int) -> None:
    server.quirks.append(fail(2, status))
    with at(server, kind) as engine:
        assert engine.complete(ASK, max_tokens=9).text == ASK[1].content
    assert len(server.requests) == 3


@KINDS
@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "OUR_KEY"), (403, "OUR_KEY"), (404, "engine.model"), (400, "does not accept"), (413, "too long")],
)
def test_a_refusal_is_one_sentence_without_prompt_or_key(
    server: Protocol, kind: str, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"error": {"message": f"I refuse {SECRET} and {ASK[1].content}", "code": ASK[1].content}}
    server.quirks.append(lambda _: Refusal(status, echo))
    with at(server, kind) as engine, pytest.raises(EngineError, match=str(status)) as caught:
        engine.complete(ASK, max_tokens=9)
    assert words in str(caught.value)
    for text in (str(caught.value), caplog.text):
        assert SECRET not in text
        assert ASK[1].content not in text


@KINDS
def test_too_long_a_prompt_is_told_from_other_refusals(server: Protocol, kind: str) -> None:
    error = {"message": "too long", "code": "context_length_exceeded"}
    server.quirks.append(lambda _: Refusal(400, {"error": error}))
    with at(server, kind) as engine, pytest.raises(ContextOverflowError, match="shorten it"):
        engine.complete(ASK, max_tokens=9)


@KINDS
def test_an_address_where_nothing_listens_is_one_sentence(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foretune.engines.remote.RETRIES", 0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening: nobody else gets it, and nobody answers
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        engine = open_engine(kind, model="some-model", url=url, api_key_variable="OUR_KEY")
        with pytest.raises(EngineError, match=r"cannot be reached: start it, or check engine\.url"):
            engine.complete(ASK, max_tokens=9)
        with pytest.raises(EngineError, match="cannot be reached"):
            list(engine.stream(ASK, max_tokens=9))


@KINDS
def test_a_redirect_is_not_followed(server: Protocol, kind: str) -> None:
    with serve() as elsewhere:
        server.quirks.append(lambda _: Refusal(307, {}, {"Location": f"{elsewhere.url}/v1/chat/completions"}))
        with at(server, kind) as engine, pytest.raises(EngineError):
            engine.complete(ASK, max_tokens=9)
        assert elsewhere.requests == []


@KINDS
@pytest.mark.parametrize("page", ["<!doctype html><title>Welcome</title>", '{"status": "up"}'])
def test_a_web_page_instead_of_an_answer_is_one_sentence(server: Protocol, kind: str, page: str) -> None:
    server.page = page
    with at(server, kind) as engine:
        with pytest.raises(EngineError, match=r"no completion \(a web page, say\): engine.url"):
            engine.complete(ASK, max_tokens=9)
        with pytest.raises(EngineError, match=r"no completion \(a web page, say\): engine.url"):
            list(engine.stream(ASK, max_tokens=9))


@KINDS
def test_a_filter_that_steps_in_is_a_refusal(server: Protocol, kind: str) -> None:
    server.stop_reason = "content_filter" if kind == "openai" else "refusal"
    with at(server, kind) as engine:
        assert engine.complete(ASK, max_tokens=9).finish is Finish.REFUSED


@KINDS
def test_many_requests_are_answered_each_once(server: Protocol, kind: str) -> None:
    requests = [Request((Message("user", f"Number {n}"),), 9) for n in range(20)]
    with at(server, kind) as engine:
        answers = dict(engine.complete_many(requests))
    assert {n: answer.text for n, answer in answers.items()} == {n: f"Number {n}" for n in range(20)}
    assert len(server.requests) == 20


def test_probabilities_are_passed_on(server: Protocol) -> None:
    with at(server, "openai") as engine:
        *_, streamed = engine.stream(ASK, max_tokens=2, logprobs=2)
        completion = engine.complete(ASK, max_tokens=2, logprobs=2)
    assert isinstance(streamed, Completion)
    assert [token.logprob for token in completion.logprobs] == [-0.5, -0.5]
    assert len(completion.logprobs[0].top) == 2
    assert streamed.logprobs == completion.logprobs


def test_where_the_server_counts_no_tokens_they_are_estimated(server: Protocol) -> None:
    server.counts_tokens = False
    with at(server, "openai") as engine:
        completion = engine.complete(ASK, max_tokens=9)
        assert completion.tokens_in == sum(engine.count_tokens(message.content) for message in ASK) > 8


@KINDS
def test_what_an_engine_cannot_do_is_refused_before_anything_is_sent(server: Protocol, kind: str) -> None:
    with at(server, kind) as engine:
        with pytest.raises(EngineError, match="cannot follow a grammar"):
            engine.complete(ASK, max_tokens=9, grammar='root ::= "x"')
        if kind == "anthropic":
            with pytest.raises(EngineError, match="cannot report probabilities"):
                list(engine.stream(ASK, max_tokens=9, logprobs=1))
    assert server.requests == []


def test_a_key_that_is_not_set_is_named() -> None:
    with pytest.raises(EngineError, match="environment variable OPENAI_API_KEY"):
        open_engine("openai", model="some-model")
    with pytest.raises(EngineError, match="environment variable NO_SUCH_KEY"):
        open_engine("anthropic", model="some-model", api_key_variable="NO_SUCH_KEY")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "nonsense"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(EngineError, match="not an address"):
        open_engine("openai", model="some-model", url=url)


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("http://localhost:11434/v1", False),
        ("http://127.0.0.1:8000/v1", False),
        ("http://[::1]:8000/v1", False),
        ("http://localhost.example.org/v1", True),
        ("http://10.0.0.7:8000/v1", True),
        ("https://api.example.com/v1", True),
    ],
)
def test_only_a_loopback_address_is_this_machine(url: str, remote: bool) -> None:
    assert open_engine("openai", model="some-model", url=url).info().remote is remote
