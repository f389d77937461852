"""The official client talks to a real server over a real model."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam
from tests.serving.served import KEY, Served

from foretune.serving import Asked, Reply
from foretune.serving.api import MAX_BODY_BYTES
from foretune.types import Message

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello to Zoë in one word."}]


def post(served: Served, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """A request as no client would send it; an iterator goes out in chunks of unknown total length."""
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=60)
    data = body if isinstance(body, bytes) or hasattr(body, "__next__") else json.dumps(body)
    connection.request("POST", "/v1/chat/completions", data, {"Authorization": f"Bearer {KEY}", **headers})
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_a_reply_has_text_usage_and_finish_reason(served: Served) -> None:
    reply = served.client().chat.completions.create(model="first", messages=HELLO, max_tokens=12)
    assert reply.object == "chat.completion"
    assert reply.model == "first"
    choice = reply.choices[0]
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert reply.usage is not None
    assert 0 < reply.usage.completion_tokens <= 12
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.model_extra == {"citations": [], "outcome": "answered"}


def test_a_stream_says_the_same_and_ends_with_its_usage(served: Served) -> None:
    client = served.client()
    whole = client.chat.completions.create(model="first", messages=HELLO, max_tokens=12)
    chunks = list(
        client.chat.completions.create(
            model="first", messages=HELLO, max_tokens=12, stream=True, stream_options={"include_usage": True}
        )
    )
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert {(chunk.id, chunk.model) for chunk in chunks} == {(chunks[0].id, "first")}
    *pieces, usage = chunks
    assert pieces[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in pieces) == whole.choices[0].message.content
    assert [c.choices[0].finish_reason for c in pieces] == [None] * (len(pieces) - 1) + [whole.choices[0].finish_reason]
    assert all(chunk.usage is None for chunk in pieces)
    assert usage.choices == []
    assert usage.usage == whole.usage


def test_a_stream_has_usage_only_where_it_is_wanted(served: Served) -> None:
    stream = served.client().chat.completions.create(model="first", messages=HELLO, max_tokens=3, stream=True)
    assert all(chunk.choices and chunk.usage is None for chunk in stream)


def test_a_cut_answer_says_so(served: Served) -> None:
    count: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Count from one to one hundred."}]
    reply = served.client().chat.completions.create(model="first", messages=count, max_completion_tokens=5)
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 5


def test_parts_and_string_are_the_same_question(served: Served) -> None:
    client = served.client()
    parts: list[ChatCompletionMessageParam] = [
        {"role": "user", "content": [{"type": "text", "text": "Say hello to "}, {"type": "text", "text": "Zoë."}]}
    ]
    string: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello to Zoë."}]
    answers = [
        client.chat.completions.create(model="first", messages=messages, max_tokens=8).choices[0].message.content
        for messages in (parts, string)
    ]
    assert answers[0] == answers[1]


def test_a_developer_message_is_a_system_message(served: Served) -> None:
    client = served.client()
    system: list[ChatCompletionMessageParam] = [{"role": "system", "content": "Answer in French."}, *HELLO]
    developer: list[ChatCompletionMessageParam] = [{"role": "developer", "content": "Answer in French."}, *HELLO]
    replies = [
        client.chat.completions.create(model="first", messages=messages, max_tokens=8)
        for messages in (system, developer, HELLO)
    ]
    usages = [reply.usage for reply in replies]
    assert usages[0] == usages[1] != usages[2]
    assert replies[0].choices[0].message.content == replies[1].choices[0].message.content


def test_what_the_client_says_reaches_the_model_letter_by_letter(served: Served) -> None:
    """The engine counts the tokens it read: any character lost on the way would change the count."""
    for text in ("日本語 — Ünïcödé \u2028 🎉 \x00 <|im_end|>", "e\u0301 vs é"):
        reply = served.client().chat.completions.create(
            model="first", messages=[{"role": "user", "content": text}], max_tokens=1
        )
        with served.switchboard.runtime() as runtime:
            *_, direct = runtime.stream(Asked((Message("user", text),), max_tokens=1))
        assert isinstance(direct, Reply)
        assert reply.usage is not None
        assert reply.usage.prompt_tokens == direct.tokens_in


def test_the_seed_decides_what_is_drawn(served: Served) -> None:
    def draw(seed: int) -> str | None:
        reply = served.client().chat.completions.create(
            model="first", messages=HELLO, max_tokens=8, temperature=2.0, seed=seed
        )
        return reply.choices[0].message.content

    assert draw(-7) == draw(-7)
    assert len({draw(seed) for seed in range(2)}) > 1


def test_a_stop_string_ends_the_answer(served: Served) -> None:
    client = served.client()
    free = client.chat.completions.create(model="first", messages=HELLO, max_tokens=12).choices[0].message.content
    assert free
    stop = free.strip()[1:3]
    cut = client.chat.completions.create(model="first", messages=HELLO, max_tokens=12, stop=stop).choices[0]
    assert cut.message.content == free[: free.index(stop)]
    assert cut.finish_reason == "stop"


def test_any_model_name_is_answered_by_the_current_release(served: Served) -> None:
    client = served.client()
    assert [model.id for model in client.models.list()] == ["first"]
    assert client.chat.completions.create(model="gpt-x", messages=HELLO, max_tokens=1).model == "first"


def test_nulls_are_defaults_and_unknown_parameters_are_ignored(served: Served) -> None:
    body = {
        "model": "m",
        "messages": HELLO,
        "max_tokens": 1,
        "temperature": None,
        "stop": None,
        "user": "u",
        "top_p": 1,
    }
    status, reply = post(served, body)
    assert status == 200
    assert reply["usage"]["completion_tokens"] == 1


@pytest.mark.parametrize("key", ["", "wrong", f"{KEY}x", "Zoë"])
def test_a_wrong_key_is_an_authentication_error(served: Served, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}".encode().decode("latin-1")}
    status, body = post(served, b"not even JSON", **headers)
    assert status == 401
    assert body["error"]["type"] == "authentication_error"
    if key.isascii() and key:
        with pytest.raises(openai.AuthenticationError, match="API key is missing or wrong"):
            served.client(key).chat.completions.create(model="first", messages=HELLO)
        with pytest.raises(openai.AuthenticationError):
            served.client(key).models.list()


@pytest.mark.parametrize(
    ("change", "param", "sentence"),
    [
        ({"messages": []}, "messages", "List should have at least 1 item"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "messages", "has to be the user's, and not empty"),
        (
            {"messages": [*HELLO, {"role": "assistant", "content": "Hi"}]},
            "messages",
            "has to be the user's, and not empty",
        ),
        ({"messages": [{"role": "user", "content": None}]}, "messages.0.content", "has to be a string or a list"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}]},
            "messages.0.content",
            "parts of the type text",
        ),
        ({"messages": [{"role": "oracle", "content": "x"}]}, "messages.0.role", "Input should be 'system'"),
        ({"messages": "hello"}, "messages", "valid array"),
        ({"temperature": 3}, "temperature", "less than or equal to 2"),
        ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
        ({"n": 2}, "n", "an answer is one text"),
        ({"tools": [{"type": "function"}]}, "tools", "an answer is one text"),
        ({"response_format": {"type": "json_object"}}, "response_format", "an answer is one text"),
        ({"model": None}, "model", "Field required"),
    ],
)
def test_a_bad_body_is_a_bad_request_that_names_the_parameter(
    served: Served, change: dict[str, Any], param: str | None, sentence: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        served.client().post("/chat/completions", body={"model": "m", "messages": HELLO, **change}, cast_to=object)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.param == param
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff\xfe", b'{"model": "m", "messages": ' + b"[" * 100_000, b'"\\ud800"', b"NaN"]
)
def test_a_body_that_is_no_object_is_a_bad_request(served: Served, body: bytes) -> None:
    status, answer = post(served, body)
    assert status == 400
    assert answer["error"]["type"] == "invalid_request_error"


def test_half_a_surrogate_pair_is_a_bad_request(served: Served) -> None:
    status, _ = post(served, b'{"model": "m", "messages": [{"role": "user", "content": "\\ud83d"}]}')
    assert status == 400


def test_a_prompt_that_does_not_fit_is_a_bad_request(served: Served) -> None:
    long: list[ChatCompletionMessageParam] = [{"role": "user", "content": "word " * 3000}]
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError, match="tokens long") as caught:
            served.client().chat.completions.create(model="first", messages=long, stream=stream)
        assert "word word" not in caught.value.message


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_refused(served: Served, announced: bool) -> None:
    chunk, count = b" " * 65_536, MAX_BODY_BYTES // 65_536 + 2
    status, answer = post(served, chunk * count if announced else iter([chunk] * count))
    assert status == 413
    assert "1,000,000 bytes" in answer["error"]["message"]


def test_the_largest_body_is_read(served: Served) -> None:
    body = json.dumps({"model": "m", "messages": HELLO, "max_tokens": 1}).encode()
    status, _ = post(served, iter([body, b" " * (MAX_BODY_BYTES - len(body))]))
    assert status == 200


def test_other_addresses_say_where_the_right_ones_are(served: Served) -> None:
    with pytest.raises(openai.NotFoundError, match="POST /v1/chat/completions answers"):
        served.client().embeddings.create(model="first", input="x")
    with pytest.raises(openai.APIStatusError, match="does not take this method"):
        served.client().get("/chat/completions", cast_to=object)


def test_health_needs_no_key(served: Served) -> None:
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc)
    connection.request("GET", "/health")
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (200, {"status": "ok"})
    assert "server" not in {name.lower() for name, _ in response.getheaders()}


def test_a_crowd_is_answered_and_does_not_shut_others_out(served: Served) -> None:
    """More requests than places, streams and others mixed: none waits for a thread that waits for it."""
    hi: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]
    count = 48

    async def ask(client: AsyncOpenAI, number: int) -> str | None:
        if number % 2:
            reply = await client.chat.completions.create(model="m", messages=hi, max_tokens=2)
            return reply.choices[0].message.content
        stream = await client.chat.completions.create(model="m", messages=hi, max_tokens=2, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async def ask_all() -> list[str | None]:
        async with AsyncOpenAI(base_url=f"{served.url}/v1", api_key=KEY, max_retries=0, timeout=500) as client:
            asking = [asyncio.create_task(ask(client, number)) for number in range(count)]
            while served.desk.under_way < count:
                await asyncio.sleep(0)
            models = await client.models.list()
            assert [model.id for model in models.data] == ["first"]
            assert served.desk.under_way > 32
            return list(await asyncio.gather(*asking))

    answers = asyncio.run(ask_all())
    assert len(answers) == count
    assert len(set(answers)) == 1
    assert served.desk.under_way == 0


def test_a_client_that_goes_away_frees_the_engine(served: Served) -> None:
    """Its answer would have a thousand tokens; the next request does not wait for them."""
    tell: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Write a very long story about the sea."}]
    stream = served.client().chat.completions.create(model="m", messages=tell, max_tokens=900, stream=True)
    for _, _chunk in zip(range(3), stream, strict=False):
        pass
    stream.close()
    served.client().chat.completions.create(model="m", messages=HELLO, max_tokens=1)
    assert served.desk.under_way == 0


def test_nothing_was_said_to_the_operator(served: Served) -> None:
    """Not one of the tests above was a failure of the server."""
    assert served.said == []
