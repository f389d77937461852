"""The clients against a server somebody else wrote, with a real model behind it: llama.cpp's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from foretune.engines import Completion, ContextOverflowError, Finish, open_engine
from foretune.models import ModelFiles
from foretune.types import Message

ASK = [Message("system", "Be brief."), Message("user", "Name a colour.")]
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "maxLength": 12}},
    "required": ["colour"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def address(smollm2_files: ModelFiles) -> Iterator[str]:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(smollm2_files.weights)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = ["our-key"]
    params.n_ctx = 512
    params.n_parallel = 1
    params.verbosity = -1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 2
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_text_and_stream_agree(address: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "our-key")
    url = f"{address}/v1" if kind == "openai" else address
    with open_engine(kind, model="smollm2", url=url, api_key_variable="OUR_KEY") as engine:
        whole = engine.complete(ASK, max_tokens=6)
        *pieces, last = engine.stream(ASK, max_tokens=6)
    assert isinstance(last, Completion)
    for completion in (whole, last):
        assert 1 <= completion.tokens_out <= 6
        assert completion.finish is Finish.STOP or completion.tokens_out == 6
    assert whole.tokens_in == last.tokens_in > 10
    assert "".join(str(piece) for piece in pieces) == last.text


def test_a_schema_holds_and_probabilities_come(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "our-key")
    with open_engine("openai", model="smollm2", url=f"{address}/v1", api_key_variable="OUR_KEY") as engine:
        completion = engine.complete(ASK, max_tokens=60, schema=SCHEMA, logprobs=2)
    assert list(completion.json()) == ["colour"]
    assert completion.finish is Finish.STOP
    assert len(completion.logprobs[0].top) == 2


def test_too_long_a_prompt_is_recognised(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", "our-key")
    with (
        open_engine("openai", model="smollm2", url=f"{address}/v1", api_key_variable="OUR_KEY") as engine,
        pytest.raises(ContextOverflowError),
    ):
        engine.complete([Message("user", "leave " * 700)], max_tokens=6)
