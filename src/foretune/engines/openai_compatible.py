"""Any server that speaks OpenAI's chat-completions protocol: OpenAI, vLLM, Ollama, LM Studio, llama.cpp, …

Servers differ in what they understand. What one of them refuses is asked for in
another way, and remembered (see ``_CONCESSIONS``).
Protocol: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from foretune.engines.registry import EngineOptions, engine
from foretune.engines.remote import RemoteEngine, client_options
from foretune.engines.schema import check_schema, in_words, without_fence
from foretune.engines.types import Capability, Completion, Finish, Request, TokenLogprob

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["OpenAIEngine"]

_FINISH = {"length": Finish.LENGTH, "content_filter": Finish.REFUSED}


@dataclass(frozen=True, slots=True)
class _Concession:
    """A way to ask that more servers understand."""

    refused: re.Pattern[str]
    """What the server's refusal names."""
    applies: Callable[[Mapping[str, Any]], bool]
    change: Callable[[dict[str, Any]], None]


def _rename_limit(body: dict[str, Any]) -> None:
    body["max_completion_tokens"] = body.pop("max_tokens")


def _schema_in_words(body: dict[str, Any]) -> None:
    schema = body.pop("response_format")["json_schema"]["schema"]
    *before, last = body["messages"]
    body["messages"] = [*before, {**last, "content": f"{last['content']}\n\n{in_words(schema)}"}]


def _without(name: str) -> _Concession:
    def drop(body: dict[str, Any]) -> None:
        del body[name]

    return _Concession(re.compile(rf"\b{name}\b"), lambda body: name in body, drop)


_CONCESSIONS = (
    _Concession(re.compile("max_completion_tokens"), lambda body: "max_tokens" in body, _rename_limit),
    _Concession(
        re.compile("response_format|json_schema|structured|grammar|schema"),
        lambda body: "response_format" in body,
        _schema_in_words,
    ),
    _without("temperature"),
    _without("seed"),
    _without("stream_options"),
)


@engine("openai")
class OpenAIEngine(RemoteEngine):
    """A model at an OpenAI-compatible address."""

    def __init__(self, options: EngineOptions) -> None:
        super().__init__(
            "openai",
            options,
            frozenset({Capability.SCHEMA, Capability.LOGPROBS}),
            vendor_url="https://api.openai.com/v1",
            vendor_variable="OPENAI_API_KEY",
        )
        self._conceded: list[_Concession] = []

    @cached_property
    def _client(self) -> OpenAI:
        import openai

        return openai.OpenAI(**client_options(openai, self))

    def run(self, request: Request) -> Completion:
        started = time.perf_counter()
        answer, in_words = self._ask(request, stream=False)
        # The SDK hands on any page as text, and JSON of another kind as an answer without choices.
        self._require_completion(bool(getattr(answer, "choices", None)))
        choice = answer.choices[0]
        text = choice.message.content or ""
        usage = answer.usage and (answer.usage.prompt_tokens, answer.usage.completion_tokens)
        refused = bool(getattr(choice.message, "refusal", None))
        return self._completion(
            request,
            without_fence(text) if in_words else text,
            usage,
            Finish.REFUSED if refused else _FINISH.get(choice.finish_reason, Finish.STOP),
            time.perf_counter() - started,
            logprobs=_logprobs(choice.logprobs),
        )

    def run_stream(self, request: Request) -> Iterator[str | Completion]:
        import openai

        started = time.perf_counter()
        chunks, in_words = self._ask(request, stream=True)
        text, usage, finish, begun = "", None, Finish.STOP, False
        logprobs: list[TokenLogprob] = []
        with self._plain_failures(openai), chunks:
            for chunk in chunks:
                begun = True
                if chunk.usage:
                    usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                for choice in chunk.choices:
                    finish = _FINISH.get(choice.finish_reason or "", finish)
                    logprobs += _logprobs(choice.logprobs)
                    if piece := choice.delta.content:
                        text += piece
                        if not in_words:
                            yield piece
        self._require_completion(begun)
        if in_words:
            text = without_fence(text)
            yield text
        yield self._completion(request, text, usage, finish, time.perf_counter() - started, logprobs=tuple(logprobs))

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            del self._client

    def _ask(self, request: Request, *, stream: bool) -> tuple[Any, bool]:
        """The server's answer, and whether the schema had to be asked for in words."""
        import openai

        self._require(request)
        while True:
            body = self._body(request, stream=stream)
            for concession in tuple(self._conceded):
                if concession.applies(body):
                    concession.change(body)
            with self._plain_failures(openai):
                try:
                    answer = self._client.chat.completions.create(**body)
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    self._concede(error, body)
                else:
                    return answer, request.schema is not None and "response_format" not in body

    def _concede(self, error: Any, body: Mapping[str, Any]) -> None:
        """Ask in another way from now on; where there is none, the refusal stands."""
        named = f"{error.param or ''} {error.message}"
        for concession in _CONCESSIONS:
            if concession.applies(body) and concession.refused.search(named):
                self._conceded.append(concession)
                return
        raise error

    def _body(self, request: Request, *, stream: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._options.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        if request.stop:
            body["stop"] = list(request.stop)
        if request.logprobs:
            body |= {"logprobs": True, "top_logprobs": request.logprobs}
        if request.schema is not None:
            check_schema(request.schema)
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": request.schema, "strict": _is_strict(request.schema)},
            }
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body


def _is_strict(schema: Mapping[str, Any]) -> bool:
    """Strict mode takes only objects whose properties are all required and no others allowed.

    Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    return schema.get("additionalProperties") is False and set(schema.get("required", ())) == set(
        schema.get("properties", {})
    )


def _logprobs(logprobs: Any) -> Sequence[TokenLogprob]:
    if logprobs is None or not logprobs.content:
        return ()
    return tuple(
        TokenLogprob(entry.token, entry.logprob, tuple((top.token, top.logprob) for top in entry.top_logprobs))
        for entry in logprobs.content
    )
